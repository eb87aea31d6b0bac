"""CloudFormation's intrinsic functions as plain values, so that a template can be compared with `==` in a test."""

from __future__ import annotations

from typing import Any

Value = Any
"""What a template holds: text, numbers, booleans, lists and mappings, among them intrinsic functions."""


def ref(logical_id: str) -> dict[str, str]:
    """`Ref`: a parameter's value, or what a resource's type documents (a table's name, an API's id)."""
    return {"Ref": logical_id}


def get_att(logical_id: str, attribute: str) -> dict[str, list[str]]:
    """`Fn::GetAtt`, in the list form that every checker reads."""
    return {"Fn::GetAtt": [logical_id, attribute]}


def sub(text: str) -> dict[str, str]:
    """`Fn::Sub`. Only `${Name}` is replaced: a route key such as `$connect` has no braces and stays as written."""
    return {"Fn::Sub": text}


def when(condition: str, then: Value, otherwise: Value) -> dict[str, list[Value]]:
    """`Fn::If`. Pass `NO_VALUE` to leave the property out."""
    return {"Fn::If": [condition, then, otherwise]}


def is_set(parameter: str) -> dict[str, Value]:
    """A condition: the parameter is not the empty text."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def join(separator: str, *parts: Value) -> dict[str, list[Value]]:
    """`Fn::Join`."""
    return {"Fn::Join": [separator, list(parts)]}


NO_VALUE = ref("AWS::NoValue")
