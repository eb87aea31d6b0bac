"""What the plugin serverless-pseudo-parameters writes: `#{AWS::Region}` for `${AWS::Region}` of `Fn::Sub`.

Version 1 of the framework took every `${...}` for its own, so many files of its time have it.
"""

from __future__ import annotations

import re
from typing import Any

PLUGIN = "serverless-pseudo-parameters"
_REFERENCE = re.compile(r"#\{([^{}]+)\}")


def written_out(value: Any) -> Any:
    """The value with every text that has a `#{...}` made a `Fn::Sub`."""
    match value:
        case str() if _REFERENCE.search(value):
            return {"Fn::Sub": _REFERENCE.sub(r"${\1}", value)}
        case {"Fn::Sub": sub}:
            return {"Fn::Sub": _within_sub(sub)}
        case dict():
            return {key: written_out(item) for key, item in value.items()}
        case list():
            return [written_out(item) for item in value]
        case _:
            return value


def _within_sub(sub: Any) -> Any:
    text, *values = sub if isinstance(sub, list) else [sub]
    replaced = _REFERENCE.sub(r"${\1}", text) if isinstance(text, str) else text
    return [replaced, *(written_out(value) for value in values)] if isinstance(sub, list) else replaced
