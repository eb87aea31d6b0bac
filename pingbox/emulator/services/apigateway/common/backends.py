"""Which addresses an HTTP integration may ask: those of this machine, and no others."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from pingbox.emulator.services.apigateway.mapping.request_parameters import MappingError

_LOOPBACK = re.compile(r"localhost|[a-z0-9.-]+\.localhost|127(?:\.\d{1,3}){3}|::1", re.IGNORECASE)


def local_address(url: str) -> SplitResult:
    """The parts of the URL. Raises `MappingError` unless it leads to this machine."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise MappingError(f"HTTP integration {url!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not _LOOPBACK.fullmatch(parts.hostname or ""):
        raise MappingError(f"HTTP integration {url!r}: only this machine is asked (localhost, 127.0.0.1, ::1)")
    return parts
