"""A worker's boto3 over one kept socket: the same answers and errors as botocore's own way, without the signature."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.endpoint
import botocore.handlers
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from pingbox.emulator.redirect import guard

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}"
GONE = b"HTTP/1.1 410 Gone\r\nx-amzn-ErrorType: GoneException\r\nContent-Length: 2\r\n\r\n{}"
BUSY = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 33\r\n\r\n"
    b'{"__type":"InternalServerError"} '
)
HANG_UP = b""


class Server:
    """Answers each request with the next of `answers`, the last one for ever; keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[bytes] = [OK]
        self.requests: list[bytes] = []
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for connection in self._open:
            with contextlib.suppress(OSError):  # it has ended already
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as reader:
            while request := _request(reader):
                self.requests.append(request)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer == HANG_UP:
                    return
                connection.sendall(answer)


def _request(reader: Any) -> bytes:
    head, length = b"", 0
    while (line := reader.readline()) not in (b"\r\n", b""):
        head += line
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + b"\r\n" + reader.read(length) if head else b""


@pytest.fixture(autouse=True)
def no_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever imports moto has its hook in every client from then on, as no function's process has."""
    own = [handler for handler in botocore.handlers.BUILTIN_HANDLERS if "moto" not in type(handler[1]).__module__]
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", own)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # one that was made before has them, too


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    guard.install(server.url, keep_socket=True)
    yield server
    guard.uninstall()
    server.close()


@pytest.fixture
def client(server: Server) -> Callable[..., Any]:
    def client(service: str, **config: Any) -> Any:
        path = "/dev" if service == "apigatewaymanagementapi" else ""
        return boto3.client(
            service,
            endpoint_url=server.url + path,
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(**config),
        )

    return client


def test_requests_share_one_connection_and_carry_no_signature_but_its_scope(server, client):
    """The service and its region are found by the scope, as on AWS."""
    dynamodb = client("dynamodb")
    for _ in range(3):
        dynamodb.get_item(TableName="t", Key={"id": {"S": "x"}})
    assert server.connections == 1
    first = server.requests[0]
    assert first.startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"X-Amz-Target: DynamoDB_20120810.GetItem\r\n" in first
    assert b"/eu-west-1/dynamodb/aws4_request" in first
    assert b"X-Amz-Date" not in first
    body = first.partition(b"\r\n\r\n")[2]
    assert json.loads(body) == {"TableName": "t", "Key": {"id": {"S": "x"}}}


def test_a_post_goes_to_its_escaped_path_with_its_bytes(server, client):
    client("apigatewaymanagementapi").post_to_connection(ConnectionId="Ab c=", Data="grüße".encode())
    (request,) = server.requests
    assert request.startswith(b"POST /dev/@connections/Ab%20c%3D HTTP/1.1\r\n")
    assert request.endswith("grüße".encode())


def test_a_host_that_only_api_gateway_has_is_kept_as_header(server):
    """MG-2: handlers name the API's own domain."""
    api = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url="https://abc123.execute-api.eu-west-1.amazonaws.com/prod",
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    api.post_to_connection(ConnectionId="x", Data=b"hi")
    assert b"Host: abc123.execute-api.eu-west-1.amazonaws.com\r\n" in server.requests[0]


def test_errors_are_botocores_own(server, client):
    server.answers = [GONE]
    api = client("apigatewaymanagementapi")
    with pytest.raises(api.exceptions.GoneException):
        api.post_to_connection(ConnectionId="x", Data=b"hi")


def test_what_botocore_tries_again_is_tried_again(server, client):
    server.answers = [BUSY, OK]
    answer = client("dynamodb", retries={"total_max_attempts": 2}).get_item(TableName="t", Key={"id": {"S": "x"}})
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    server.answers = [BUSY]
    with pytest.raises(ClientError, match="InternalServerError"):
        client("dynamodb", retries={"total_max_attempts": 1}).get_item(TableName="t", Key={"id": {"S": "x"}})


def test_a_connection_that_the_server_closed_while_it_was_idle_is_opened_anew(server, client):
    dynamodb = client("dynamodb", retries={"total_max_attempts": 1})
    dynamodb.list_tables()
    server.hang_up()
    dynamodb.list_tables()
    assert server.connections == 2


def test_each_thread_has_a_connection_of_its_own(server, client):
    dynamodb = client("dynamodb")
    threads = [threading.Thread(target=dynamodb.list_tables) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(server.requests) == 4
    assert server.connections == 4


@pytest.mark.parametrize(
    ("answers", "error"),
    [([HANG_UP], ConnectionClosedError), ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"], ReadTimeoutError)],
    ids=["hangs up", "answers half"],
)
def test_a_server_that_fails_is_told_in_botocores_words_and_its_rest_is_not_the_next_answer(
    server, client, answers, error
):
    server.answers = [*answers, OK]
    dynamodb = client("dynamodb", retries={"total_max_attempts": 1}, read_timeout=0.3)
    with pytest.raises(error):
        dynamodb.list_tables()
    dynamodb.list_tables()
    assert server.connections == 2


def test_nobody_there_is_an_endpoint_connection_error(server, client):
    dynamodb = client("dynamodb", retries={"total_max_attempts": 1})
    server.close()
    with pytest.raises(EndpointConnectionError):
        dynamodb.list_tables()


def test_an_app_that_looks_at_requests_gets_the_signed_one(server, client):
    """X-Ray and others hook in at `before-send`; a signer of the app's own at `request-created`."""
    dynamodb = client("dynamodb")
    seen: list[Any] = []
    dynamodb.meta.events.register("before-send", lambda request, **_: seen.append(request))
    dynamodb.list_tables()
    (request,) = seen
    assert "X-Amz-Date" in request.headers
    assert b"Signature=" + b"0" * 64 not in server.requests[0]
    assert server.connections == 1


def test_everything_is_as_it_was_once_the_guard_is_uninstalled(server):
    replaced = botocore.endpoint.Endpoint.create_request
    guard.uninstall()
    assert botocore.endpoint.Endpoint.create_request is not replaced
    assert botocore.endpoint.Endpoint.create_request.__module__ == "botocore.endpoint"
