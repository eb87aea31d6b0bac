"""JSON as AWS's Python runtime writes it (LM-22): `Decimal`, bytes and named tuples too; other types are refused.

AWS uses simplejson; the differences to the standard library that a handler's author can see are made up for here.
"""

from __future__ import annotations

import json
import math

from .faults import MARSHAL_ERROR, UNMARSHAL_ERROR, Fault

TYPE_CHECKING = False  # importing typing takes longer than all of this file
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any

_SCALARS = frozenset({str, int, float, bool, type(None)})


def loads(body: bytes) -> Any:
    """The event. Raises `Fault` (`Runtime.UnmarshalError`) for anything that is not JSON."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise Fault(UNMARSHAL_ERROR, f"Unable to unmarshal input: {error}") from error


def dumps(value: Any, ensure_ascii: bool = False) -> str:
    """A handler's result as text. Raises `Fault` (`Runtime.MarshalError`) whatever goes wrong, as on AWS."""
    try:
        return (_ASCII if ensure_ascii else _UNICODE)(_plain(value, ()))
    except Exception as error:
        raise Fault(MARSHAL_ERROR, f"Unable to marshal response: {error}") from error


def _plain(value: Any, above: tuple[int, ...]) -> Any:
    """`value` with named tuples as objects and bytes keys as text; itself if it holds neither."""
    if type(value) in _SCALARS:
        return value
    if id(value) in above:
        raise ValueError("Circular reference detected")
    if isinstance(value, dict):
        return {_key(key): _plain(member, (*above, id(value))) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        fields = getattr(value, "_asdict", None)
        if isinstance(value, tuple) and callable(fields):
            return _plain(fields(), (*above, id(value)))
        return [_plain(member, (*above, id(value))) for member in value]
    return value


def _key(key: Any) -> Any:
    return key.decode("utf-8") if isinstance(key, bytes) else key


def _unknown(value: Any) -> Any:
    # Without importing it: who has a Decimal has imported decimal.
    if any(base.__module__ == "decimal" and base.__name__ == "Decimal" for base in type(value).__mro__):
        return _number(value)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _number(value: Decimal) -> int | float:
    if value.is_nan():
        return math.nan
    text = str(value)
    return int(text) if text.lstrip("-").isdigit() else float(text)


_UNICODE = json.JSONEncoder(ensure_ascii=False, default=_unknown).encode
_ASCII = json.JSONEncoder(default=_unknown).encode
