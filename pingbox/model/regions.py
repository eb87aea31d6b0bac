"""What a region of AWS is called, and which one is meant where none is named."""

from __future__ import annotations

import re

DEFAULT_REGION = "us-east-1"

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")


def is_region(name: str) -> bool:
    """Whether it has the form of a region's name; new ones come every year."""
    return _REGION.fullmatch(name) is not None
