"""The variables of serverless.yml: the simple kinds are answered, the others are refused with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pingbox.templates import TemplateError
from pingbox.templates.parsing import parse_yaml
from pingbox.templates.serverless.variables import Variables

FILE = """\
service: chat
custom:
  name: ${self:service}-table
  stages: {dev: {size: 1}, prod: {size: 5}}
  chosen: ${self:custom.stages.${sls:stage}}
  list: [a, b]
  a: ${self:custom.b}
  b: ${self:custom.a}
params:
  default: {color: blue}
  prod: {color: red}
stages:
  default: {params: {shape: round, color: green}}
  prod: {params: {shape: square}}
value: @
"""


def resolved(value: str, *, stage: str = "dev", folder: Path = Path(), **given: str):
    document = parse_yaml(FILE.replace("@", value), "serverless.yml")
    options = {"stage": stage, "region": "eu-west-1"}
    variables = Variables(document, folder, options=options, given=given, account_id="000000000000")
    return variables.get(("value",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${self:service}", "chat"),
        ("${self:custom.name}", "chat-table"),
        ("x-${self:custom.name}-${opt:stage}", "x-chat-table-dev"),
        ("${self:custom.stages.prod.size}", 5),
        ("${self:custom.chosen.size}", 1),
        ("${self:custom.stages.${opt:stage}.size}", 1),
        ("${self:custom.list.1}", "b"),
        ("${self:custom.nothing, 'fallback'}", "fallback"),
        ("${self:custom.nothing, self:service}", "chat"),
        ("${opt:nothing, self:custom.nothing, 'last'}", "last"),
        ("${opt:nothing, ''}", ""),
        ("${opt:nothing, 12}", 12),
        ("${opt:nothing, true}", True),
        ("${opt:nothing, null}", None),
        ("${env:PINGBOX_TEST_UNSET, 'none, really'}", "none, really"),
        ("${sls:stage}/${aws:region}/${aws:accountId}", "dev/eu-west-1/000000000000"),
        ("${self:provider.stage}", "dev"),
        ("${param:color}", "green"),
        ("${param:shape}", "round"),
        ("${ssm:/a/b, 'stand-in'}", "stand-in"),
        ("${strToBool('true')}", True),
        ("${AWS::Region} ${SomeResource} ${SomeResource.Arn}", "${AWS::Region} ${SomeResource} ${SomeResource.Arn}"),
        ("{a: ['${self:service}']}", {"a": ["chat"]}),
    ],
)
def test_simple_kinds(text, expected):
    assert resolved(text if text.startswith("{") else f'"{text}"') == expected


def test_parameters_of_the_stage_count_more_than_defaults():
    assert resolved("${param:color}", stage="prod") == "red"
    assert resolved("${param:color}", stage="prod", color="green") == "green"


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("PINGBOX_TEST_SET", "yes")
    assert resolved("${env:PINGBOX_TEST_SET}") == "yes"


def test_files_whole_and_in_part(tmp_path: Path):
    (tmp_path / "x.yml").write_text("dev: {a: 1}\n")
    (tmp_path / "y.json").write_text('{"k": ["v"]}')
    assert resolved("${file(./x.yml)}", folder=tmp_path) == {"dev": {"a": 1}}
    assert resolved("${file(x.yml):${opt:stage}.a}", folder=tmp_path) == 1
    assert resolved("${file(y.json):k.0}", folder=tmp_path) == "v"
    assert resolved("${file(none.yml):a, 'b'}", folder=tmp_path) == "b"


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("${ssm:/a/b}", "answered by an account or a plugin", "--parameter 'ssm:/a/b=VALUE'"),
        ("${cf:stack.Output}", "answered by an account or a plugin", "cf:stack.Output=VALUE"),
        ("${file(x.js):y}", "only YAML and JSON files are read", "YAML file"),
        ("${env:PINGBOX_TEST_UNSET}", "has no value", "set the environment variable PINGBOX_TEST_UNSET"),
        ("${self:custom.nothing}", "has no value", "default"),
        ("${self:custom.a}", "in a circle", ""),
        ("x${self:custom.stages}", "is not text", ""),
    ],
)
def test_the_others_are_refused_with_line_and_advice(text, message, advice):
    with pytest.raises(TemplateError, match=message) as caught:
        resolved(f'"{text}"')
    assert caught.value.place.line == 15
    assert advice in (caught.value.next_step or "")


def test_a_stand_in_answers_for_the_account():
    assert resolved("${ssm:/a/b}", **{"ssm:/a/b": "here"}) == "here"
