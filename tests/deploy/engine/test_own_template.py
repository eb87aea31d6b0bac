"""A template of one's own, deployed: its code, its layer and what is nested in it arrive and run."""

from __future__ import annotations

import json
from pathlib import Path

from support.deploy.command import Pingbox
from support.deploy.ministack import Account

ROLE = """\
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]}
"""  # noqa: E501 - a template is quoted as it is written
FUNCTION = """\
  Fn:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.13, Handler: app.handler, Code: code, Role: !GetAtt Role.Arn%s}
"""
NESTED = "Resources:\n" + ROLE + FUNCTION % "" + "Outputs: {Name: {Value: !Ref Fn}}\n"
OUTER = (
    "Resources:\n"
    + ROLE
    + "  Words: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layer}}\n"
    + FUNCTION % ", Layers: [!Ref Words]"
    + "  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner/template.yaml}}\n"
    + "Outputs: {Outer: {Value: !Ref Fn}, Inner: {Value: !GetAtt Inner.Outputs.Name}}\n"
)
CODE = "import words\n\ndef handler(event, context):\n    return words.HELLO\n"


def test_code_layers_and_nested_templates_arrive_and_run(pingbox: Pingbox, account: Account, tmp_path: Path) -> None:
    files = {
        "template.yaml": OUTER,
        "code/app.py": CODE,
        "layer/python/words.py": "HELLO = 'from the layer'\n",
        "inner/template.yaml": NESTED,
        "inner/code/app.py": CODE,
        "inner/code/words.py": "HELLO = 'from the nested stack'\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    template = str(tmp_path / "template.yaml")
    said = pingbox("deploy", "--template", template, "--app", "mine", "--yes", "--json")
    outputs = json.loads(said.stdout)["outputs"]
    client = account.client("lambda")
    answers = {name: json.load(client.invoke(FunctionName=outputs[name])["Payload"]) for name in ("Outer", "Inner")}
    assert answers == {"Outer": "from the layer", "Inner": "from the nested stack"}
    assert "no changes" in pingbox("deploy", "--template", template, "--app", "mine", "--yes").output
