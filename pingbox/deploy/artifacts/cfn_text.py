"""Reading a CloudFormation template: JSON, or YAML with its short forms such as `!Ref` and `!GetAtt`."""

from __future__ import annotations

from typing import Any

import yaml

from pingbox.deploy.errors import RefusedError

LOOP = "Fn::ForEach::"
"""Begins the name of a loop that stands among resources; what it makes is known to CloudFormation only."""


class _Loader(yaml.SafeLoader):
    """A safe loader of its own, so that the tags do not leak into other users of PyYAML."""


def parse(text: str, name: str) -> dict[str, Any]:
    """The template as a mapping with long-form functions. `RefusedError` names the line of a mistake."""
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader with more tags
    except yaml.YAMLError as error:
        raise RefusedError(name, _mistake(error), "a template in JSON or YAML", "mend the file and repeat") from error
    if not isinstance(document, dict) or not document.get("Resources"):
        raise RefusedError(name, "no Resources", "a CloudFormation template", "check the file's name")
    for section in ("Resources", "Parameters"):
        _check_entries(document.get(section, {}), section, name)
    return document


def _mistake(error: yaml.YAMLError) -> str:
    """In one line: where, and what is wrong there."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())


def _check_entries(section: object, title: str, name: str) -> None:
    """Names mapped to mappings, and a resource has a type and its properties by name; deeper, CloudFormation judges."""
    entries = section.items() if isinstance(section, dict) else [(None, section)]
    for logical_id, entry in entries:
        if str(logical_id).startswith(LOOP):
            continue
        where = f"{title}.{logical_id}" if logical_id else title
        if logical_id is None or not isinstance(entry, dict):
            raise RefusedError(f"{name}, {where}", repr(entry), "a mapping", "mend the file and repeat")
        if title == "Resources" and not isinstance(entry.get("Type"), str):
            raise RefusedError(f"{name}, {where}", "no Type", "one like AWS::SQS::Queue", "mend the file and repeat")
        if not isinstance(entry.get("Properties", {}), dict):
            raise RefusedError(f"{name}, {where}.Properties", repr(entry["Properties"]), "a mapping", "mend the file")


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value = _value(loader, node)
    if suffix in {"Ref", "Condition"}:
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


def _value(loader: _Loader, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
    raise yaml.YAMLError(f"unexpected node {node}")


def _as_text(loader: _Loader, node: yaml.Node) -> str:
    """`2012-10-17` is a date to YAML and a version to IAM."""
    assert isinstance(node, yaml.ScalarNode)
    return str(loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
