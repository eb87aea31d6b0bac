"""The judges of a template: our rules in this process, the outside tools in environments of their own."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pingbox.chat.app import TOKEN_PARAMETER
from pingbox.templates import TemplateError, read_app

Documents = Mapping[str, Mapping[str, Any]]
Verdicts = dict[str, list[str]]

_ROOT = Path(__file__).resolve().parents[3]
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:123456789012:table/{0}",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/{0}",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:123456789012:function:{0}",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:123456789012:log-group:{0}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{0}",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:123456789012:{0}",
}
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "TokenParameter": "/pingbox/dev/token",
}


def by_rules(documents: Documents) -> Verdicts:
    """Our own reader of templates with its rules."""
    return {name: findings(document) for name, document in documents.items()}


def findings(document: Mapping[str, Any]) -> list[str]:
    """What the reader notices in a template of the chat, and what it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.json"
        file.write_text(json.dumps(document))
        code = {f"code:{name}": str(_ROOT) for name in document["Resources"]}
        given = {**code, "CodeBucket": "bucket", "CodeKey": "key", "TokenParameter": TOKEN_PARAMETER}
        try:
            app = read_app(file, parameters=given, endpoint="http://127.0.0.1:1")
        except TemplateError as error:
            return [str(error)]
        return [finding.text for finding in app.findings]


def by_lint(documents: Documents) -> Verdicts:
    """cfn-lint."""
    return _run("static", "lint", documents)


def by_validate(documents: Documents) -> Verdicts:
    """AWS's cloudformation-validate with the rules of cdk-preflight."""
    return _run("static", "validate", documents)


def by_policies(documents: Documents) -> Verdicts:
    """parliament on the roles' policies."""
    return _run("parliament", "policies", {name: policies_of(document) for name, document in documents.items()})


JUDGES: Mapping[str, Callable[[Documents], Verdicts]] = {
    "rules": by_rules,
    "lint": by_lint,
    "validate": by_validate,
    "policies": by_policies,
}


def parliament(policies: Mapping[str, Any]) -> list[str]:
    """parliament on policies that need no resolving, by name."""
    return _run("parliament", "policies", {"": policies})[""]


def policies_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The inline policies of all roles, by role, with plausible ARNs in place of CloudFormation's functions."""
    resources = document["Resources"]
    return {
        role: resolved(policy["PolicyDocument"], resources)
        for role, entry in resources.items()
        if entry["Type"] == "AWS::IAM::Role"
        for policy in entry["Properties"].get("Policies", ())
    }


def resolved(value: Any, resources: Mapping[str, Any]) -> Any:
    """The value as it might look once deployed."""
    match value:
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return _ARNS[resources[name]["Type"]].format(name)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: _variable(found[1], resources), text)
        case Mapping():
            return {key: resolved(part, resources) for key, part in value.items()}
        case list():
            return [resolved(part, resources) for part in value]
    return value


def _variable(name: str, resources: Mapping[str, Any]) -> str:
    if name in _PSEUDO:
        return _PSEUDO[name]
    logical_id, _, attribute = name.partition(".")
    return _ARNS[resources[logical_id]["Type"]].format(logical_id) if attribute == "Arn" else logical_id


def _run(environment: str, judge: str, request: Any) -> Verdicts:
    python = _ROOT / ".venv-deploy" / environment / "bin" / "python"
    assert python.is_file(), "the tools are not installed: run `make test-deploy`"
    script = _ROOT / "tests" / "deploy" / "static" / "judges" / f"{judge}.py"
    done = subprocess.run(
        [str(python), str(script)], input=json.dumps(request), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    verdicts: Verdicts = json.loads(done.stdout)
    return verdicts


def handler_actions(types: list[str]) -> dict[str, list[str]]:
    """The IAM actions that CloudFormation's handlers of these resource types declare."""
    return _run("static", "handlers", types)
