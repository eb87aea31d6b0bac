"""The port of an AWS service: what a request is, what an answer is, and what a service has to offer.

A service is the same over HTTP and in process. One further service is one object with these three members, registered
in `registry.ServiceRegistry`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_CREDENTIAL = re.compile(
    r"Credential=[^,&\s]+?/\d{8}/(?:(?P<region>[^,/&\s]*)/)?(?P<service>[^,/&\s]+)/aws4_request(?=[,&\s]|$)"
)


class Scope(NamedTuple):
    """A signature's credential scope: the service that the client means, by its signing name, and its region.

    `region` is "" for signatures that are valid in every region (SigV4a).
    """

    service: str
    region: str


class Target(NamedTuple):
    """The two parts of `X-Amz-Target`: `DynamoDB_20120810.PutItem`."""

    prefix: str
    operation: str


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """An HTTP request to an AWS service.

    `host` is the Host header (`127.0.0.1:3001`, `bucket.s3.us-east-1.amazonaws.com`). `path` and `query` are as sent,
    percent-encoded, the query without its question mark. `headers` are found in any letter case. `scope` is what the
    signature says, None for a request without one. `length` is the body's size, also where the body is not read.
    """

    method: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    body: bytes = b""
    scope: Scope | None = None
    length: int | None = None

    @property
    def target(self) -> Target | None:
        """`X-Amz-Target`, or None."""
        prefix, dot, operation = self.headers.get("X-Amz-Target", "").rpartition(".")
        return Target(prefix, operation) if dot else None

    @property
    def size(self) -> int:
        """The body's size in bytes, read or not."""
        return max(len(self.body), self.length or 0)


@dataclass(frozen=True, slots=True)
class AwsResponse:
    """What a service answers. The port adds `Content-Length` and `Date`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    body: bytes = b""


class Service(Protocol):
    """An AWS service.

    `name` is the signing name, the one in a signature's scope (`dynamodb`, `s3`, `execute-api`). Several services may
    have the same: `ses` and `sesv2` both sign as `ses`.
    """

    @property
    def name(self) -> str: ...

    def matches(self, request: AwsRequest) -> bool:
        """Whether the request is this service's, told by its target, path or host.

        Asked of every service in the order of registration if the request has no signature, else only of those with
        the signature's name. The body is not read yet.
        """
        ...

    async def handle(self, request: AwsRequest) -> AwsResponse:
        """Answer. Runs on the emulator's event loop: what blocks has to be done in a thread.

        Refusals are answers. What is raised is a fault of the service: it is logged and answered with 500.
        """
        ...


class JsonAnswer(Protocol):
    """A status, and the JSON object of the body."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> dict[str, Any]: ...


# Members that a service may have besides, for speed. A service without them works everywhere.

JsonCall = Callable[[str, Mapping[str, Any]], JsonAnswer]
"""`call(operation, request) -> JsonAnswer` of a service with the JSON protocol: boto3 in this process takes it.

Any thread may call; it may block. Binary is base64 text, as in the JSON of a request.
"""

DirectAnswer = Callable[[AwsRequest], AwsResponse]
"""`answer(request) -> AwsResponse`, for any thread: boto3 in this process takes it before it signs the request."""

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The largest body that the port reads, unless a service has its own `max_body_bytes`.

A service with its own is handed a longer request without its body: it sees `request.size`, and refuses. DynamoDB takes
16 MB in a batch; beyond twice that something is wrong.
"""


def json_call(service: Service) -> JsonCall | None:
    """The service's `call`, if it has one."""
    return getattr(service, "call", None)


def direct_answer(service: Service) -> DirectAnswer | None:
    """The service's `answer`, if it has one."""
    return getattr(service, "answer", None)


def max_body_bytes(service: Service) -> int | None:
    """The service's `max_body_bytes`, if it has one."""
    return getattr(service, "max_body_bytes", None)


def host_labels(service: Service) -> tuple[str, ...]:
    """Labels in the service's host names that are not its signing name (`email`), if it says so in `host_labels`."""
    return getattr(service, "host_labels", ())


def scope_of(headers: Mapping[str, str], query: str) -> Scope | None:
    """The credential scope of a signed request, in its `Authorization` header or, presigned, in its query.

    S3's older signatures, which boto3 still presigns with, name no service: they are S3's alone.
    """
    text = headers.get("Authorization", "")
    if not text and "X-Amz-Credential=" in query:
        text = unquote(query).replace("X-Amz-Credential=", "Credential=")
    found = _CREDENTIAL.search(text)
    if found is None and (text.startswith("AWS ") or _is_presigned_by_s3(query)):
        return Scope("s3", "")
    return Scope(found["service"], found["region"] or "") if found else None


def _is_presigned_by_s3(query: str) -> bool:
    names = {pair.partition("=")[0] for pair in query.split("&")}
    return {"AWSAccessKeyId", "Signature"} <= names and "SignatureVersion" not in names
