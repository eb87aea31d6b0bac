"""Which API and stage a request means: several APIs share one port here, where AWS gives each a host name (HS-1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from pingbox.emulator.services.apigateway.websocket.conversation import Deployment
from pingbox.model.api import Api
from pingbox.model.partitions import url_suffix

_AWS_HOST = re.compile(r"(?P<api>[a-z0-9-]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?::\d+)?", re.IGNORECASE)
_LOCAL_HOST = re.compile(r"(?P<api>[a-z0-9-]+)\.localhost(?::\d+)?", re.IGNORECASE)


def domain_name(api_id: str, region: str) -> str:
    """`domainName` of the events (EV-29)."""
    return f"{api_id}.execute-api.{region}.{url_suffix(region)}"


def handshake_target(apis: Sequence[Api], host: str, path: str) -> Deployment | None:
    """The deployment at `/{stage}` or `/{apiId}/{stage}`, or None (HS-8). `path` without the query."""
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    if len(segments) > 2:
        return None
    return find_deployment(apis, host, prefix="/".join(segments[:-1]), stage=segments[-1])


def is_below_stage(apis: Sequence[Api], host: str, path: str) -> bool:
    """Whether the path is that of a stage with more after it (HS-11)."""
    segments = [segment for segment in path.split("/") if segment]
    return any(handshake_target(apis, host, "/".join(segments[:many])) is not None for many in (1, 2))


def described(apis: Sequence[Api]) -> list[str]:
    """Every API and stage that is served, as paths: `a1b2c3/dev`."""
    return [f"{api.api_id}/{stage.name}" for api in apis for stage in api.stages]


def find_deployment(apis: Sequence[Api], host: str, *, prefix: str, stage: str) -> Deployment | None:
    """The named stage of the API which the host or the path's prefix names; with neither, of the first API."""
    api = _named_api(apis, host, prefix)
    found = api.stage(stage) if api is not None else None
    return Deployment(api, found) if api is not None and found is not None else None


def _named_api(apis: Sequence[Api], host: str, prefix: str) -> Api | None:
    first = apis[0] if apis else None
    if prefix:
        return _by_id(apis, prefix)
    named = _AWS_HOST.fullmatch(host)
    if named is not None:
        return _by_id(apis, named["api"].lower())
    # Any name under .localhost leads to this machine; one that is no API's is somebody's own name for it.
    local = _LOCAL_HOST.fullmatch(host)
    return (local and _by_id(apis, local["api"].lower())) or first


def _by_id(apis: Sequence[Api], api_id: str) -> Api | None:
    return next((api for api in apis if api.api_id == api_id), None)
