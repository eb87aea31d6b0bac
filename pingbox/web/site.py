"""The page over HTTP, for the laptop: the same files that the deploy uploads, with the headers CloudFront would add."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

from aiohttp import web

from pingbox.web.contents import PageFile, files, source_file, sources

HttpHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; "
    "connect-src {connect}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def site(websocket: str | Callable[[], str], *, local: bool = False) -> HttpHandler:
    """A handler that answers every request for the page; the aiohttp `BaseRequest` needs no application around it.

    `websocket` is where the page finds the chat, as `/config.json` tells it: an address (`ws://localhost:3001/dev`), or
    a path on the very host the page came from (`/dev`), which also holds behind a proxy or a forwarded port. A callable
    is asked at each request, for a server that learns its port late. `local` tells the page that the server is the
    emulator on this machine.

    The page is put together anew when index.html is asked for, so that an edited module shows at the next reload.
    GET and HEAD only (405), unknown paths 404. Files are looked up by name in a fixed list, so no path leads out of it.
    """
    known: dict[str, PageFile] = {}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        address = websocket if isinstance(websocket, str) else websocket()
        if not known or _path(request) == "index.html":
            known.update(_everything())
        response = _answer(request, known, {"wsUrl": address, "local": local})
        response.headers.update(_safety(request.headers.get("Host", ""), address))
        return response

    return answer


def _everything() -> dict[str, PageFile]:
    """What the page loads, and each module and style by itself for whoever wants to read it."""
    single = {path: source_file(path, body) for path, body in sources().items()}
    return single | {file.path: file for file in files()}


def _path(request: web.BaseRequest) -> str:
    return unquote(request.raw_path.partition("?")[0])[1:] or "index.html"


def _answer(request: web.BaseRequest, known: dict[str, PageFile], config: dict[str, str | bool]) -> web.Response:
    if request.method not in ("GET", "HEAD"):
        return web.Response(status=405, headers={"Allow": "GET, HEAD"}, text="405: GET and HEAD only\n")
    path = _path(request)
    if path == "config.json":
        return _config(config)
    file = known.get(path)
    if file is None:
        return web.Response(status=404, headers={"Cache-Control": "no-store"}, text="404: no such page\n")
    return _file(request, file)


def _config(config: dict[str, str | bool]) -> web.Response:
    body = json.dumps(config).encode()
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _file(request: web.BaseRequest, file: PageFile) -> web.Response:
    packed = file.packed if _takes_gzip(request.headers.get("Accept-Encoding", "")) else None
    tag = f'"{file.tag}-gzip"' if packed else f'"{file.tag}"'
    headers = {"Content-Type": file.content_type, "Cache-Control": file.cache, "ETag": tag}
    if file.packed is not None:
        headers["Vary"] = "Accept-Encoding"
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=packed or file.body, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """`gzip;q=0` refuses it."""
    offers = [offer.strip().partition(";") for offer in accepted.lower().split(",")]
    return any(
        name.strip() == "gzip" and quality.replace(" ", "") not in ("q=0", "q=0.0") for name, _, quality in offers
    )


def _safety(host: str, address: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": _POLICY.format(connect=" ".join(("'self'", *_origins(host, address)))),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }


def _origins(host: str, address: str) -> tuple[str, ...]:
    """Where the page may open its socket. A Host that could break out of the header is left out."""
    parts = urlsplit(address)
    if parts.netloc:
        return (f"{parts.scheme}://{parts.netloc}",)
    return (f"ws://{host}", f"wss://{host}") if _HOST.fullmatch(host) else ()
