"""The worker's end of the Runtime API (LM-30..33): just enough HTTP for one connection that is kept open.

`http.client` would be the obvious tool; importing it takes longer than the rest of a worker's start together.
An answer and the request for the next event leave in one write, which saves a round trip per invocation.
"""

from __future__ import annotations

import socket

_BASE = "/2018-06-01/runtime"
_NEXT = f"{_BASE}/invocation/next"


class ReceivedEvent:
    """An event as it came: headers with lower-case names, body undecoded."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.headers = headers
        self.body = body

    @property
    def request_id(self) -> str:
        """The invocation's id, needed to answer it."""
        return self.headers["lambda-runtime-aws-request-id"]


class RuntimeApiLost(Exception):  # noqa: N818 -- a fact, not a mistake
    """The emulator has gone, or answered with something no Runtime API says; the worker has no reason to go on."""


class Channel:
    """Calls in this order: `next` once, then `answer` or `fail` per event, each of which returns the next event."""

    def __init__(self, address: str, secret: str = "") -> None:
        self._secret = secret
        host, port = address.rsplit(":", 1)
        self._host = address
        self._socket = socket.socket()  # not create_connection, whose name resolution imports all of IDNA
        self._socket.connect((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def next(self) -> ReceivedEvent:
        """Wait for an event, however long it takes."""
        self._socket.sendall(self._request("GET", _NEXT))
        return self._delivery()

    def answer(self, request_id: str, result: bytes, content_type: str, memory: int) -> ReceivedEvent:
        """Post the result; wait for the next event. `memory` is the process's peak so far, in KB."""
        return self._post(f"{_BASE}/invocation/{request_id}/response", result, content_type, "", memory)

    def fail(self, request_id: str, error: bytes, error_type: str, memory: int) -> ReceivedEvent:
        """Post an error document; wait for the next event."""
        return self._post(f"{_BASE}/invocation/{request_id}/error", error, "application/json", error_type, memory)

    def init_error(self, error: bytes, error_type: str) -> None:
        """Tell that there will be no `next`."""
        head = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": error_type}
        self._socket.sendall(self._request("POST", f"{_BASE}/init/error", head, error))
        self._response()

    def _post(self, path: str, body: bytes, content_type: str, error_type: str, memory: int) -> ReceivedEvent:
        head = {"Content-Type": content_type, "Pingbox-Max-Memory": str(memory)}
        if error_type:
            head["Lambda-Runtime-Function-Error-Type"] = error_type
        self._socket.sendall(self._request("POST", path, head, body) + self._request("GET", _NEXT))
        self._response()  # a refusal (413) has already become the invocation's outcome on the other side
        return self._delivery()

    def _request(self, method: str, path: str, head: dict[str, str] | None = None, body: bytes = b"") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", f"Pingbox-Runtime-Secret: {self._secret}"]
        lines += [f"{name}: {value}" for name, value in (head or {}).items()]
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body

    def _delivery(self) -> ReceivedEvent:
        status, headers, body = self._response()
        if status != 200:
            raise RuntimeApiLost(f"the Runtime API answered {status} to GET {_NEXT}")
        return ReceivedEvent(headers, body)

    def _response(self) -> tuple[int, dict[str, str], bytes]:
        status_line = self._reader.readline()
        if not status_line:
            raise RuntimeApiLost("the Runtime API closed the connection")
        headers = {}
        while (line := self._reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return int(status_line.split()[1]), headers, self._reader.read(int(headers.get("content-length", 0)))
