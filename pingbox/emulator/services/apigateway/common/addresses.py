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
    """`domainName` of the events (EV-29), unless the client came by a custom domain."""
    return f"{api_id}.execute-api.{region}.{url_suffix(region)}"


def domains(apis: Sequence[Api]) -> list[str]:
    """The custom domains of the APIs, in small letters."""
    return sorted({mapping.domain.lower() for api in apis for mapping in api.mappings})


def custom_domain(apis: Sequence[Api], host: str) -> str | None:
    """The custom domain that a Host header names, without its port; None if it is none."""
    name = host.partition(":")[0].rstrip(".").lower()
    return name if name in domains(apis) else None


def in_url(host: str) -> str:
    """A name or address as a URL has it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def handshake_target(apis: Sequence[Api], host: str, path: str) -> Deployment | None:
    """The deployment at `/{stage}` or `/{apiId}/{stage}`, or None (HS-8). `path` without the query.

    At a custom domain the path is the mapping's key (CD-1).
    """
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    if custom_domain(apis, host) is not None:
        return _mapped(apis, host, "/".join(segments))
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
    """The named stage of the API which the host or the path's prefix names; with neither, of the first API.

    At a custom domain both together are the mapping's key, and no stage (MG-37).
    """
    if custom_domain(apis, host) is not None:
        return _mapped(apis, host, "/".join(part for part in (prefix, stage) if part))
    api = _named_api(apis, host, prefix)
    found = api.stage(stage) if api is not None else None
    return Deployment(api, found) if api is not None and found is not None else None


def _mapped(apis: Sequence[Api], host: str, key: str) -> Deployment | None:
    domain = custom_domain(apis, host)
    for api in apis:
        for mapping in api.mappings:
            stage = api.stage(mapping.stage)
            if (mapping.domain.lower(), mapping.key) == (domain, key) and stage is not None:
                return Deployment(api, stage)
    return None


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
