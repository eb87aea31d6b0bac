"""A service of moto's behind the port: moto's own handlers, called in this process, one call at a time per service."""

from __future__ import annotations

import asyncio
import importlib
import logging
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

from pingbox.emulator.services.moto.table import SERVICES, MotoRow
from pingbox.emulator.services.port import AwsRequest, AwsResponse
from pingbox.emulator.services.registry import error

ACCOUNT = "000000000000"
_GLOBAL = "aws"  # moto's name for the region of services that have none
_HOP_BY_HOP = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
_BUCKET_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.(?:s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?"
)
_loading = threading.Lock()  # moto's modules import each other: two threads at once would wait for each other

logger = logging.getLogger(__name__)

Handler = Callable[[Any, str, Any], tuple[Any, Any, Any]]


class MotoService:
    """One row of the table. Nothing of moto is imported before the first request."""

    def __init__(self, row: MotoRow, region: str) -> None:
        """`region` is that of requests that name none."""
        self.name = row.name
        self.host_labels = (row.label.rpartition(".")[2],)
        self._row = row
        self._region = region
        self._lock = threading.RLock()
        self._handlers: list[tuple[re.Pattern[str], Handler]] = []

    def matches(self, request: AwsRequest) -> bool:
        """As `Service` has it."""
        if self._row.matches(request):
            return True
        if request.scope is not None:
            return False
        labels = request.host.partition(":")[0].lower().removesuffix(".cn").removesuffix(".amazonaws.com").split(".")
        return request.host.lower().partition(":")[0].endswith((".amazonaws.com", ".cn")) and self._row.label in labels

    async def handle(self, request: AwsRequest) -> AwsResponse:
        """As `Service` has it; in a thread, for moto blocks."""
        return await asyncio.to_thread(self._answer, request)

    def reset(self) -> None:
        """Forget everything of this account; nothing happens while moto was not asked for anything."""
        with self._lock:
            if self._handlers:
                for backend in self._account().values():
                    backend.reset()

    def _answer(self, request: AwsRequest) -> AwsResponse:
        with self._lock:
            self._load()
            return self._dispatched(request)

    def _load(self) -> None:
        if self._handlers:
            return
        with _loading:
            from pingbox.emulator.services.moto import seams

            importlib.import_module(f"moto.{self._row.module}.models")
            account = self._account()
            backend = account[_GLOBAL] if _GLOBAL in account else account[self._region]
            self._handlers = [(re.compile(url), handler) for url, handler in backend.urls.items()]
            seams.install()

    def _account(self) -> Any:
        from moto import backends

        return backends.get_backend(self._row.module)[ACCOUNT]

    def _dispatched(self, request: AwsRequest) -> AwsResponse:
        from moto.core.request import Request
        from werkzeug.exceptions import HTTPException

        region = (request.scope.region if request.scope is not None else "") or self._region
        path = self._path(request)
        target = f"{path}?{request.query}" if request.query else path
        url = f"https://{self._row.label}.{region}.amazonaws.com{target}"
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        headers |= {"Host": f"{self._row.label}.{region}.amazonaws.com", "x-moto-account-id": ACCOUNT}
        asked = Request.from_primitives(request.method, url, headers, request.body)
        asked.get_data()  # kept from here on: an object of S3 may be declared a form, and is none
        asked.environ["RAW_URI"] = target  # keeps %2F in keys of S3
        handler = next((one for pattern, one in self._handlers if pattern.match(url.partition("?")[0])), None)
        if handler is None:
            text = f"{self._row.title} has no {request.method} {request.path} here"
            return error(request, self.name, 501, "NotImplemented", text)
        try:
            status, head, body = handler(asked, asked.raw_url, asked.headers)
        except HTTPException as refused:
            return _response(refused.code, dict(refused.get_headers()), refused.get_body())
        except NotImplementedError as problem:
            return error(
                request, self.name, 501, "NotImplemented", f"{self._row.title}: {problem or 'not emulated here'}"
            )
        return _response(status, head, body)

    def _path(self, request: AwsRequest) -> str:
        """S3's with the bucket in the path, wherever the client put it."""
        named = _BUCKET_HOST.fullmatch(request.host.lower()) if self.name == "s3" else None
        return f"/{named['bucket']}{request.path}" if named else request.path


def _response(status: Any, headers: Any, body: Any) -> AwsResponse:
    kept = {str(name): str(value) for name, value in headers.items() if str(name).lower() not in _HOP_BY_HOP}
    return AwsResponse(int(status), kept, body.encode() if isinstance(body, str) else bytes(body or b""))


def moto_services(region: str) -> Sequence[MotoService]:
    """All of the table, for requests whose signature names no region."""
    return [MotoService(row, region) for row in SERVICES]
