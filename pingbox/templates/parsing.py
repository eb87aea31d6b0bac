"""Reading YAML and JSON so that every value still knows the line it came from.

Values are plain dicts, lists and scalars, because the SAM translator insists on them; the lines are in
`Document.lines`, keyed by the path of keys and indexes that leads to the value. CloudFormation's short forms
(`!Ref x`, `!GetAtt a.b`, `!Sub ...`) become their long forms while reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pingbox.model.findings import SourcePosition
from pingbox.templates.document import Document, KeyPath, Repeated
from pingbox.templates.errors import TemplateError

# libyaml's parser reads a CDK template of a megabyte in a fraction of a second, the pure one in several.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAGS = ("tag:yaml.org,2002:timestamp",)  # `Version: 2012-10-17` is text to CloudFormation
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
MAX_VALUES = 250_000
"""A template of CloudFormation's largest size, a megabyte, has a tenth of that."""
_ENDLESS = 10**18
_MERGE_TAG = "tag:yaml.org,2002:merge"


def read_document(file: Path) -> Document:
    """Read a `.json`, `.yaml` or `.yml` file. Raises TemplateError when it is unreadable or not well-formed."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(
            f"cannot be read: {error}",
            place=SourcePosition(str(file)),
            expected="a readable UTF-8 file",
            next_step="check the path and the file's rights",
        ) from error
    return parse_json(text, str(file)) if file.suffix == ".json" else parse_text(text, str(file))


def parse_text(text: str, file: str) -> Document:
    """YAML, or JSON under whatever name. Raises TemplateError."""
    if text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except json.JSONDecodeError:
            pass  # a YAML flow mapping begins so, too
        else:
            return parse_json(text, file)
    return parse_yaml(text, file)


def parse_json(text: str, file: str) -> Document:
    """JSON text; lines as for YAML."""
    try:
        root = json.loads(text)
    except RecursionError as error:
        raise _too_deep(file) from error
    except json.JSONDecodeError as error:
        raise TemplateError(
            f"is not JSON: {error.msg}",
            place=SourcePosition(file, error.lineno),
            expected="well-formed JSON",
            next_step=f"correct column {error.colno} of that line",
        ) from error
    lines, repeated = _lines_of_json(text)
    return Document(file, root, lines, repeated)


def _lines_of_json(text: str) -> tuple[dict[KeyPath, int], tuple[Repeated, ...]]:
    # JSON is YAML but for tabs between tokens (inside strings JSON forbids them) and for characters written as two
    # surrogates; as only the lines are wanted here, both may become spaces.
    try:
        node = yaml.compose(_SURROGATE.sub(r"\\u0020", text.replace("\t", " ")), Loader=_Loader)
    except (yaml.YAMLError, RecursionError):
        return {}, ()
    reader = _Reader()
    if node is not None:
        reader.value(node, ())
    return reader.lines, tuple(reader.repeated)


def parse_yaml(text: str, file: str) -> Document:
    """YAML text with CloudFormation's short forms. An empty text has the root None."""
    reader = _Reader()
    try:
        node = yaml.compose(text, Loader=_Loader)
        if node is not None:
            check_size(node, file)
        root = None if node is None else reader.value(node, ())
    except RecursionError as error:
        raise _too_deep(file) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TemplateError(
            f"is not YAML: {error.problem or error.context}",
            place=SourcePosition(file, mark.line + 1 if mark else None),
            expected="well-formed YAML",
            next_step=_yaml_step(text, mark),
        ) from error
    return Document(file, root, reader.lines, tuple(reader.repeated))


def _too_deep(file: str) -> TemplateError:
    return TemplateError(
        "is nested too deeply",
        place=SourcePosition(file),
        expected="maps and lists within each other as a person writes them",
        next_step="look for brackets that never close",
    )


def check_size(node: yaml.Node, file: str) -> None:
    """Raise TemplateError for aliases (`*name`) that would become more than `MAX_VALUES` values, or that never end.

    Counted on the nodes, which aliases share, so it takes no longer than reading the text.
    """
    sizes: dict[int, int] = {}

    def size(one: yaml.Node) -> int:
        known = sizes.get(id(one))
        if known is None:
            sizes[id(one)] = _ENDLESS  # until it is known: who meets it again is inside of it
            known = sizes[id(one)] = 1 + sum(map(size, _children(one)))
            if known > MAX_VALUES:
                raise _too_large(one, file, "itself" if known >= _ENDLESS else f"{known:,} values")
        return known

    size(node)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    match node:
        case yaml.MappingNode():
            yield from (child for pair in node.value for child in pair)
        case yaml.SequenceNode():
            yield from node.value


def _too_large(node: yaml.Node, file: str, content: str) -> TemplateError:
    return TemplateError(
        f"contains {content} by its aliases",
        place=SourcePosition(file, node.start_mark.line + 1),
        expected=f"at most {MAX_VALUES:,} values, once every alias (*name) is written out",
        next_step="write out the aliases that matter, and leave out the others",
    )


def _yaml_step(text: str, mark: Any) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "replace the tab that indents that line with spaces, as YAML demands"
    return "check the indentation, the quotes and the colons of that line"


class _Reader:
    """Turns yaml nodes into plain values and notes their lines."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.repeated: list[Repeated] = []
        self._scalars = yaml.SafeLoader("")

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        plain = self._plain(node, path)
        return _long_form(node.tag, plain) if node.tag.startswith("!") else plain

    def _plain(self, node: yaml.Node, path: KeyPath) -> Any:
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path)
            case yaml.SequenceNode():
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            case yaml.ScalarNode(tag=tag) if tag.startswith("!") or tag in _TEXT_TAGS:
                return node.value
            case _:
                return self._scalars.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                for part in _merged_nodes(value_node):
                    merged = {**self.value(part, path), **merged}
                continue
            key = self._key(key_node)
            if key in own:
                self.repeated.append(Repeated(key, self.lines[(*path, key)], key_node.start_mark.line + 1))
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            own[key] = self.value(value_node, (*path, key))
        return {**merged, **own}

    def _key(self, node: yaml.Node) -> str:
        # Unquoted `1:` or `on:` as a key is text in a template, whatever YAML 1.1 thinks of it.
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", node.start_mark)
        return str(node.value)


def _merged_nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    yield from node.value if isinstance(node, yaml.SequenceNode) else (node,)


def _long_form(tag: str, value: Any) -> dict[str, Any]:
    name = tag[1:]
    if name in ("Ref", "Condition"):
        return {name: value}
    if name == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {f"Fn::{name}": value}
