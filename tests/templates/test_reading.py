# ruff: noqa: E501 -- templates are quoted as they are written
"""What the user named is found, and what was understood is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pingbox.model.findings import SourcePosition
from pingbox.templates import TemplateError, explain, read_app, stack_name

ENDPOINT = "http://127.0.0.1:3001"


@pytest.mark.parametrize("name", ["template.yaml", "template.yml"])
def test_a_folder_stands_for_its_template(read, smallest, tmp_path: Path, name):
    read(smallest(), name)
    app = read_app(tmp_path / "my-app", endpoint=ENDPOINT)
    assert app.files == (str(tmp_path / "my-app" / name),)


def test_a_template_in_json_is_the_same_app(read, smallest):
    import json

    from pingbox.templates.parsing import parse_yaml

    as_json = json.dumps(parse_yaml(smallest(), "t").root, indent="\t")
    from_yaml, from_json = read(smallest()), read(as_json, "template.json")
    assert (from_json.apis, from_json.functions) == (from_yaml.apis, from_yaml.functions)


def test_a_serverless_file_of_another_name_is_recognised(read):
    text = "service: x\nprovider: {name: aws}\nfunctions: {f: {handler: code/app.h, runtime: python3.13, events: [websocket: $default]}}\n"
    assert read(text, "live.yml").kind == "serverless.yml"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing", "neither a file nor a folder"),
        ("empty", "nothing to serve"),
        ("readme.md", "not a kind of file"),
        ("list.yaml", "the template is not a map"),
    ],
)
def test_what_is_no_app_is_refused_with_the_next_step(tmp_path: Path, path, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.md").write_text("hi")
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(TemplateError, match=message) as caught:
        read_app(tmp_path / path, endpoint=ENDPOINT)
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("file", "next_step"),
    [
        (
            "serverless.ts",
            "run serverless package, then pingbox serve .serverless/cloudformation-template-update-stack.json",
        ),
        (".chalice/config.json", "run chalice package out, then pingbox serve out/sam.json"),
        ("main.tf", "Terraform is not read; name the handlers in a [tool.pingbox] table of pyproject.toml"),
        ("infra/template.yml", "there is infra/template.yml: pingbox serve {folder}/infra/template.yml"),
    ],
)
def test_a_folder_of_another_tool_is_told_the_way(tmp_path: Path, file, next_step):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("")
    with pytest.raises(TemplateError, match="the folder has nothing to serve") as caught:
        read_app(tmp_path, endpoint=ENDPOINT)
    assert caught.value.next_step == next_step.format(folder=tmp_path)


def test_a_program_that_is_named_itself_is_told_the_same(tmp_path: Path):
    (tmp_path / "serverless.ts").write_text("export default {}")
    with pytest.raises(TemplateError, match="not a kind of file") as caught:
        read_app(tmp_path / "serverless.ts", endpoint=ENDPOINT)
    assert "run serverless package" in caught.value.next_step


def test_an_error_reads_place_thing_received_expected_next_step(refusal, smallest, tmp_path: Path):
    error = refusal(smallest().replace("StageName: prod", "StageName: $default"))
    assert str(error).splitlines() == [
        f"{tmp_path}/my-app/template.yaml:13: Stage: AWS::ApiGatewayV2::Stage has a wrong StageName",
        "  received: $default",
        "  expected: a name of letters, digits, - and _ ($default is for HTTP APIs; HS-2)",
        "  next step: correct StageName in the template",
    ]


def test_a_place_below_the_working_directory_is_named_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert str(SourcePosition(str(tmp_path / "a" / "template.yaml"), 3)) == "a/template.yaml:3"
    assert str(SourcePosition("/elsewhere/template.yaml")) == "/elsewhere/template.yaml"


@pytest.mark.parametrize(("folder", "name"), [("my app_2", "my-app-2"), ("2048", "app-2048"), ("ä", "app")])
def test_a_stack_is_named_after_its_folder(folder, name):
    assert stack_name(folder) == name


def test_explain_tells_everything_and_no_values(read, smallest):
    text = smallest(
        "  Queue: {Type: AWS::SQS::Queue}\n"
        "  T: {Type: AWS::DynamoDB::Table, Properties: {AttributeDefinitions: [{AttributeName: k, AttributeType: S}],"
        " KeySchema: [{AttributeName: k, KeyType: HASH}]}}\n"
    ).replace("Code: code}}", "Code: code, Environment: {Variables: {TOKEN: hush}}}}")
    told = explain(read(text))
    for part in (
        "API chat",
        "stage prod",
        "$connect",
        "-> Fn",
        "app.handler",
        "T",
        "Queue",
        "AWS::SQS::Queue",
        "TOKEN",
    ):
        assert part in told
    assert "hush" not in told


def test_explain_marks_code_that_is_missing(read, smallest):
    assert "NOT FOUND" in explain(read(smallest().replace("app.handler", "other.handler")))


def test_importing_the_reader_imports_neither_the_sam_translator_nor_boto3():
    code = (
        "import sys; import pingbox.templates; "
        "print([name for name in ('samtranslator', 'boto3', 'moto') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
