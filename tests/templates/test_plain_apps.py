"""Apps without a template: `module:function`, `module:ROUTES` and the [tool.pingbox] table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pingbox.model.api import Authorizer, LambdaProxy, Route, Stage
from pingbox.templates import TemplateError, read_app

ENDPOINT = "http://127.0.0.1:3001"
MODULE = """\
import other
from package.deep import far as near
raise RuntimeError("this module is read, never run")
def handler(event, context): ...
def send(event, context): ...
ROUTES = {
    "$connect": handler,
    "sendmessage": send,
    "near": near,
    "far": other.thing,
    "text": "somewhere.else",
}
UNREADABLE = {"a": handler, **other.MORE}
made = other.decorated(handler)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "app.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_function_serves_all_three_special_routes(folder: Path):
    app = read_app("app:handler", endpoint=ENDPOINT)
    assert app.kind == "handlers"
    assert app.apis[0].routes == tuple(
        Route(key, LambdaProxy("app-handler")) for key in ("$connect", "$disconnect", "$default")
    )
    (function,) = app.functions
    assert (function.handler, function.code) == ("app.handler", str(folder))
    assert function.runtime == f"python3.{sys.version_info.minor}"
    assert app.apis[0].stages == (Stage("dev"),)
    assert app.warnings == ()


def test_what_is_made_by_a_call_or_imported_can_be_a_handler(folder: Path):
    assert read_app("app:made", endpoint=ENDPOINT).functions[0].handler == "app.made"
    assert read_app("app:near", endpoint=ENDPOINT).functions[0].handler == "package.deep.far"


def test_a_mapping_is_read_without_running_the_module(folder: Path):
    app = read_app("app:ROUTES", endpoint=ENDPOINT, stage="x")
    assert {function.handler for function in app.functions} == {
        "app.handler",
        "app.send",
        "package.deep.far",
        "other.thing",
        "somewhere.else",
    }
    assert app.apis[0].route("far").integration == LambdaProxy("other-thing")
    assert app.apis[0].stages == (Stage("x"),)


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("app:UNREADABLE", "cannot be read without running", 13),
        ("app:nobody", "has no such name", None),
        ("nomodule:handler", "there is no such module", None),
    ],
)
def test_what_cannot_be_read_is_refused(folder: Path, source, message, line):
    with pytest.raises(TemplateError, match=message) as caught:
        read_app(source, endpoint=ENDPOINT)
    assert caught.value.place.line == line


TABLE = """\
[project]
name = "poll"

[tool.pingbox]
route-selection-expression = "$request.body.type"
stage = "beta"
code = "src"
timeout = 5
memory = 256

[tool.pingbox.environment]
LIMIT = 3

[tool.pingbox.stage-variables]
motto = "go"

[tool.pingbox.routes]
"$connect" = "app.connect"
"$default" = { function = "worker" }
vote = { handler = "app.vote", two-way = true, timeout = 9, integration-timeout = 2.5, environment = { LIMIT = 4 } }

[tool.pingbox.functions.worker]
handler = "work.run"

[tool.pingbox.authorizer]
handler = "auth.check"
identity-sources = ["route.request.querystring.token"]

[tool.pingbox.tables.votes]
partition-key = "poll"
sort-key = "at:N"
ttl = "expires"

[tool.pingbox.tables.votes.indexes.by-voter]
partition-key = "voter"
sort-key = "at"
projection = ["choice"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    for name in ("app", "work", "auth"):
        (tmp_path / "src" / f"{name}.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(TABLE)
    return tmp_path


def test_the_whole_table(project: Path):
    app = read_app(project, endpoint=ENDPOINT)
    (api,) = app.apis
    assert (api.name, api.route_selection_expression) == ("poll", "$request.body.type")
    assert api.stages == (Stage("beta", {"motto": "go"}),)
    authorizer = Authorizer("authorizer", "auth-check", ("route.request.querystring.token",))
    assert api.routes == (
        Route("$connect", LambdaProxy("app-connect"), authorization="CUSTOM", authorizer=authorizer),
        Route("$default", LambdaProxy("worker")),
        Route("vote", LambdaProxy("app-vote", 2500), two_way=True),
    )
    vote = app.function("app-vote")
    assert (vote.timeout, vote.memory, vote.environment) == (9.0, 256, {"LIMIT": "4"})
    assert app.function("worker").environment == {"LIMIT": "3"}
    assert app.warnings == ()


def test_its_tables_are_arguments_of_create_table(project: Path):
    (table,) = read_app(project, endpoint=ENDPOINT).tables
    assert table.ttl_attribute == "expires"
    assert table.parameters == {
        "TableName": "votes",
        "KeySchema": [{"AttributeName": "poll", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-voter",
                "KeySchema": [
                    {"AttributeName": "voter", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["choice"]},
            }
        ],
        "AttributeDefinitions": [
            {"AttributeName": "poll", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "voter", "AttributeType": "S"},
        ],
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ('stage = "beta"', 'stagge = "beta"', 6, "write stage"),
        ("memory = 256", 'memory = "much"', 9, "a whole number"),
        ("two-way = true", 'two-way = "yes"', 20, "true or false"),
        ('"app.connect"', '"connect"', 18, "module.function"),
        ('function = "worker"', 'function = "walker"', 19, "worker"),
        ('"$connect"', '"$join"', 18, "$connect, $disconnect, $default"),
        ('partition-key = "poll"\n', "", 29, "partition-key"),
        ('"at:N"', '"at:number"', 31, "NAME:N"),
    ],
)
def test_a_key_or_value_it_does_not_know_is_refused_with_line_and_advice(project: Path, old, new, line, part):
    assert old in TABLE
    (project / "pyproject.toml").write_text(TABLE.replace(old, new, 1))
    with pytest.raises(TemplateError) as caught:
        read_app(project, endpoint=ENDPOINT)
    assert part in str(caught.value)
    assert caught.value.place.line == line


def test_a_table_without_routes_is_refused(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.pingbox]\nstage = 'x'\n")
    with pytest.raises(TemplateError, match="has no routes"):
        read_app(tmp_path, endpoint=ENDPOINT)
