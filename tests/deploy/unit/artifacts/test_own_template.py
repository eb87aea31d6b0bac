"""Somebody's own template: read with its short forms, its code packed, its parameters checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pingbox.deploy.artifacts.own_findings import own_findings
from pingbox.deploy.artifacts.own_template import own_desired
from pingbox.deploy.artifacts.raw_template import parse_template
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.target import DeployTarget

TARGET = DeployTarget("mine", "dev", "eu-central-1", "123456789012")

TEMPLATE = """
Parameters:
  Stage: {Type: String}
  Size: {Type: Number, Default: 1}
Resources:
  Echo:
    Type: AWS::Lambda::Function
    Properties:
      Code: src
      Role: !GetAtt Role.Arn
      Handler: app.handler
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: []}
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("def handler(event, context): ...\n")
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    return file


def test_code_beside_the_template_is_packed_and_named(mine: Path) -> None:
    desired = own_desired(TARGET, mine, {})
    [artifact] = desired.artifacts
    assert json.loads(desired.template)["Resources"]["Echo"]["Properties"]["Code"] == {
        "S3Bucket": TARGET.artifact_bucket,
        "S3Key": f"mine/dev/{artifact.key}",
    }


def test_the_same_code_has_the_same_name(mine: Path) -> None:
    """Otherwise a second deploy would never say "no changes"."""
    assert own_desired(TARGET, mine, {}) == own_desired(TARGET, mine, {})


def test_a_sam_template_is_packed_in_its_own_words(mine: Path) -> None:
    mine.write_text(TEMPLATE.replace("AWS::Lambda::Function", "AWS::Serverless::Function").replace("Code:", "CodeUri:"))
    code = json.loads(own_desired(TARGET, mine, {}).template)["Resources"]["Echo"]["Properties"]["CodeUri"]
    assert set(code) == {"Bucket", "Key"}


def test_the_stage_is_passed_to_a_template_that_asks_for_it(mine: Path) -> None:
    assert own_desired(TARGET, mine, {"Size": "2"}).parameters == {"Stage": "dev", "Size": "2"}


def test_it_has_no_page_and_no_secret_of_ours(mine: Path) -> None:
    desired = own_desired(TARGET, mine, {})
    assert (desired.site, desired.secret, desired.guests) == (None, False, False)


def test_a_parameter_it_does_not_have_is_refused(mine: Path) -> None:
    with pytest.raises(DeployRefusedError, match="Sise"):
        own_desired(TARGET, mine, {"Sise": "2"})


def test_code_that_is_not_there_is_refused(mine: Path) -> None:
    mine.write_text(TEMPLATE.replace("Code: src", "Code: scr"))
    with pytest.raises(DeployRefusedError, match=r"Echo\.Code"):
        own_desired(TARGET, mine, {})


@pytest.mark.parametrize(
    "text",
    [
        "Resources: [",
        "just text",
        "",
        "Resources:\n",
        "Resources: {}\n",
        "- a\n- list\n",
        "Resources: {A: text}",
        "Resources: [A]",
        "Resources: {A: {Properties: {}}}",
        "Resources: {A: {Type: T, Properties: text}}",
        "Resources: {A: {Type: T}}\nParameters: text",
    ],
)
def test_what_is_no_template_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(DeployRefusedError, match=r"mine\.yaml"):
        parse_template(text, "mine.yaml")


def test_a_mistake_is_told_in_one_line() -> None:
    with pytest.raises(DeployRefusedError, match=r"^mine\.yaml:2: is not YAML: ") as refused:
        parse_template("Resources:\n  A: {B: [}", "mine.yaml")
    assert "\n" not in str(refused.value)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "photo.yaml"
    file.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DeployRefusedError, match="cannot be read"):
        own_desired(TARGET, file, {})


def test_loops_are_left_to_cloudformation(mine: Path) -> None:
    """`Fn::ForEach` stands among the resources and is a list."""
    loop = '  "Fn::ForEach::Q": [N, [A, B], {"${N}": {Type: AWS::SQS::Queue}}]'
    mine.write_text(TEMPLATE.replace("Resources:", f"Resources:\n{loop}"))
    document = json.loads(own_desired(TARGET, mine, {}).template)
    assert document["Resources"]["Fn::ForEach::Q"][0] == "N"
    assert own_findings(TARGET, mine, {}, {})[-1].startswith("not checked any further: ")


def test_short_forms_become_long_ones() -> None:
    document = parse_template(
        "Resources:\n"
        "  A:\n"
        "    Type: T\n"
        "    Condition: !Equals [!Ref B, '']\n"
        "    Value: !GetAtt A.B.C\n"
        "    List: !GetAtt [A, B]\n"
        "    Text: !Sub 'x-${A}'\n"
        "    If: !If [!Condition C, 1, !Ref AWS::NoValue]\n"
        "    Date: 2012-10-17\n",
        "t",
    ).root
    assert document["Resources"]["A"] == {
        "Type": "T",
        "Condition": {"Fn::Equals": [{"Ref": "B"}, ""]},
        "Value": {"Fn::GetAtt": ["A", "B.C"]},
        "List": {"Fn::GetAtt": ["A", "B"]},
        "Text": {"Fn::Sub": "x-${A}"},
        "If": {"Fn::If": [{"Condition": "C"}, 1, {"Ref": "AWS::NoValue"}]},
        "Date": "2012-10-17",
    }
