"""A stand-in for AWS on this machine (`AWS_ENDPOINT_URL`): where a browser finds what AWS gives hosts of their own.

MiniStack and LocalStack serve every API below `/_aws/execute-api/` and every bucket below its name. Untranslated, the
page would look for `X.execute-api.REGION.amazonaws.com`, which does not know our API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SOCKET = re.compile(r"wss://([a-z0-9]+)\.execute-api\.[^/]+/(.+)")


@dataclass(frozen=True)
class StandIn:
    """`endpoint` is its address, `http://127.0.0.1:4566`."""

    endpoint: str

    @property
    def origin(self) -> str:
        """What a browser says it comes from: scheme and host, no slash at the end."""
        return self.endpoint.rstrip("/")

    def reachable(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """The outputs with the page's and the socket's address as they are here; the others as they are."""
        here = dict(outputs)
        if found := _SOCKET.fullmatch(outputs.get("WebSocketUrl", "")):
            api, stage = found.groups()
            here["WebSocketUrl"] = f"{self.origin.replace('http', 'ws', 1)}/_aws/execute-api/{api}/{stage}"
        if "SiteBucket" in outputs:
            here["SiteUrl"] = f"{self.origin}/{outputs['SiteBucket']}/index.html"
        return here


def reachable(outputs: Mapping[str, str], stand_in: StandIn | None) -> Mapping[str, str]:
    """The outputs as a person or a browser on this machine can use them; on AWS they are so already."""
    return outputs if stand_in is None else stand_in.reachable(outputs)
