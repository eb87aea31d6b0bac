"""Three small AWS services of the tests' own, one for each protocol of AWS's APIs: REST, query, JSON target.

Each has what a service of the port must have, and nothing for speed.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote

from pingbox.emulator.services.port import AwsRequest, AwsResponse

XML = {"Content-Type": "text/xml"}


class Buckets:
    """S3's PutObject and GetObject: REST, told by the scope of the signature alone."""

    name = "s3"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def matches(self, request: AwsRequest) -> bool:
        return request.scope is not None

    async def handle(self, request: AwsRequest) -> AwsResponse:
        key = unquote(request.path)
        if request.method == "PUT":
            self.objects[key] = request.body
            return AwsResponse(200, {"ETag": '"1"'})
        if key not in self.objects:
            return AwsResponse(404, XML, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")
        return AwsResponse(200, {"Content-Type": "binary/octet-stream"}, self.objects[key])


class Topics:
    """SNS's Publish: the query protocol, whose operation is in a form."""

    name = "sns"

    def __init__(self) -> None:
        self.published: list[str] = []

    def matches(self, request: AwsRequest) -> bool:
        return request.host.startswith("sns.") or request.scope is not None

    async def handle(self, request: AwsRequest) -> AwsResponse:
        form = parse_qs(request.body.decode())
        self.published.append(form["Message"][0])
        result = f"<PublishResult><MessageId>m-{len(self.published)}</MessageId></PublishResult>"
        return AwsResponse(200, XML, f"<PublishResponse>{result}</PublishResponse>".encode())


class Machines:
    """Step Functions' StartExecution: JSON, the operation in `X-Amz-Target`."""

    name = "states"

    def matches(self, request: AwsRequest) -> bool:
        return request.target is not None and request.target.prefix == "AWSStepFunctions"

    async def handle(self, request: AwsRequest) -> AwsResponse:
        assert request.target is not None
        if request.target.operation != "StartExecution":
            raise RuntimeError("a secret inside")
        asked = json.loads(request.body)
        body = {"executionArn": asked["stateMachineArn"] + ":1", "startDate": 1.5}
        return AwsResponse(200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body).encode())
