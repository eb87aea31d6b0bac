"""The variables of serverless.yml: `${self:...}`, `${opt:...}`, `${env:...}` and their kin, with defaults.

Those that only an account or foreign code could answer (`ssm`, `cf`, `s3`, JavaScript files, plugins' own) need a
default in the file or a stand-in (`--parameter 'ssm:/path=VALUE'`); else they are refused with their line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pingbox.model.findings import SourcePosition
from pingbox.templates.document import Document, KeyPath
from pingbox.templates.errors import TemplateError
from pingbox.templates.parsing import read_document

# The innermost variable: its text has no further `${`. `${AWS::Region}` and `${LogicalId}` are Fn::Sub's, not ours.
_VARIABLE = re.compile(r"\$\{(\s*[a-z]\w*(?:\([^()${}]*\)[^${}]*|\s*:(?!:)[^${}]*))\}")
_CALL = re.compile(r"(?P<source>[a-z]\w*)(?:\((?P<argument>[^()]*)\))?(?::(?P<address>.*))?$", re.DOTALL)
_DEPTH = 40
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_MISSING = object()


class Variables:
    """Resolves the variables of one serverless.yml. `files` are the further files that were read for it."""

    def __init__(
        self,
        document: Document,
        folder: Path,
        *,
        options: Mapping[str, str],
        given: Mapping[str, str],
        account_id: str,
        dotenv: Mapping[str, str] = _NO_VARIABLES,
    ) -> None:
        """`options` has at least `stage` and `region`; `dotenv` answers `env` where the environment does not."""
        self._document = document
        self._folder = folder
        self._options = options
        self._given = given
        self._account_id = account_id
        self._dotenv = dotenv
        self._read: dict[Path, Document] = {}
        self._lenient = False

    @property
    def files(self) -> tuple[str, ...]:
        """The files that `${file(...)}` brought in, in the order of reading."""
        return tuple(document.file for document in self._read.values())

    def place(self, path: KeyPath) -> SourcePosition:
        """Where a path of the file is written."""
        return self._document.place(path)

    def resolve(self, raw: Any, path: KeyPath) -> Any:
        """`raw` with all variables in it replaced. `path` is where it stands, for errors."""
        return self._resolve(raw, self._document.place(path), 0, path, self._document)

    def get(self, path: KeyPath) -> Any:
        """The resolved value at a path of the file, None when there is none."""
        found = self._walk(self._document.root, [str(part) for part in path], self._document.place(path), 0)
        if found is _MISSING:
            return None
        return self._resolve(found, self._document.place(path), 0, path, self._document)

    def get_leniently(self, path: KeyPath) -> Any:
        """The same, but variables without a value stay as written: `resolve` the parts that matter afterwards."""
        self._lenient = True
        try:
            return self.get(path)
        finally:
            self._lenient = False

    def _resolve(self, raw: Any, place: SourcePosition, depth: int, path: KeyPath | None, document: Document) -> Any:
        if depth > _DEPTH:
            raise _error(place, "variables refer to each other in a circle", received=raw)

        def inner(item: Any, key: str | int) -> Any:
            deeper = None if path is None else (*path, key)
            return self._resolve(item, place if deeper is None else document.place(deeper), depth, deeper, document)

        match raw:
            case str():
                return self._text(raw, place, depth)
            case dict():
                return {key: inner(item, key) for key, item in raw.items()}
            case list():
                return [inner(item, index) for index, item in enumerate(raw)]
            case _:
                return raw

    def _text(self, text: str, place: SourcePosition, depth: int) -> Any:
        try:
            return self._replaced(text, place, depth)
        except TemplateError:
            if self._lenient:
                return text
            raise

    def _replaced(self, text: str, place: SourcePosition, depth: int) -> Any:
        while match := _VARIABLE.search(text):
            value = self._variable(match[1], place, depth)
            if match.span() == (0, len(text)):
                return self._resolve(value, place, depth + 1, None, self._document)
            if isinstance(value, dict | list):
                raise _error(place, "a variable within a text is not text", received=match[0], expected="text")
            depth += 1
            if depth > _DEPTH:
                raise _error(place, "variables refer to each other in a circle", received=text)
            text = text[: match.start()] + _as_text(value) + text[match.end() :]
        return text

    def _variable(self, inside: str, place: SourcePosition, depth: int) -> Any:
        alternatives = [part.strip() for part in _split(inside)]
        for alternative in alternatives:
            value = self._one(alternative, place, depth, last=len(alternatives) == 1)
            if value is not _MISSING and value is not None:
                return value
        if alternatives[-1] == "null":
            return None
        name = inside.strip()
        raise _error(
            place,
            "a variable has no value",
            received="${" + name + "}",
            expected="a value that exists, or a default after a comma",
            next_step=_advice(name),
        )

    def _one(self, text: str, place: SourcePosition, depth: int, *, last: bool) -> Any:
        if _is_literal(text):
            return _literal(text)
        if text in self._given:
            return self._given[text]
        match = _CALL.fullmatch(text)
        if match is None:
            return text
        return self._from_source(match["source"], match["argument"], match["address"], place, depth, last=last)

    def _from_source(
        self, source: str, argument: str | None, address: str | None, place: SourcePosition, depth: int, *, last: bool
    ) -> Any:
        name = address or ""
        match source:
            case "self":
                return self._self(name, place, depth)
            case "opt":
                return self._options.get(name, _MISSING)
            case "env":
                return os.environ.get(name, self._dotenv.get(name, _MISSING))
            case "sls":
                return {"stage": self._options["stage"], "instanceId": "local"}.get(name, _MISSING)
            case "aws":
                return {"region": self._options["region"], "accountId": self._account_id}.get(name, _MISSING)
            case "param":
                return self._param(name, place, depth)
            case "file" if argument is not None:
                return self._file(argument.strip(), address, place, depth)
            case "strToBool" if argument is not None:
                return argument.strip().strip("'\"").lower() in ("true", "1", "yes")
            case _ if last:
                return self._unknown(source, argument, address, place)
            case _:
                return _MISSING

    def _self(self, name: str, place: SourcePosition, depth: int) -> Any:
        # As the framework has it: stage and region exist even when the file does not name them.
        if name in ("provider.stage", "provider.region"):
            return self._options[name.removeprefix("provider.")]
        parts = name.split(".") if name else []
        return self._walk(self._document.root, parts, place, depth)

    def _param(self, name: str, place: SourcePosition, depth: int) -> Any:
        if name in self._given:
            return self._given[name]
        # `stages` since version 4 of the framework, `params` before; of either the stage's own before the default.
        for stage in (self._options["stage"], "default"):
            for path in (["stages", stage, "params", name], ["params", stage, name]):
                found = self._walk(self._document.root, path, place, depth)
                if found is not _MISSING:
                    return found
        return _MISSING

    def _file(self, argument: str, address: str | None, place: SourcePosition, depth: int) -> Any:
        file = (self._folder / argument.strip("'\"")).resolve()
        if file.suffix not in (".yml", ".yaml", ".json"):
            raise _error(
                place,
                "only YAML and JSON files are read: code of the app is not run to read its declaration",
                received=f"file({argument})",
                expected="a .yml, .yaml or .json file",
                next_step="write the values into a YAML file, or give the variable a default",
            )
        if not file.is_file():
            return _MISSING
        if file not in self._read:
            self._read[file] = read_document(file)
        document = self._read[file]
        return self._walk(document.root, address.split(".") if address else [], document.place(), depth)

    def _walk(self, value: Any, parts: list[str], place: SourcePosition, depth: int) -> Any:
        for part in parts:
            if isinstance(value, str) and "${" in value:
                value = self._resolve(value, place, depth + 1, None, self._document)
            if isinstance(value, Mapping) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                return _MISSING
        return value

    def _unknown(self, source: str, argument: str | None, address: str | None, place: SourcePosition) -> Any:
        name = source + (f"({argument})" if argument is not None else "") + (f":{address}" if address else "")
        raise _error(
            place,
            "this kind of variable is answered by an account or a plugin, which are not here",
            received="${" + name + "}",
            expected="self, opt, env, sls, aws, param, file(x.yml)",
            next_step=_advice(name),
        )


def _advice(name: str) -> str:
    first = _split(name)[0].strip()
    if first.startswith("env:"):
        return f"set the environment variable {first.removeprefix('env:')}, or write ${{{first}, 'default'}}"
    return f"give it with --parameter '{first}=VALUE', or write a default: ${{{first}, 'default'}}"


def _split(inside: str) -> list[str]:
    """Split at commas outside of quotes and parentheses."""
    return re.findall(r"(?:[^,'\"(]|'[^']*'|\"[^\"]*\"|\([^)]*\))+", inside)


def _is_literal(text: str) -> bool:
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "'\""
    return quoted or text in ("true", "false", "null") or re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _literal(text: str) -> Any:
    match text:
        case "true" | "false":
            return text == "true"
        case "null":
            return None
        case _ if text[0] in "'\"":
            return text[1:-1]
        case _:
            return float(text) if "." in text else int(text)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _error(place: SourcePosition, message: str, **details: Any) -> TemplateError:
    return TemplateError(message, place=place, **details)
