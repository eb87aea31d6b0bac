"""An HTTP server on the test's own loop that remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Asked:
    """One request: `path` with its query, as on the wire."""

    method: str
    host: str
    path: str
    body: bytes


@dataclass
class RecordingHttp:
    """Answers everything with 200 and an empty JSON object. `netloc` is `host:port`."""

    netloc: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.netloc}"

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(Asked(request.method, request.headers["Host"], request.raw_path, await request.read()))
        return web.Response(body=b"{}", content_type="application/json")


@asynccontextmanager
async def recording_http() -> AsyncIterator[RecordingHttp]:
    """Serve while the block runs."""
    recording = RecordingHttp()
    server = web.Server(recording._answer)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    recording.netloc = f"{host}:{port}"
    yield recording
    listener.close()
    await server.shutdown(0.05)
