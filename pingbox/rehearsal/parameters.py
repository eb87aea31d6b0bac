"""The one call to SSM that the functions make: the token secret, by its name and decrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pingbox.emulator.services.registry import ServiceHandler

PARAMETERS = "AmazonSSM"
_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


def parameter_door(name: str, value: str) -> ServiceHandler:
    """A Parameter Store that holds one SecureString."""

    async def door(operation: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        asked = json.loads(body)
        # Undecrypted, AWS would hand out ciphertext: a function that forgets WithDecryption must fail here as well.
        if operation != "GetParameter" or asked.get("Name") != name or not asked.get("WithDecryption"):
            return 400, _HEADERS, json.dumps({"__type": "ParameterNotFound"}).encode()
        found = {"Name": name, "Type": "SecureString", "Value": value}
        return 200, _HEADERS, json.dumps({"Parameter": found}).encode()

    return door
