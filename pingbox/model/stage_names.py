"""What a WebSocket API's stage may be called; the one rule of every reader, command and template (HS-2)."""

from __future__ import annotations

import re

MAX_LENGTH = 128
PATTERN = f"[a-zA-Z0-9_-]{{1,{MAX_LENGTH}}}"
DESCRIPTION = "letters, digits, - and _"
"""What to say that the name should have had; `$default` is for HTTP APIs only."""

_PATTERN = re.compile(PATTERN)


def is_stage_name(name: str) -> bool:
    """Whether API Gateway takes it."""
    return _PATTERN.fullmatch(name) is not None
