"""The form of a request: the JSON types of its members, and the constraints of the service's model on them.

A member of the wrong JSON type is a `SerializationException`. Constraints that do not hold are told together: "2
validation errors detected: Value ... at '...' failed to satisfy constraint: ...". The model is botocore's, as data in
`input_model.json` (botocore takes long to load). Attribute values are checked apart, by `values`.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Refusal, Request, invalid

Problems = list[str]
Check = Callable[[Any, str, Problems], Any]
"""(value, its path as error messages spell it, problems found) -> the value without members that are null."""

MAX_PROBLEMS = 10  # AWS stops counting there

# Their bounds are rules of the operations, which say something else about them than the model would.
_UNBOUNDED = frozenset(
    {"BatchGetRequestMap", "BatchWriteItemRequestMap", "WriteRequests", "TableArn", "KeySchemaAttributeName"}
    | {"NonKeyAttributeNameList", "NonKeyAttributeName", "TagList"}
)

_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


def checked_request(operation: str, request: Request) -> Request:
    """`request` without members that are null; raises a `Refusal` for one that AWS's front end does not let in."""
    check = _check_of(operation)
    if check is None:
        return request
    problems: Problems = []
    checked: Request = check(request, "", problems)
    if problems:
        raise invalid(counted(problems))
    return checked


def constraint_problems(operation: str, request: Request) -> list[str]:
    """What `checked_request` would refuse, one sentence each."""
    check = _check_of(operation)
    problems: Problems = []
    if check is not None:
        try:
            check(request, "", problems)
        except Refusal as refusal:
            return [refusal.message]
    return problems


def counted(problems: Problems) -> str:
    """Several problems in the words in which AWS tells them together."""
    return f"{len(problems)} validation error{'s' * (len(problems) > 1)} detected: {'; '.join(problems)}"


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(Path(__file__).with_name("input_model.json").read_text())
    return model


@cache
def _check_of(operation: str) -> Check | None:
    name = _model()["operations"].get(operation)
    return None if name is None else _check(name)


@cache
def _check(name: str) -> Check:
    if name == "AttributeValue":
        return _any_value
    shape = _model()["shapes"][name]
    kind = shape["type"]
    if kind == "structure":
        return _Structure(shape)
    if kind in ("list", "map"):
        return _collection(name, shape)
    if name == "TableArn":
        return _table_name
    return _scalar(name, shape)


def _any_value(value: Any, path: str, problems: Problems) -> Any:
    return value


class _Structure:
    def __init__(self, shape: Mapping[str, Any]) -> None:
        self._shape = shape
        self._required: tuple[str, ...] = tuple(shape["required"])
        self._members: dict[str, Check] = {}
        self._plain: dict[str, type] = {}

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not dict:
            if not isinstance(value, Mapping):
                raise _wrong_type(value, "structure")
            value = dict(value)
        if not self._members:  # shapes may hold themselves: they are looked up late
            of_shape = self._shape["members"].items()
            self._members = {name: _check(of) for name, of in of_shape}
            self._plain = {name: kind for name, of in of_shape if (kind := _unconstrained(of))}
        return value if self._is_right(value) else self._each_member(value, path, problems)

    def _is_right(self, value: dict[str, Any]) -> bool:
        """The frequent case, found out without walking the model: everything is as it should be."""
        found: Problems = []
        for name, inner in value.items():
            if type(inner) is self._plain.get(name):
                continue
            of = self._members.get(name)
            if of is None or inner is None or of(inner, "", found) is not inner or found:
                return False
        for name in self._required:  # noqa: SIM110 - all() costs twice as much
            if name not in value:
                return False
        return True

    def _each_member(self, value: dict[str, Any], path: str, problems: Problems) -> dict[str, Any]:
        """The members of the model, without those that are null; others are left out, as AWS ignores them."""
        out: dict[str, Any] = {}
        for name, of in self._members.items():
            inner = value.get(name)
            if inner is not None:
                out[name] = of(inner, _inside(path, name), problems)
            elif name in self._required:
                _add(problems, None, _inside(path, name), "Member must not be null")
        return out


def _unconstrained(name: str) -> type | None:
    """The JSON type of a shape of which only the type is checked, None for others."""
    if name == "AttributeValue":
        return dict
    shape = _model()["shapes"][name]
    kind = shape["type"]
    if kind == "map" and shape["value"] == "AttributeValue":
        return dict
    if kind in ("string", "boolean") and name != "TableArn" and (name in _UNBOUNDED or not _constraints(shape)):
        return _TYPES[kind][0]
    return None


def _inside(path: str, name: str) -> str:
    lower = name[0].lower() + name[1:]
    return f"{path}.{lower}" if path else lower


def _collection(name: str, shape: Mapping[str, Any]) -> Check:
    least, most = (0, None) if name in _UNBOUNDED else (shape.get("min", 0), shape.get("max"))
    is_list = shape["type"] == "list"
    wanted: Any = list if is_list else dict
    of = shape["member" if is_list else "value"]

    def check(value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not wanted:
            raise _wrong_type(value, shape["type"])
        if len(value) < least:
            _add(problems, value, path, f"Member must have length greater than or equal to {least}")
        if most is not None and len(value) > most:
            _add(problems, value, path, f"Member must have length less than or equal to {most}")
        if of == "AttributeValue":
            return value
        return (_checked_list if is_list else _checked_map)(_check(of), value, path, problems)

    return check


def _checked_list(inner: Check, value: list[Any], path: str, problems: Problems) -> list[Any]:
    new = [_member(inner, one, f"{path}.{at}.member", problems) for at, one in enumerate(value, 1)]
    return value if all(map(operator.is_, new, value)) else new


def _checked_map(inner: Check, value: dict[str, Any], path: str, problems: Problems) -> dict[str, Any]:
    new = {key: _member(inner, one, f"{path}.{key}.member", problems) for key, one in value.items()}
    return value if all(new[key] is one for key, one in value.items()) else new


def _member(inner: Check, one: Any, path: str, problems: Problems) -> Any:
    if one is None:
        _add(problems, None, path, "Member must not be null")
        return None
    return inner(one, path, problems)


_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("string", "blob"), (str,)),
    **dict.fromkeys(("integer", "long"), (int,)),
    **dict.fromkeys(("double", "float", "timestamp"), (int, float)),
    "boolean": (bool,),
}
_JAVA = {kind: kind.capitalize() for kind in _TYPES} | {"timestamp": "Date"}


def _scalar(name: str, shape: Mapping[str, Any]) -> Check:
    types = _TYPES[shape["type"]]
    java = _JAVA[shape["type"]]
    constraints = [] if name in _UNBOUNDED else _constraints(shape)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if type(value) not in types:
            if type(value) is float and int in types:
                value = int(value)  # AWS cuts off the fraction
            else:
                raise _wrong_type(value, java)
        for holds, told in constraints:
            if not holds(value):
                _add(problems, value, path, told)
        return value

    return check


def _constraints(shape: Mapping[str, Any]) -> list[tuple[Callable[[Any], bool], str]]:
    found: list[tuple[Callable[[Any], bool], str]] = []
    if (values := shape.get("enum")) is not None:
        allowed = frozenset(values)
        found.append((lambda v: v in allowed, f"Member must satisfy enum value set: [{', '.join(values)}]"))
    if (pattern := shape.get("pattern")) is not None:
        full = re.compile(pattern).fullmatch
        found.append((lambda v: full(v) is not None, f"Member must satisfy regular expression pattern: {pattern}"))
    what, size = ("length", len) if shape["type"] == "string" else ("value", _itself)
    if least := shape.get("min"):
        found.append((lambda v: size(v) >= least, f"Member must have {what} greater than or equal to {least}"))
    elif least == 0 and what == "value":
        found.append((lambda v: v >= 0, "Member must have value greater than or equal to 0"))
    if (most := shape.get("max")) is not None:
        found.append((lambda v: size(v) <= most, f"Member must have {what} less than or equal to {most}"))
    return found


def _itself(value: Any) -> Any:
    return value


def _table_name(value: Any, path: str, problems: Problems) -> Any:
    """A table's name or ARN."""
    if type(value) is not str:
        raise _wrong_type(value, "String")
    if not _is_table_name(value):
        _add(problems, value, path, f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    return value


@lru_cache(maxsize=256)
def _is_table_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None or value.startswith("arn:")


def _add(problems: Problems, value: Any, path: str, constraint: str) -> None:
    if len(problems) < MAX_PROBLEMS:
        # A list or a map is not repeated: it would be long, and hold what the caller may not want in a log.
        told = "" if isinstance(value, list | dict) else "null " if value is None else f"'{value}' "
        problems.append(f"Value {told}at '{path}' failed to satisfy constraint: {constraint}")


def _wrong_type(value: Any, wanted: str) -> Refusal:
    match value:
        case dict():
            message = "Start of structure or map found where not expected"
        case list():
            message = f"Unrecognized collection type class java.lang.{wanted}"
        case _ if wanted in ("list", "map", "structure"):
            message = "Unexpected field type" if wanted != "structure" else "Unexpected value type in payload"
        case _:
            message = f"{_json_name(value)} cannot be converted to {wanted}"
    return Refusal("SerializationException", message)


def _json_name(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, float):
        return "DECIMAL_VALUE"
    return "NUMBER_VALUE" if isinstance(value, int) else "STRING_VALUE"
