"""The one call to SSM that the functions make: the token secret, by its name and decrypted."""

from __future__ import annotations

import json

from pingbox.emulator.services.port import AwsRequest, AwsResponse

_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


class OneParameter:
    """A Parameter Store that holds one SecureString."""

    name = "ssm"

    def __init__(self, parameter: str, value: str) -> None:
        self._parameter = parameter
        self._value = value

    def matches(self, request: AwsRequest) -> bool:
        """Whether its target is Parameter Store's."""
        return request.target is not None and request.target.prefix == "AmazonSSM"

    async def handle(self, request: AwsRequest) -> AwsResponse:
        """GetParameter of the one there is; everything else is not found."""
        asked = json.loads(request.body)
        operation = request.target.operation if request.target is not None else ""
        # Undecrypted, AWS would hand out ciphertext: a function that forgets WithDecryption must fail here as well.
        if operation != "GetParameter" or asked.get("Name") != self._parameter or not asked.get("WithDecryption"):
            return AwsResponse(400, _HEADERS, json.dumps({"__type": "ParameterNotFound"}).encode())
        found = {"Name": self._parameter, "Type": "SecureString", "Value": self._value}
        return AwsResponse(200, _HEADERS, json.dumps({"Parameter": found}).encode())
