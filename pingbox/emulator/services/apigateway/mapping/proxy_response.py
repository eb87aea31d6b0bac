"""What a function's result means as a Lambda proxy response (RT-28 to RT-30, CN-6)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})

_DIGITS = re.compile(r"[0-9]{1,9}")  # as many as an integer of Java's holds


@dataclass(frozen=True)
class ProxyResponse:
    """A well-formed proxy response. `headers` has single and multi-valued ones, by name in lower case.

    `body` is None when the response has none or null (RR-5).
    """

    status: int
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True)
class Malformed:
    """Not a proxy response; `problem` says what was received and what was expected, for the developer's log."""

    problem: str


def read_proxy_response(value: Any, *, default_status: int | None = None) -> ProxyResponse | Malformed:
    """Judge a function's returned value (JSON types). `default_status`: for a response without one; None: malformed."""
    if not isinstance(value, dict):
        return Malformed(f"the function returned {_shown(value)}, expected an object with a statusCode")
    unknown = value.keys() - _MEMBERS
    if unknown:
        return Malformed(f"the function's response has the unknown member {min(unknown)!r}; known: {_known()}")
    status = _status(value.get("statusCode", default_status))
    if status is None:
        return Malformed(f"statusCode is {_shown(value.get('statusCode'))}, expected a whole number such as 200")
    body = value.get("body")
    if body is not None and not isinstance(body, str):
        return Malformed(f"body is {_shown(body)}, expected a string: use json.dumps / JSON.stringify")
    headers = _headers(value)
    return headers if isinstance(headers, Malformed) else ProxyResponse(status, headers, body)


def _status(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    # Lambda proxies accept digits in a string too; anything else is "not a number" (CN-6).
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else None


def _headers(response: Mapping[str, Any]) -> Mapping[str, str] | Malformed:
    found: dict[str, str] = {}
    for member in ("headers", "multiValueHeaders"):
        declared = response.get(member)
        if declared is None:
            continue
        if not isinstance(declared, dict):
            return Malformed(f"{member} is {_shown(declared)}, expected an object")
        for name, value in declared.items():
            if member == "multiValueHeaders" and not isinstance(value, list):  # CN-20
                return Malformed(f"multiValueHeaders[{name!r}] is {_shown(value)}, expected a list of texts")
            values = value if isinstance(value, list) else [value]
            if any(isinstance(each, dict | list) for each in values):
                return Malformed(f"{member}[{name!r}] holds an object or a list of lists, expected text")
            if values and values[-1] is not None:
                last = values[-1]
                found[name.lower()] = last if isinstance(last, str) else json.dumps(last)
    return found


def _known() -> str:
    return "statusCode, headers, multiValueHeaders, body, isBase64Encoded"


def _shown(value: Any) -> str:
    """A value's kind, never its contents: they may be a chat message."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "nothing (null)"}
    return names.get(type(value), "a number")
