"""Events and results on their way in and out of an environment: copies, sizes (LM-24), posted errors."""

from __future__ import annotations

import json
import marshal
from collections.abc import Callable, Mapping
from typing import Any

from pingbox.emulator.services.lambda_.outcome import FunctionError, Outcome, Returned
from pingbox.emulator.services.lambda_.runtimes.python import marshalling

RESPONSE_LIMIT = 6_291_556  # bytes, LM-31
TOO_LARGE = "Function.ResponseSizeTooLarge"

_NO_SHARING = 2  # the marshal version that writes every member out: no two places of a copy are one object


def copier(event: Any) -> Callable[[], Any]:
    """Something that makes a copy of `event` as it is now, so that no handler can change its caller's event.

    Python's own serialisation does it in a third of JSON's time; what is not made of JSON types takes the slow way,
    and raises `TypeError` if it cannot be JSON at all.
    """
    try:
        frozen = marshal.dumps(event, _NO_SHARING)
    except ValueError:
        text = json.dumps(event)
        return lambda: json.loads(text)
    return lambda: marshal.loads(frozen)  # noqa: S302 -- our own bytes, from three lines above


def outcome_of(value: Any) -> Outcome:
    """The outcome of a handler that returned `value`, which it may go on changing. Raises as `marshalling.dumps`.

    Results are mostly small and made of JSON types only: these are copied, with the same outcome as going through text.
    """
    try:
        return Returned(_plain_copy(value, _Size()))
    except (_NotPlainError, RecursionError):
        return returned(value if isinstance(value, bytes) else marshalling.dumps(value))


class _NotPlainError(Exception):
    """The value changes on its way through JSON, or may be too large."""


class _Size:
    """An upper bound of the bytes that a value takes as JSON."""

    def __init__(self) -> None:
        self.bytes = 0

    def add(self, size: int) -> None:
        self.bytes += size
        if self.bytes > RESPONSE_LIMIT:
            raise _NotPlainError


_LONGEST_ESCAPE = 6  # bytes that one character takes at most
_SHORT = 32  # bytes; more than any float, or the punctuation around a member
_AS_THEY_ARE = frozenset({bool, type(None), float})


def _plain_copy(value: Any, size: _Size) -> Any:
    kind = type(value)
    if kind is str:
        size.add(_SHORT + _LONGEST_ESCAPE * len(value))
        return value
    size.add(_SHORT)
    if kind in _AS_THEY_ARE or (kind is int and value.bit_length() < 64):
        return value
    if kind is dict and all(type(key) is str for key in value):
        return {_plain_copy(key, size): _plain_copy(member, size) for key, member in value.items()}
    if kind is list:
        return [_plain_copy(member, size) for member in value]
    raise _NotPlainError


def returned(result: str | bytes) -> Outcome:
    """The outcome of a handler that wrote `result`. Bytes that are not JSON come back as text."""
    size = len(result) if isinstance(result, bytes) or 4 * len(result) <= RESPONSE_LIMIT else len(result.encode())
    if size > RESPONSE_LIMIT:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."  # LM-44
        return FunctionError(TOO_LARGE, message)
    try:
        return Returned(json.loads(result))
    except ValueError:
        return Returned(result.decode("utf-8", "replace") if isinstance(result, bytes) else result)


def from_posted(posted: Any) -> FunctionError:
    """The outcome of an error document as a runtime posts it (LM-32, LM-33); custom runtimes may post anything."""
    if not isinstance(posted, Mapping):
        return FunctionError("Unhandled", "" if posted is None else str(posted), posted=posted)
    # Python calls the lines stackTrace, Node trace.
    lines = posted.get("stackTrace") or posted.get("trace") or ()
    trace = tuple(str(line) for line in lines) if isinstance(lines, list) else ()
    error_type = str(posted.get("errorType") or "Unhandled")
    return FunctionError(error_type, str(posted.get("errorMessage") or ""), trace, posted=posted)
