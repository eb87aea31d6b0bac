"""Nothing reaches real AWS; what is meant for the emulator arrives there unchanged."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import URLError

import aiohttp
import boto3
import pytest
from botocore.config import Config

from pingbox.emulator.redirect import guard
from pingbox.emulator.redirect.hosts import is_aws_host, is_execute_api_host, service_of

KEYS = {"aws_access_key_id": "AKIAREALLOOKINGKEY", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
ONE_TRY = Config(retries={"max_attempts": 0})


class Emulator:
    """A loopback HTTP server that remembers what it was asked and always answers 200 with an empty object."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []
        emulator = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                emulator.seen.append((self.command, self.headers["Host"], self.path))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Answering)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    server = Emulator()
    yield server
    server.close()


@pytest.fixture
def guarded(emulator: Emulator) -> Iterator[Emulator]:
    guard.install(emulator.endpoint)
    yield emulator
    guard.uninstall()


def test_a_client_made_before_the_guard_is_refused_too(emulator: Emulator) -> None:
    early = boto3.client("dynamodb", config=ONE_TRY, **KEYS)
    guard.install(emulator.endpoint)
    try:
        with pytest.raises(guard.AwsRefused) as refused:
            early.list_tables()
    finally:
        guard.uninstall()
        early.close()
    assert refused.value.service == "dynamodb"
    assert "dynamodb.eu-west-1.amazonaws.com" in str(refused.value)


@pytest.mark.parametrize(
    ("service", "operation", "options"),
    [
        ("dynamodb", "list_tables", {"endpoint_url": "https://dynamodb.us-west-2.amazonaws.com"}),
        (
            "dynamodb",
            "list_tables",
            {"config": Config(ignore_configured_endpoint_urls=True, **ONE_TRY._user_provided_options)},
        ),
        ("s3", "list_buckets", {}),
        ("sts", "get_caller_identity", {}),
    ],
)
def test_botocore_is_refused_whatever_the_endpoint(
    guarded: Emulator, service: str, operation: str, options: dict[str, object]
) -> None:
    client = boto3.client(service, **{"config": ONE_TRY, **KEYS, **options})
    with pytest.raises(guard.AwsRefused, match="the emulator never talks to real AWS"):
        getattr(client, operation)()
    client.close()


def test_urllib_and_http_client_and_bare_sockets_are_refused(guarded: Emulator) -> None:
    with pytest.raises(URLError) as refused:
        urllib.request.urlopen("https://sqs.eu-central-1.amazonaws.com/", timeout=5)
    assert isinstance(refused.value.reason, guard.AwsRefused)
    with pytest.raises(guard.AwsRefused):
        http.client.HTTPSConnection("lambda.us-east-1.amazonaws.com", timeout=5).request("GET", "/")
    with socket.socket() as bare, pytest.raises(guard.AwsRefused):
        # What `bare.connect((name, port))` announces once the C library resolved the name, before it connects.
        sys.audit("socket.connect", bare, ("abc.lambda-url.us-east-1.on.aws", 443))
    with pytest.raises(guard.AwsRefused):
        socket.gethostbyname("s3.amazonaws.com")


def test_the_metadata_service_hands_out_no_keys(guarded: Emulator) -> None:
    with socket.socket() as bare, pytest.raises(guard.AwsRefused, match="instance metadata"):
        bare.connect(("169.254.169.254", 80))


async def test_aiohttp_is_refused(guarded: Emulator) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="refused a call to AWS dynamodb"):
            await session.get("https://dynamodb.us-east-1.amazonaws.com/")


def test_a_hard_coded_execute_api_url_arrives_at_the_emulator_with_its_host_and_path(guarded: Emulator) -> None:
    url = "https://abc123.execute-api.ap-southeast-2.amazonaws.com/prod"
    client = boto3.client("apigatewaymanagementapi", endpoint_url=url, config=ONE_TRY, **KEYS)
    client.post_to_connection(ConnectionId="L0SM9cOFvHcCIhw=", Data=b"hi")
    client.close()
    assert guarded.seen == [
        ("POST", "abc123.execute-api.ap-southeast-2.amazonaws.com", "/prod/@connections/L0SM9cOFvHcCIhw%3D")
    ]


def test_https_to_the_emulators_own_address_is_spoken_in_http(guarded: Emulator) -> None:
    url = guarded.endpoint.replace("http://", "https://") + "/dev"
    client = boto3.client("apigatewaymanagementapi", endpoint_url=url, config=ONE_TRY, **KEYS)
    client.post_to_connection(ConnectionId="x", Data=b"hi")
    client.close()
    assert [path for _, _, path in guarded.seen] == ["/dev/@connections/x"]


def test_an_explicit_loopback_endpoint_passes_untouched(guarded: Emulator) -> None:
    other = Emulator()
    client = boto3.client("dynamodb", endpoint_url=other.endpoint, config=ONE_TRY, **KEYS)
    client.list_tables()
    client.close()
    other.close()
    assert guarded.seen == []
    assert [path for _, _, path in other.seen] == ["/"]


def test_a_service_that_was_agreed_to_is_let_through(emulator: Emulator) -> None:
    guard.install(emulator.endpoint, allow=["dynamodb"])
    try:
        sys.audit("socket.getaddrinfo", "dynamodb.us-east-1.amazonaws.com", 443, 0, 0, 0)
        with pytest.raises(guard.AwsRefused):
            socket.getaddrinfo("s3.us-east-1.amazonaws.com", 443)
    finally:
        guard.uninstall()


def test_after_uninstall_nothing_of_it_is_left() -> None:
    import botocore.httpsession

    before = botocore.httpsession.URLLib3Session.send
    guard.install("http://127.0.0.1:1")
    assert botocore.httpsession.URLLib3Session.send is not before
    guard.uninstall()
    assert botocore.httpsession.URLLib3Session.send is before


def test_the_scrubbed_environment_names_only_the_emulator() -> None:
    environ = {"AWS_PROFILE": "prod", "AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "PATH": "/bin", "BOTO_CONFIG": "/y"}
    guard.scrub(environ)
    assert environ == {"PATH": "/bin"}
    environ.update(guard.environment("http://127.0.0.1:3001", "eu-north-1"))
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:3001"
    assert environ["AWS_REGION"] == environ["AWS_DEFAULT_REGION"] == "eu-north-1"
    assert environ["AWS_EC2_METADATA_DISABLED"] == "true"


WORKER = """
import json, sys
from pingbox.emulator.redirect import guard
guard.install(sys.argv[1])
found = {"botocore imported by installing": "botocore" in sys.modules}
import boto3
from botocore.exceptions import ProfileNotFound
try:
    boto3.Session(profile_name="prod").client("dynamodb")
except ProfileNotFound:
    found["profile"] = "not found"
boto3.client("dynamodb").list_tables()
try:
    boto3.client("dynamodb", endpoint_url="https://dynamodb.us-east-1.amazonaws.com").list_tables()
except guard.AwsRefused as refused:
    found["explicit"] = refused.service
print(json.dumps(found))
"""


def test_a_worker_that_imports_boto3_later_is_guarded_and_finds_the_emulator(emulator: Emulator) -> None:
    environ = dict(os.environ)
    guard.scrub(environ)
    environ.update(guard.environment(emulator.endpoint))
    done = subprocess.run(
        [sys.executable, "-c", WORKER, emulator.endpoint], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "botocore imported by installing": False,
        "profile": "not found",
        "explicit": "dynamodb",
    }
    assert [path for _, _, path in emulator.seen] == ["/"]


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("dynamodb.us-east-1.amazonaws.com", "dynamodb"),
        ("bucket.s3.dualstack.eu-west-1.amazonaws.com", "s3"),
        ("sts.amazonaws.com", "sts"),
        ("abc.execute-api.cn-north-1.amazonaws.com.cn", "execute-api"),
        ("dynamodb.us-east-1.api.aws.", "dynamodb"),
        ("DYNAMODB.eusc-de-east-1.amazonaws.eu", "dynamodb"),
    ],
)
def test_hosts_of_aws_are_known_and_named(host: str, service: str) -> None:
    assert is_aws_host(host)
    assert service_of(host) == service


def test_other_hosts_are_not_aws() -> None:
    assert not any(
        map(is_aws_host, ("localhost", "127.0.0.1", "amazonaws.com.evil.example", "example.com", "aws.dev.test"))
    )
    assert is_execute_api_host("abc123.execute-api.us-east-1.amazonaws.com")
    assert not is_execute_api_host("execute-api.us-east-1.amazonaws.com")
