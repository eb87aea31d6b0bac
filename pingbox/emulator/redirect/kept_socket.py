"""Requests of a worker's boto3 to the emulator, over one socket that is kept open.

botocore spends most of a request's time on what the emulator has no use for: a signature that nobody checks here, and
urllib3, which prepares for servers that are far away. Both are left out when the request goes to the emulator. What an
app can see stays: parameters are validated and serialised, the events from `provide-client-params` to `after-call` are
emitted, errors and retries are botocore's own. An app that hooks into the request itself (`request-created`,
`before-send`: X-Ray, a signer of its own) gets the signed request it expects.

Only the standard library is imported: a worker's start waits for this module.
"""

from __future__ import annotations

import os
import select
import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_READ_BYTES = 64 * 1024
_OWN_HOOKS = ("botocore.", "boto3.")


class UnreadableError(OSError):
    """The answer is no HTTP that the emulator writes."""


class _Kept(threading.local):
    """Each thread's connection, opened when it is first needed; a forked child opens its own."""

    connection: _Connection | None = None

    def opened(self, address: tuple[str, int], timeout: float | None) -> socket.socket:
        """This thread's socket to `address`, with this timeout in seconds."""
        if self.connection is None or not self.connection.is_fit(address):
            self.connection = _Connection(address, timeout)
        self.connection.socket.settimeout(timeout)
        return self.connection.socket

    def close(self) -> None:
        """Forget this thread's connection, which closes it."""
        self.connection = None


class _Connection:
    """Closes its socket when nobody holds it any more: at the end of its thread, for one."""

    def __init__(self, address: tuple[str, int], timeout: float | None) -> None:
        self.socket = socket.create_connection(address, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._address = address
        self._process = os.getpid()

    def is_fit(self, address: tuple[str, int]) -> bool:
        """Whether it leads there, is this process's own, and was not closed by the server."""
        return self._address == address and self._process == os.getpid() and not _is_dropped(self.socket)

    def __del__(self) -> None:
        if hasattr(self, "socket"):
            self.socket.close()


_kept = _Kept()


def close() -> None:
    """Close this thread's connection, if there is one."""
    _kept.close()


def _is_dropped(kept: socket.socket) -> bool:
    """The server has closed an idle connection: there is something to read although nothing was asked."""
    return bool(select.select([kept], [], [], 0)[0])


def exchange(
    address: tuple[str, int], method: str, path: str, headers: dict[str, str], body: bytes, timeout: float | None
) -> tuple[int, dict[str, str], bytes]:
    """Send one request and read its answer: (status, headers with lower-case names, body).

    `timeout` in seconds counts for connecting and for each read. Raises `OSError`; the socket is closed then.
    """
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head.append(f"Content-Length: {len(body)}")
    try:
        kept = _kept.opened(address, timeout)
        kept.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        return _answer(kept)
    except BaseException:  # a half-read answer must not become the answer to the next request
        close()
        raise


def _answer(kept: socket.socket) -> tuple[int, dict[str, str], bytes]:
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(kept)
    status_line, *lines = received[:end].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    status = int(status_line.split(" ", 2)[1])
    length = 0 if status in (204, 304) else int(headers.get("content-length", -1))
    if length < 0:
        raise UnreadableError("the emulator answered without a Content-Length")
    body = received[end + 4 :]
    while len(body) < length:
        body += _some(kept)
    if headers.get("connection", "").lower() == "close":
        close()
    return status, headers, bytes(body)


def _some(kept: socket.socket) -> bytes:
    data = kept.recv(_READ_BYTES)
    if not data:
        raise ConnectionResetError("the emulator closed the connection")
    return data


# -- botocore ----------------------------------------------------------------------------------------------------------


class PreparedRequest:
    """What botocore's `AWSPreparedRequest` is to its endpoint: a request that is ready to be sent."""

    def __init__(self, method: str, url: str, headers: Any, body: bytes) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.stream_output = False

    def reset_stream(self) -> None:
        """Bytes need no rewinding for a retry."""


def sent(request: Any, address: tuple[str, int], timeout: Any) -> Any:
    """Botocore's `AWSResponse` to a request, or None for one that has to go the long way: streams in or out.

    `timeout` is that of botocore's HTTP session: urllib3's `Timeout`, whose `read_timeout` in seconds may be None.
    """
    from botocore.awsrequest import AWSResponse
    from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

    body = request.body
    if isinstance(body, str):
        body = body.encode()
    if getattr(request, "stream_output", False) or not isinstance(body, (bytes, bytearray, type(None))):
        return None
    headers = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in _items(request)}
    path = request.url.split("/", 3)[3] if request.url.count("/") > 2 else ""
    try:
        status, answered, content = exchange(
            address, request.method, f"/{path}", headers, bytes(body or b""), timeout.read_timeout
        )
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
    except ConnectionRefusedError as error:
        raise EndpointConnectionError(endpoint_url=request.url, error=error) from error
    except OSError as error:
        raise ConnectionClosedError(endpoint_url=request.url, request=request, error=error) from error
    response = AWSResponse(request.url, status, answered, None)
    response._content = content
    return response


def _items(request: Any) -> list[tuple[str, Any]]:
    own = [(name, value) for name, value in request.headers.items() if name.lower() not in _OURS]
    host = request.url.split("/", 3)[2]
    return own if any(name.lower() == "host" for name, _ in own) else [("Host", host), *own]


_OURS = frozenset({"content-length", "transfer-encoding", "connection", "expect"})


def skip_signatures(module: ModuleType, is_ours: Callable[[str], bool]) -> Callable[[], None]:
    """Make `botocore.endpoint` leave out what the emulator does not look at, for requests whose URL `is_ours`.

    Returns what undoes it.
    """
    endpoint: Any = module.Endpoint
    original = endpoint.create_request

    def create_request(self: Any, params: dict[str, Any], operation_model: Any = None) -> Any:
        if operation_model is None or not is_ours(params["url"]) or not _is_plain(self, params, operation_model):
            return original(self, params, operation_model)
        body = params["body"]
        headers = dict(params["headers"])
        headers["Authorization"] = _scope_only(params, operation_model)
        return PreparedRequest(
            params["method"], params["url"], headers, body.encode() if isinstance(body, str) else body
        )

    def restore() -> None:
        if endpoint.create_request is create_request:
            endpoint.create_request = original

    endpoint.create_request = create_request
    return restore


def _is_plain(endpoint: Any, params: dict[str, Any], operation: Any) -> bool:
    """Whether the request is bytes to bytes, and nobody but botocore itself wants to see it."""
    if params.get("query_string") or not isinstance(params["body"], (bytes, str)):
        return False
    if operation.has_streaming_output or operation.has_event_stream_output or operation.auth_type == "none":
        return False
    name = f"{operation.service_model.service_id.hyphenize()}.{operation.name}"
    hooks = _hooks(endpoint._event_emitter, f"request-created.{name}", f"before-send.{name}")
    return all((getattr(hook, "__module__", None) or "").startswith(_OWN_HOOKS) for hook in hooks)


def _hooks(emitter: Any, *events: str) -> list[Any]:
    found = []
    emitter = getattr(emitter, "_emitter", emitter)  # the inner one of `EventAliaser`
    for event in events:
        found += emitter._handlers.prefix_search(event)
    return found


def _scope_only(params: dict[str, Any], operation: Any) -> str:
    """A signature by which the service and its region are found; the emulator checks none of these signatures."""
    region = params["context"]["client_config"].region_name
    return (
        f"AWS4-HMAC-SHA256 Credential=PINGBOXLOCALDUMMYKEY/20260101/{region}/{operation.service_model.signing_name}"
        f"/aws4_request, SignedHeaders=host, Signature={'0' * 64}"
    )
