"""The page over HTTP, for the laptop: the same files that the deploy uploads, with the headers CloudFront would add."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

from aiohttp import web

from pingbox.web.contents import PageFile, files

HttpHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {connect}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def site(websocket: str | Callable[[], str]) -> HttpHandler:
    """A handler that answers every request for the page; the aiohttp `BaseRequest` needs no application around it.

    `websocket` is where the page finds the chat, as `/config.json` tells it: an address (`ws://localhost:3001/dev`), or
    a path on the very host the page came from (`/dev`), which also holds behind a proxy or a forwarded port. A callable
    is asked at each request, for a server that learns its port late.

    GET and HEAD only (405), unknown paths 404. Files are looked up by name in a fixed list, so no path leads out of it.
    """
    known = {file.path: file for file in files()}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        address = websocket if isinstance(websocket, str) else websocket()
        response = _answer(request, known, address)
        response.headers.update(_safety(request.headers.get("Host", ""), address))
        return response

    return answer


def _answer(request: web.BaseRequest, known: dict[str, PageFile], address: str) -> web.Response:
    if request.method not in ("GET", "HEAD"):
        return web.Response(status=405, headers={"Allow": "GET, HEAD"}, text="405: GET and HEAD only\n")
    path = unquote(request.raw_path.partition("?")[0])[1:] or "index.html"
    if path == "config.json":
        return _config(address)
    file = known.get(path)
    if file is None:
        return web.Response(status=404, headers={"Cache-Control": "no-store"}, text="404: no such page\n")
    return _file(request, file)


def _config(address: str) -> web.Response:
    body = json.dumps({"wsUrl": address}).encode()
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _file(request: web.BaseRequest, file: PageFile) -> web.Response:
    body = file.read()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Content-Type": file.content_type, "Cache-Control": file.cache, "ETag": tag}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


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
