"""The `[tool.pingbox]` table of pyproject.toml: handlers, routes and tables without a template.

Its keys are all here (`_APP`, `_ROUTE`, `_FUNCTION`, `_AUTHORIZER`, `_TABLE`, `_INDEX`); another key is refused, with
the nearest known one as advice. docs/guide/your-own-app.md describes them and must change with them.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pingbox.model.api import CONNECT, DEFAULT, DISCONNECT, Authorizer, Route, Stage
from pingbox.model.app import App, Table
from pingbox.model.findings import SourcePosition
from pingbox.templates.cloudformation.parameters import text_of
from pingbox.templates.cloudformation.references import StackAccount
from pingbox.templates.errors import TemplateError
from pingbox.templates.plain.app import STAGE, PlainApp, plain_route
from pingbox.templates.plain.handlers import RUNTIME

_APP = {
    "app": str,
    "name": str,
    "stage": str,
    "route-selection-expression": str,
    "code": str,
    "runtime": str,
    "timeout": (int, float),
    "memory": int,
    "environment": dict,
    "stage-variables": dict,
    "routes": dict,
    "functions": dict,
    "authorizer": dict,
    "tables": dict,
}
_FUNCTION = {"handler": str, "timeout": (int, float), "memory": int, "environment": dict}
_ROUTE = {**_FUNCTION, "function": str, "two-way": bool, "integration-timeout": (int, float)}
_AUTHORIZER = {**_FUNCTION, "identity-sources": list}
_KEYS = {"partition-key": str, "sort-key": str}
_TABLE = {**_KEYS, "name": str, "ttl": str, "indexes": dict}
_INDEX = {**_KEYS, "projection": (str, list)}
_TYPES = ("S", "N", "B")


def read_pyproject(file: Path, account: StackAccount, stage: str | None) -> App:
    """Read the table. `stage` overrides the table's own. Raises TemplateError for a key or value it does not know."""
    reader, table, project = _open(file)
    name = table.get("name") or project.get("project", {}).get("name") or file.parent.name
    return _app(reader, table, str(name), account, stage)


def _open(file: Path) -> tuple[_Reader, Mapping[str, Any], Mapping[str, Any]]:
    """The table's reader, the table with known keys only, and the whole document."""
    text = file.read_text(encoding="utf-8")
    try:
        project = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(
            f"is not TOML: {error}",
            place=SourcePosition(str(file)),
            expected="well-formed TOML",
            next_step="correct that line",
        ) from error
    table = project.get("tool", {}).get("pingbox")
    if table is None:
        raise TemplateError(
            "has no [tool.pingbox] table",
            place=SourcePosition(str(file)),
            expected="[tool.pingbox.routes] with route keys and handlers",
            next_step="add the table, or serve a template",
        )
    reader = _Reader(file, text)
    reader.check(table, _APP, ())
    return reader, table, project


def app_elsewhere(file: Path) -> str | None:
    """What `app` names instead of declaring an app here: a template or `module:ROUTES`, relative to the file.

    None without `app`. Raises TemplateError when it stands beside `routes`, which would be a second app.
    """
    reader, table, _ = _open(file)
    if "app" not in table:
        return None
    if len(table) > 1:
        others = ", ".join(key for key in table if key != "app")
        raise reader.error(
            ("app",), "stands beside a declaration", others, "app alone, or routes and the rest without it"
        )
    return str(table["app"])


def _app(reader: _Reader, table: Mapping[str, Any], name: str, account: StackAccount, stage: str | None) -> App:
    plain = PlainApp(
        account, str((reader.file.parent / table.get("code", ".")).resolve()), table.get("runtime", RUNTIME)
    )
    functions = _Functions(reader, plain, table)
    for key, settings in table.get("functions", {}).items():
        functions.declare(settings, _FUNCTION, ("functions", key), name=key)
    routes = _routes(reader, functions, table)
    return plain.app(
        kind="pyproject.toml",
        name=name,
        stage=Stage(stage or table.get("stage", STAGE), variables=_texts(table.get("stage-variables", {}))),
        routes=routes,
        expression=table.get("route-selection-expression", "$request.body.action"),
        tables=_tables(reader, table.get("tables", {})),
        files=(str(reader.file),),
    )


def _routes(reader: _Reader, functions: _Functions, table: Mapping[str, Any]) -> list[Route]:
    if not table.get("routes"):
        raise reader.error(("routes",), "has no routes", None, 'at least one, e.g. "$default" = "app.handler"')
    authorizer = _authorizer(reader, functions, table.get("authorizer"))
    return [
        _route(reader, functions, key, settings, authorizer if key == CONNECT else None)
        for key, settings in table["routes"].items()
    ]


def _route(reader: _Reader, functions: _Functions, key: str, settings: Any, authorizer: Authorizer | None) -> Route:
    path = ("routes", key)
    if key.startswith("$") and key not in (CONNECT, DISCONNECT, DEFAULT):
        raise reader.error(path, "is not a route key", key, "$connect, $disconnect, $default, or no $ at the start")
    function = functions.declare(settings, _ROUTE, path)
    details = settings if isinstance(settings, Mapping) else {}
    seconds = details.get("integration-timeout")
    return plain_route(
        key,
        function,
        two_way=details.get("two-way", False),
        timeout_ms=None if seconds is None else int(seconds * 1000),
        authorizer=authorizer,
    )


def _authorizer(reader: _Reader, functions: _Functions, settings: Any) -> Authorizer | None:
    if settings is None:
        return None
    function = functions.declare(settings, _AUTHORIZER, ("authorizer",))
    sources = tuple(str(source) for source in settings.get("identity-sources", ()))
    return Authorizer("authorizer", function, sources)


class _Functions:
    """Declares functions with the table's defaults."""

    def __init__(self, reader: _Reader, plain: PlainApp, table: Mapping[str, Any]) -> None:
        self._reader = reader
        self._plain = plain
        self._table = table

    def declare(self, settings: Any, known: Mapping[str, Any], path: tuple[str, ...], name: str | None = None) -> str:
        """The name of the function that a `"module.function"` or a table with `handler` means."""
        if isinstance(settings, str):
            settings = {"handler": settings}
        self._reader.check(settings, known, path)
        if "function" in settings:
            return self._declared(settings["function"], path)
        handler = settings.get("handler")
        if handler is None or "." not in handler:
            raise self._reader.error(path, "has no handler", handler, 'handler = "module.function"')
        return self._plain.function(
            handler,
            name=name,
            timeout=float(settings.get("timeout", self._table.get("timeout", 3.0))),
            memory=settings.get("memory", self._table.get("memory", 128)),
            environment=_texts({**self._table.get("environment", {}), **settings.get("environment", {})}),
        )

    def _declared(self, name: str, path: tuple[str, ...]) -> str:
        if name not in self._plain.functions:
            known = ", ".join(self._table.get("functions", {})) or "none is declared"
            raise self._reader.error(path, "names a function that is not in [tool.pingbox.functions]", name, known)
        return name


def _tables(reader: _Reader, tables: Mapping[str, Any]) -> list[Table]:
    return [_table(reader, key, settings) for key, settings in tables.items()]


def _table(reader: _Reader, key: str, settings: Any) -> Table:
    path = ("tables", key)
    reader.check(settings, _TABLE, path)
    attributes: dict[str, str] = {}
    parameters: dict[str, Any] = {
        "TableName": settings.get("name", key),
        "KeySchema": _key_schema(reader, settings, path, attributes),
        "BillingMode": "PAY_PER_REQUEST",
    }
    indexes = []
    for name, index in settings.get("indexes", {}).items():
        where = (*path, "indexes", name)
        reader.check(index, _INDEX, where)
        schema = _key_schema(reader, index, where, attributes)
        indexes.append({"IndexName": name, "KeySchema": schema, "Projection": _projection(index)})
    if indexes:
        parameters["GlobalSecondaryIndexes"] = indexes
    parameters["AttributeDefinitions"] = [
        {"AttributeName": name, "AttributeType": type_} for name, type_ in attributes.items()
    ]
    return Table(key, parameters, settings.get("ttl"))


def _key_schema(
    reader: _Reader, settings: Mapping[str, Any], path: tuple[str, ...], attributes: dict[str, str]
) -> list[dict[str, str]]:
    if "partition-key" not in settings:
        raise reader.error(path, "has no partition-key", None, 'partition-key = "id", or "id:N" for a number')
    schema = []
    for key, role in (("partition-key", "HASH"), ("sort-key", "RANGE")):
        if key in settings:
            name, _, type_ = settings[key].partition(":")
            if type_ not in ("", *_TYPES):
                raise reader.error((*path, key), "has an unknown type", settings[key], "NAME, NAME:S, NAME:N or NAME:B")
            attributes[name] = type_ or attributes.get(name, "S")
            schema.append({"AttributeName": name, "KeyType": role})
    return schema


def _projection(index: Mapping[str, Any]) -> dict[str, Any]:
    match index.get("projection", "ALL"):
        case list() as names:
            return {"ProjectionType": "INCLUDE", "NonKeyAttributes": names}
        case type_:
            return {"ProjectionType": str(type_).upper()}


def _texts(table: Mapping[str, Any]) -> dict[str, str]:
    return {key: text_of(value) for key, value in table.items()}


class _Reader:
    """Checks tables against their known keys, and finds the line of a key for errors."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self._lines = text.splitlines()

    def check(self, table: Any, known: Mapping[str, Any], path: tuple[str, ...]) -> None:
        """Raise TemplateError unless `table` is a table with known keys whose values have their type."""
        if not isinstance(table, dict):
            raise self.error(path, "is not a table", table, "a table with " + ", ".join(known))
        for key, value in table.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                step = f"write {near[0]}" if near else "leave it out"
                raise self.error((*path, key), "is not a key of this table", key, ", ".join(known), step)
            if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
                raise self.error((*path, key), "has the wrong type", value, _type_name(known[key]))

    def error(
        self, path: tuple[str, ...], message: str, received: object, expected: str, next_step: str = "correct it"
    ) -> TemplateError:
        """The error about `tool.pingbox` + path."""
        return TemplateError(
            message,
            place=SourcePosition(str(self.file), self._line(path)),
            logical_id=".".join(("tool", "pingbox", *path)),
            received=received,
            expected=expected,
            next_step=next_step,
        )

    def _line(self, path: tuple[str, ...]) -> int | None:
        # tomllib has no positions: look for the last key of the path below the header of its table.
        header: tuple[str, ...] = ()
        best = None
        for number, line in enumerate(self._lines, 1):
            text = line.strip()
            if text.startswith("["):
                header = tuple(part.strip().strip("\"'") for part in text.strip("[]").split("."))
            full = ("tool", "pingbox", *path)
            if header == full[: len(header)] and len(header) >= 2:
                key = text.partition("=")[0].strip().strip("\"'")
                if header == full or (len(header) < len(full) and key.split(".")[0] == full[len(header)]):
                    return number
                best = best or number
        return best


def _type_name(types: Any) -> str:
    names = {
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        dict: "a table",
        list: "a list",
    }
    members: Iterable[Any] = types if isinstance(types, tuple) else (types,)
    return " or ".join(names[member] for member in members)
