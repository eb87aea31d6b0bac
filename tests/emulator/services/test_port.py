"""One further AWS service is one object, registered: boto3 in process, HTTP, and functions in Python and Node reach it.

The services are the tests' own: REST, query and JSON target. Nothing in PingBox names them.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.activity import Activity
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.aws_chunked import ChunkError, decoded
from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.emulator.services.port import AwsRequest, AwsResponse, Scope, scope_of
from pingbox.emulator.services.registry import ServiceRegistry
from pingbox.model.function import FunctionSpec
from support.node_packages import with_packages
from support.small_services import Buckets, Machines, Topics
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import chat_api

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"

ANSWERS = {
    "object": "grüße",
    "missing": "NoSuchKey",
    "message": "m-1",
    "execution": f"{MACHINE}:1",
}


def talk(client: Callable[[str], Any]) -> dict[str, Any]:
    """What every caller does; the functions in Python have this very source."""
    s3 = client("s3")
    s3.put_object(Bucket="pictures", Key="a b/ü.txt", Body="grüße".encode())
    try:
        s3.get_object(Bucket="pictures", Key="nothing")
        missing = ""
    except s3.exceptions.NoSuchKey as error:
        missing = error.response["Error"]["Code"]
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
    return {
        "object": s3.get_object(Bucket="pictures", Key="a b/ü.txt")["Body"].read().decode(),
        "missing": missing,
        "message": client("sns").publish(TopicArn="arn:aws:sns:us-east-1:000000000000:t", Message="hi")["MessageId"],
        "execution": client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"],
    }


IN_NODE = """
const { S3Client, PutObjectCommand, GetObjectCommand } = require("@aws-sdk/client-s3");
const { SNSClient, PublishCommand } = require("@aws-sdk/client-sns");
const { SFNClient, StartExecutionCommand } = require("@aws-sdk/client-sfn");
exports.handler = async () => {
  const s3 = new S3Client({});
  const where = { Bucket: "pictures", Key: "a b/ü.txt" };
  await s3.send(new PutObjectCommand({ ...where, Body: "grüße" }));
  const missing = await s3.send(new GetObjectCommand({ ...where, Key: "nothing" })).catch((error) => error.name);
  const found = await s3.send(new GetObjectCommand(where));
  const topic = "arn:aws:sns:us-east-1:000000000000:t";
  const published = await new SNSClient({}).send(new PublishCommand({ TopicArn: topic, Message: "hi" }));
  const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
  const started = await new SFNClient({}).send(new StartExecutionCommand({ stateMachineArn: machine }));
  return {
    object: await found.Body.transformToString(),
    missing,
    message: published.MessageId,
    execution: started.executionArn,
  };
};
"""


def _silent(activity: Activity) -> None:
    return None


@pytest.fixture
async def server() -> AsyncIterator[GatewayServer]:
    """A gateway with the three services registered, and no other."""
    services = ServiceRegistry([Buckets(), Topics()])
    server = GatewayServer([chat_api()], FakeFunctions(), clock=SystemClock(), services=services)
    await server.start()
    services.register(Machines())
    yield server
    await server.stop()


@pytest.fixture
async def invoke(server: GatewayServer) -> AsyncIterator[Callable[[Path, str], Any]]:
    """Run `app.handler` of a folder in a process of its own, its endpoint the server."""
    made: list[ProcessFunctions] = []

    async def run(folder: Path, runtime: str) -> Any:
        spec = FunctionSpec(name="f", runtime=runtime, handler="app.handler", code=folder, timeout=30.0)
        functions = ProcessFunctions([spec], observe=_silent)
        made.append(functions)
        functions.endpoint = server.url
        outcome = await functions.invoke("f", {})
        assert isinstance(outcome, Returned), outcome
        return outcome.value

    yield run
    for functions in made:
        await functions.close()


def over_http(server: GatewayServer) -> Callable[[str], Any]:
    config = Config(retries={"total_max_attempts": 1})
    return lambda service: boto3.client(service, endpoint_url=server.url, config=config, **KEYS)


def redirect(server: GatewayServer) -> Boto3Redirect:
    """To an address where nobody listens: nothing goes over a socket."""
    return Boto3Redirect("http://127.0.0.1:1", server.services)


async def test_over_http(server: GatewayServer) -> None:
    assert await asyncio.to_thread(talk, over_http(server)) == ANSWERS


async def test_by_a_redirected_client_in_process(server: GatewayServer) -> None:
    assert await asyncio.to_thread(talk, redirect(server).client) == ANSWERS


async def test_by_every_client_in_process(server: GatewayServer) -> None:
    with redirect(server).redirect_all():
        assert await asyncio.to_thread(talk, lambda service: boto3.client(service, **KEYS)) == ANSWERS


async def test_by_a_python_function_in_a_process_of_its_own(invoke: Any, tmp_path: Path) -> None:
    imports = "import boto3\nfrom typing import Any, Callable\n\n"
    handler = "\ndef handler(event, context):\n    return talk(boto3.client)\n"
    (tmp_path / "app.py").write_text(imports + inspect.getsource(talk) + handler, encoding="utf-8")
    assert await invoke(tmp_path, "python3.12") == ANSWERS


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
async def test_by_a_node_function_in_a_process_of_its_own(invoke: Any, tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    packages = {f"@aws-sdk/client-{name}": "3" for name in ("s3", "sns", "sfn")}
    (app / "package.json").write_text(json.dumps({"dependencies": packages}))
    (app / "app.js").write_text(IN_NODE, encoding="utf-8")
    folder = await asyncio.to_thread(with_packages, app, tmp_path / "copy")
    assert await invoke(folder, "nodejs22.x") == ANSWERS


async def test_a_service_that_is_no_longer_registered_is_missing(server: GatewayServer) -> None:
    machines = server.services.find(AwsRequest("POST", "", "/", headers={"X-Amz-Target": "AWSStepFunctions.Any"}))
    assert machines is not None
    server.services.unregister(machines)
    client = over_http(server)("stepfunctions")
    with pytest.raises(ClientError, match="states is not emulated here"):
        await asyncio.to_thread(client.start_execution, stateMachineArn=MACHINE)
    client.close()


def in_process(server: GatewayServer) -> Callable[[str], Any]:
    config = Config(retries={"total_max_attempts": 1})
    return lambda service: redirect(server).client(service, config=config)


@pytest.mark.parametrize("way", [over_http, in_process])
async def test_a_service_that_fails_is_a_500_and_its_reason_only_in_the_log(
    server: GatewayServer, way: Callable[[GatewayServer], Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = way(server)("stepfunctions")
    with pytest.raises(ClientError) as failed:
        await asyncio.to_thread(client.list_state_machines)
    client.close()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "secret" not in str(failed.value)
    assert "the service states failed on POST ListStateMachines" in caplog.text


async def test_to_wait_for_a_service_on_the_loop_that_answers_is_refused(server: GatewayServer) -> None:
    asked = AwsRequest("POST", "", "/", headers={"X-Amz-Target": "AWSStepFunctions.StartExecution"}, body=b"{}")
    service = server.services.find(asked)
    assert service is not None
    with pytest.raises(RuntimeError, match="cannot be waited for on its thread"):
        server.services.call(service, asked)
    with pytest.raises(RuntimeError, match="called before start"):
        ServiceRegistry([service]).call(service, asked)


# --- which service: the scope, then the target, then path and host ---


class Named:
    """A service that takes what its test says."""

    def __init__(self, name: str, matches: Callable[[AwsRequest], bool]) -> None:
        self.name = name
        self._matches = matches

    def matches(self, request: AwsRequest) -> bool:
        return self._matches(request)

    async def handle(self, request: AwsRequest) -> AwsResponse:
        return AwsResponse(200)


TABLES = Named("dynamodb", lambda request: request.target is not None and request.target.prefix == "DynamoDB_20120810")
STREAMS = Named(
    "dynamodb", lambda request: request.target is not None and request.target.prefix == "DynamoDBStreams_20120810"
)
FUNCTIONS = Named("lambda", lambda request: request.path.startswith("/2015-03-31/"))
OBJECTS = Named("s3", lambda request: request.scope is not None or ".s3." in request.host)


@pytest.mark.parametrize(
    ("scope", "target", "host", "path", "found"),
    [
        ("dynamodb", "DynamoDB_20120810.PutItem", "", "/", TABLES),
        ("dynamodb", "DynamoDBStreams_20120810.GetRecords", "", "/", STREAMS),
        ("dynamodb", "Other.GetRecords", "", "/", None),
        (None, "DynamoDBStreams_20120810.GetRecords", "", "/", STREAMS),
        (None, None, "", "/2015-03-31/functions/f/invocations", FUNCTIONS),
        ("s3", None, "", "/2015-03-31/a-key-that-looks-like-lambdas", OBJECTS),
        ("s3", "DynamoDB_20120810.PutItem", "", "/", OBJECTS),
        (None, None, "pictures.s3.us-east-1.amazonaws.com", "/cat.png", OBJECTS),
        (None, None, "localhost:3001", "/", None),
        ("sqs", "DynamoDB_20120810.PutItem", "", "/", None),
    ],
)
def test_a_request_finds_its_service(
    scope: str | None, target: str | None, host: str, path: str, found: Named | None
) -> None:
    registry = ServiceRegistry([TABLES, STREAMS, FUNCTIONS, OBJECTS])
    headers = {} if target is None else {"X-Amz-Target": target}
    signed = None if scope is None else Scope(scope, "us-east-1")
    assert registry.find(AwsRequest("POST", host, path, headers=headers, scope=signed)) is found


@pytest.mark.parametrize(
    ("authorization", "query", "scope"),
    [
        ("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sqs/aws4_request, S=host", "", ("sqs", "eu-west-1")),
        ("AWS4-HMAC-SHA256 Credential=a/b/20260101/eu-west-1/sqs/aws4_request,S=host", "", ("sqs", "eu-west-1")),
        ("AWS4-ECDSA-P256-SHA256 Credential=AKID/20260101/events/aws4_request, Sig", "", ("events", "")),
        ("", "X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=1", ("s3", "eu-west-1")),
        ("", "a=1&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request", ("s3", "eu-west-1")),
        ("AWS AKID:abc=", "", ("s3", "")),
        ("", "AWSAccessKeyId=AKID&Signature=a%3D&Expires=1", ("s3", "")),
        ("", "Expires=1&Signature=a%3D&AWSAccessKeyId=AKID", ("s3", "")),
        ("", "AWSAccessKeyId=AKID&SignatureVersion=2&Signature=a&Action=Publish", None),
        ("Bearer eyJ", "", None),
        ("AWS4-HMAC-SHA256 Credential=nonsense, x", "", None),
        ("", "X-Amz-Credential=nonsense", None),
        ("", "", None),
    ],
)  # fmt: skip
def test_the_scope_of_a_signature(authorization: str, query: str, scope: tuple[str, str] | None) -> None:
    assert scope_of({"Authorization": authorization}, query) == scope


# --- aws-chunked ---


def chunked(body: bytes, **headers: str) -> AwsRequest:
    return AwsRequest("PUT", "", "/b/k", headers={"Content-Encoding": "aws-chunked", **headers}, body=body)


def encoded(chunks: list[bytes], trailer: bytes = b"") -> bytes:
    """The chunks as an SDK sends them, signed."""
    parts = [b"%x;chunk-signature=0\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks if chunk]
    return b"".join(parts) + b"0;chunk-signature=0\r\n" + trailer + b"\r\n"


@given(st.lists(st.binary(max_size=300)))
def test_a_chunked_body_is_what_the_client_meant(chunks: list[bytes]) -> None:
    request = decoded(chunked(encoded(chunks, b"x-amz-checksum-crc32:NG5J7Q==\r\n")))
    assert request.body == b"".join(chunks)
    assert request.headers["X-Amz-Checksum-Crc32"] == "NG5J7Q=="
    assert "Content-Encoding" not in request.headers


def test_other_encodings_stay() -> None:
    request = decoded(chunked(encoded([b"zipped"]), **{"Content-Encoding": "aws-chunked,gzip"}))
    assert (request.body, request.headers["Content-Encoding"]) == (b"zipped", "gzip")
    plain = AwsRequest("PUT", "", "/", headers={"Content-Encoding": "gzip"}, body=b"5\r\n")
    assert decoded(plain) is plain


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda body: encoded([body])[:-12] if body else b"5\r\nab"))
def test_a_broken_chunked_body_is_refused_and_never_guessed(body: bytes) -> None:
    with contextlib.suppress(ChunkError):
        assert len(decoded(chunked(body)).body) <= len(body)


@pytest.mark.parametrize("body", [b"", b"zz\r\nab\r\n", b"5\r\nab\r\n0\r\n\r\n", b"-1\r\n\r\n0\r\n", b"2\r\nab\r\n"])
async def test_a_broken_chunked_body_is_a_400(server: GatewayServer, body: bytes) -> None:
    buckets = Buckets()
    answer = await server.services.handle(buckets, chunked(body))
    assert (answer.status, buckets.objects) == (400, {})
    assert b"<Code>IncompleteBody</Code>" in answer.body
