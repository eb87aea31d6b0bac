"""`pingbox serve --explain`: what was understood of an app, in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pingbox.model.api import Api, LambdaProxy, Route, Stage, TemplatedIntegration, Throttle
from pingbox.model.app import App, Table
from pingbox.model.findings import Level
from pingbox.model.function import FunctionSpec
from pingbox.templates.cloudformation.resources.functions import code_problem


def explain(app: App) -> str:
    """APIs with routes, functions, tables, outputs, what is ignored and why, and the findings.

    Shows names of environment variables and ids of API keys, never their values.
    """
    return "\n".join(_lines(app)) + "\n"


def _lines(app: App) -> Iterator[str]:
    yield f"{app.source} ({app.kind})"
    for api in app.apis:
        yield from _api(api)
    yield from _section("Functions", _columns(_function(function) for function in app.functions))
    yield from _section("Tables", _columns(_table(table) for table in app.tables))
    yield from _section("Resources", _columns((one.name, one.type) for one in app.resources))
    yield from _section("Outputs", _columns((output.name, output.value) for output in app.outputs))
    yield from _section("Not here", _columns((item.logical_id, item.type, item.reason) for item in app.ignored))
    for title, level in (("Warnings", Level.WARNING), ("Only here", Level.LOCAL), ("Advice", Level.ADVICE)):
        yield from _section(title, [str(finding) for finding in app.findings if finding.level is level])


def _api(api: Api) -> Iterator[str]:
    yield ""
    yield f"API {api.name} ({api.api_id}), routes by {api.route_selection_expression}"
    for stage in api.stages:
        yield "  " + _stage(stage)
    if api.api_keys:
        yield f"  API keys {', '.join(api.api_keys.values())}, from {api.api_key_selection_expression}"
    for line in _columns(_route(route) for route in api.routes):
        yield "  " + line


def _stage(stage: Stage) -> str:
    parts = [f"stage {stage.name}"]
    if stage.variables:
        parts.append("variables " + ", ".join(stage.variables))
    if stage.throttle != Throttle():
        parts.append(_throttle(stage.throttle))
    parts += [f"{key} {_throttle(throttle)}" for key, throttle in stage.route_throttles.items()]
    return "; ".join(parts)


def _throttle(throttle: Throttle) -> str:
    rate = "any rate" if throttle.rate is None else f"{throttle.rate:g} a second"
    return rate if throttle.burst is None else f"{rate}, bursts of {throttle.burst}"


def _route(route: Route) -> tuple[str, ...]:
    notes = []
    if route.authorizer is not None:
        sources = ", ".join(route.authorizer.identity_sources) or "nothing"
        notes.append(f"authorizer {route.authorizer.function} ({sources})")
    elif route.authorization != "NONE":
        notes.append(route.authorization)
    if route.api_key_required:
        notes.append("API key")
    if route.two_way:
        notes.append("two-way")
    if route.request_models:
        notes.append("models " + ", ".join(route.request_models))
    return route.route_key, _target(route), "; ".join(notes)


def _target(route: Route) -> str:
    match route.integration:
        case None:
            return "-> nothing"
        case LambdaProxy(function=function):
            return f"-> {function}"
        case TemplatedIntegration(type=type_, target=target):
            return f"-> {type_}" if target is None else f"-> {type_} {target}"


def _function(function: FunctionSpec) -> tuple[str, ...]:
    problem = code_problem(function)
    found = "" if problem is None else "NOT FOUND"
    variables = "variables " + ", ".join(function.environment) if function.environment else ""
    limits = f"{function.timeout:g} s, {function.memory} MB"
    return function.name, function.handler, function.runtime, limits, _near(function.code), found, variables


def _near(folder: str) -> str:
    """The path from the working directory when it is below it."""
    path = Path(folder)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else folder


def _table(table: Table) -> tuple[str, ...]:
    indexes = [
        f"{index['IndexName']} ({_keys(index['KeySchema'])})"
        for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        for index in table.parameters.get(name, ())
    ]
    ttl = "" if table.ttl_attribute is None else f"TTL {table.ttl_attribute}"
    return table.name, _keys(table.parameters["KeySchema"]), "indexes " + ", ".join(indexes) if indexes else "", ttl


def _keys(schema: Iterable[dict[str, str]]) -> str:
    return ", ".join(key["AttributeName"] for key in schema)


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        for line in lines:
            yield f"  {line}"


def _columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    table = list(rows)
    if not table:
        return []
    used = [index for index in range(len(table[0])) if any(row[index] for row in table)]
    widths = {index: max(len(row[index]) for row in table) for index in used}
    return ["  ".join(row[index].ljust(widths[index]) for index in used).rstrip() for row in table]
