"""The bytes of the opening handshake: reading the request, writing the 101 or the refusal."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Generator
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.exceptions import SecurityError
from websockets.http11 import Request
from websockets.streams import StreamReader

from pingbox.emulator.services.apigateway.common import limits
from pingbox.emulator.services.apigateway.websocket import error_frames
from pingbox.emulator.services.apigateway.websocket.handshake_request import HandshakeRequest


class BadRequestError(ValueError):
    """The request's head cannot be read; `status` is what to answer."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


def parse_request(head: bytes) -> Request:
    """A complete request head, up to and including the empty line. Raises `BadRequestError`.

    Its length is limited as a whole (QT-40), no single line is.
    """
    if len(head) > limits.HEAD_BYTES:
        raise BadRequestError(
            431, f"the request line and headers take {len(head)} bytes, expected at most {limits.HEAD_BYTES}"
        )
    reader = StreamReader()
    reader.feed_data(head)
    reader.feed_eof()

    def read_line(_: int, too_long: type[Exception]) -> Generator[None, None, bytes | bytearray]:
        return reader.read_line(limits.HEAD_BYTES, too_long)

    parsing = Request.parse(read_line)
    try:
        next(parsing)
    except StopIteration as done:
        request: Request = done.value
        return request
    except UnicodeDecodeError as error:
        raise BadRequestError(400, "the URL has a byte beyond ASCII, expected it percent-encoded") from error
    except SecurityError as error:  # a line that is too long, or too many headers
        raise BadRequestError(431, str(error)) from error
    except (ValueError, EOFError, NotImplementedError) as error:
        raise BadRequestError(400, str(error)) from error
    raise BadRequestError(400, "the request head is not complete")


def described(request: Request, source_ip: str) -> HandshakeRequest:
    """The request as the gateway's decisions read it."""
    path, _, query = request.path.partition("?")
    return HandshakeRequest(path, query, tuple(request.headers.raw_items()), source_ip)


def accepted(accept_key: str, deflate: bool, subprotocol: str | None) -> bytes:
    """The 101 with the headers and the letter case of HS-5 and HS-6."""
    headers = Headers()
    headers["Date"] = email.utils.formatdate(usegmt=True)
    headers["Connection"] = "upgrade"
    headers["upgrade"] = "websocket"
    headers["sec-websocket-accept"] = accept_key
    if deflate:
        headers["sec-websocket-extensions"] = "permessage-deflate;server_max_window_bits=12"
    if subprotocol is not None:
        headers["Sec-WebSocket-Protocol"] = subprotocol
    return b"HTTP/1.1 101 Switching Protocols\r\n" + headers.serialize()


def refused(status: int, message: str, *, connection_id: str = "", request_id: str = "") -> bytes:
    """A refusal with the body of OQ-9; for requests that never became a connection, and have no ids, of OQ-21."""
    if connection_id:
        body = error_frames.error_frame(message, connection_id, request_id).encode()
    else:
        body = json.dumps({"message": message}, separators=(",", ":")).encode()
    headers = Headers()
    headers["Date"] = email.utils.formatdate(usegmt=True)
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    if request_id:
        headers["x-amzn-RequestId"] = request_id
    if status == HTTPStatus.UPGRADE_REQUIRED:
        headers["Upgrade"] = "websocket"
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Refused"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode() + headers.serialize() + body
