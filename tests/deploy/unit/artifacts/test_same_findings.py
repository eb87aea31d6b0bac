"""`serve` and `deploy` say the same of a template: each fault by its name, with its line."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pingbox.cli import main

APPS = Path(__file__).parents[3] / "apps"
CDK = Path(__file__).parents[3] / "templates" / "cloudformation" / "cdk_stack.template.json"
TEMPLATES = sorted(path for path in APPS.glob("*/template.*") if path.suffix in (".yaml", ".yml", ".json"))


@dataclass(frozen=True)
class Said:
    """What a command says of a template: its findings, and what it refuses."""

    findings: frozenset[str]
    refusal: str | None = None


def served(file: Path, *parameters: str) -> Said:
    """What `pingbox serve --explain` says."""
    result = CliRunner().invoke(main, ["serve", str(file), "--explain", *parameters])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    if result.exit_code:
        return Said(frozenset(), result.stderr.removeprefix("Error: ").strip())
    found, title = set(), ""
    for line in result.stdout.splitlines():
        title = line if line and not line.startswith(" ") else title
        if title in ("Warnings", "Advice") and line.startswith("  "):
            found.add(f"{'warning' if title == 'Warnings' else 'advice'}: {line.strip()}")
    return Said(frozenset(found))


def deployed(file: Path, *parameters: str) -> Said:
    """What `pingbox deploy` says before anything is uploaded."""
    result = CliRunner().invoke(main, ["deploy", "--template", str(file), "--dry-run", *parameters])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 0, result.stderr
    text = result.stderr
    for kind in ("error: ", "not checked any further: "):
        if kind in text:
            return Said(frozenset(), text[text.index(kind) + len(kind) :].strip())
    return Said(frozenset(text.splitlines()))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.parent.name)
def test_every_app_of_the_tests(file: Path) -> None:
    conversation = json.loads((file.parent / "conversation.json").read_text())
    parameters = [f"--parameter={name}={value}" for name, value in conversation.get("parameters", {}).items()]
    said = served(file, *parameters)
    assert said == deployed(file, *parameters)
    assert said.refusal is None
    assert said.findings


def test_a_template_that_the_cdk_synthesised(tmp_path: Path) -> None:
    file = tmp_path / "ChatStack.template.json"
    shutil.copy(CDK, file)
    (tmp_path / "asset.f1d5").mkdir()
    (tmp_path / "asset.f1d5" / "index.js").write_text("exports.handler = async () => ({statusCode: 200});")
    said = served(file)
    assert said == deployed(file)
    assert said.findings


PLAIN = """\
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: chat, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Fn: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13, Handler: app.handler, Code: code}}
  Int:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
  Connect: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: $connect, Target: !Sub "integrations/${Int}"}}
  Default: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub "integrations/${Int}"}}
  Deployment: {Type: AWS::ApiGatewayV2::Deployment, DependsOn: [Connect, Default], Properties: {ApiId: !Ref Api}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: prod, DeploymentId: !Ref Deployment}}
  Perm: {Type: AWS::Lambda::Permission, Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref Fn, Principal: apigateway.amazonaws.com}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      BillingMode: PAY_PER_REQUEST
"""  # noqa: E501 - a template is quoted as it is written
SAM = "Transform: AWS::Serverless-2016-10-31\n" + PLAIN.replace(
    "Type: AWS::Lambda::Function", "Type: AWS::Serverless::Function"
).replace("Code: code", "CodeUri: code")

GUARD = """\
  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      {ApiId: !Ref Api, Name: guard, AuthorizerType: REQUEST, IdentitySource: [route.request.header.Auth],
       AuthorizerUri: !Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}
"""
GUARDED = ("RouteKey: $connect,", "RouteKey: $connect, AuthorizationType: CUSTOM, AuthorizerId: !Ref Guard,")
FUNCTION = "Handler: app.handler,"
STAGE = "StageName: prod,"


def edit(*changes: tuple[str, str], more: str = "") -> tuple[tuple[tuple[str, str], ...], str]:
    return changes, more


FAULTS = {
    "missing permission": (edit(("FunctionName: !Ref Fn", "FunctionName: other")), "no AWS::Lambda::Permission lets"),
    "deployment without DependsOn": (edit(("DependsOn: [Connect, Default], ", "")), "does not depend on the routes"),
    "JWT authorizer": (edit(GUARDED, more=GUARD.replace("REQUEST", "JWT")), "WebSocket APIs have no other"),
    "identity source of REST": (
        edit(GUARDED, more=GUARD.replace("[route.request", "[$request")),
        "AWS::ApiGatewayV2::Authorizer has a wrong IdentitySource",
    ),
    "stage $default": (edit((STAGE, "StageName: $default,")), "AWS::ApiGatewayV2::Stage has a wrong StageName"),
    "duplicate routes": (edit(("RouteKey: $default", "RouteKey: $connect")), "no other route of the API has"),
    "route key with a dollar": (edit(("RouteKey: $default", "RouteKey: $message")), "does not begin with $"),
    "function of 60 s": (edit((FUNCTION, FUNCTION + " Timeout: 60,")), "its Timeout is 60 s"),
    "integration of 60 s": (
        edit(("IntegrationType: AWS_PROXY", "TimeoutInMillis: 60000\n      IntegrationType: AWS_PROXY")),
        "50 to 29000 milliseconds",
    ),
    "reserved variable": (
        edit((FUNCTION, FUNCTION + " Environment: {Variables: {AWS_REGION: x}},")),
        "AWS_REGION is reserved",
    ),
    "variables over 4 KB": (
        edit((FUNCTION, FUNCTION + " Environment: {Variables: {A: " + "x" * 4096 + "}},")),
        "its variables exceed 4 KB",
    ),
    "unused attribute": (
        edit(("AttributeDefinitions: [", "AttributeDefinitions: [{AttributeName: other, AttributeType: S}, ")),
        "exactly the attributes of the keys and indexes",
    ),
    "key without attribute": (
        edit(("[{AttributeName: id, AttributeType: S}]", "[]")),
        "exactly the attributes of the keys and indexes",
    ),
    "two hash keys": (
        edit(("[{AttributeName: id, KeyType: HASH}]", "[{AttributeName: id, KeyType: RANGE}]")),
        "one HASH key, and at most one RANGE key after it",
    ),
    "capacity that is not said": (
        edit(("      BillingMode: PAY_PER_REQUEST\n", "")),
        "has neither BillingMode PAY_PER_REQUEST nor ProvisionedThroughput",
    ),
    "local index without a range key": (
        edit(
            (
                "AttributeDefinitions: [{AttributeName: id, AttributeType: S}]",
                "AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: at, AttributeType: S}]\n"
                "      LocalSecondaryIndexes: [{IndexName: ByTime, Projection: {ProjectionType: ALL}, KeySchema: "
                "[{AttributeName: id, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]}]",
            )
        ),
        "on a table that has a RANGE key, too",
    ),
    "log role": (
        edit((STAGE, STAGE + " DefaultRouteSettings: {LoggingLevel: INFO},")),
        "has no role for API Gateway's logs",
    ),
    "unknown $context variable": (
        edit((STAGE, STAGE + " AccessLogSettings: {DestinationArn: x, Format: '$context.conectionId'},")),
        "$context.conectionId, which a WebSocket API does not know",
    ),
    "no selection expression": (
        edit((", RouteSelectionExpression: $request.body.action", "")),
        "has no RouteSelectionExpression",
    ),
    "bare integration as target": (
        edit(('RouteKey: $connect, Target: !Sub "integrations/${Int}"', "RouteKey: $connect, Target: !Ref Int")),
        "integrations/INTEGRATION",
    ),
    "authorization on a message": (
        edit(("RouteKey: $default,", "RouteKey: $default, AuthorizationType: AWS_IAM,")),
        "only $connect can be authorized",
    ),
    "protocol that does not exist": (edit(("ProtocolType: WEBSOCKET", "ProtocolType: SOCKET")), "WEBSOCKET or HTTP"),
    "stage that nothing is deployed to": (
        edit((", DeploymentId: !Ref Deployment", "")),
        "neither DeploymentId nor AutoDeploy",
    ),
    "handler without a dot": (edit(("app.handler", "handler")), "it must be module.function"),
    "handler that is not there": (edit(("app.handler", "ap.handler")), "its handler ap.handler has no file ap.py"),
    "memory that is too small": (edit((FUNCTION, FUNCTION + " MemorySize: 64,")), "MemorySize 64 is not 128 to 10240"),
    "permission for another service": (
        edit(("Principal: apigateway.amazonaws.com", "Principal: events.amazonaws.com")),
        "no AWS::Lambda::Permission lets",
    ),
    "permission for another action": (
        edit(("lambda:InvokeFunction", "lambda:GetFunction")),
        "no AWS::Lambda::Permission lets",
    ),
    "reference to nothing": (edit(("ApiId: !Ref Api, RouteKey: $connect", "ApiId: !Ref Ap, RouteKey: $connect")), "Ap"),
}


@pytest.mark.parametrize("kind", ["plain", "sam"])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_named_by_both_with_its_line(fault: str, kind: str, tmp_path: Path) -> None:
    (changes, more), words = FAULTS[fault]
    text = PLAIN if kind == "plain" else SAM
    for old, new in changes:
        assert old in text, f"the fault {fault} changes nothing"
        text = text.replace(old, new)
    file = tmp_path / "template.yaml"
    file.write_text(text + more)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("def handler(event, context): ...\n")
    said = served(file)
    assert deployed(file) == said
    named = said.refusal or "\n".join(one for one in said.findings if words in one)
    assert words in named
    assert f"{file}:" in named


@pytest.mark.parametrize("text", [PLAIN, SAM], ids=["plain", "sam"])
def test_without_a_fault_there_is_no_warning(text: str, tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(text)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("def handler(event, context): ...\n")
    assert [one for one in served(file).findings if one.startswith("warning")] == []


def test_what_only_the_emulator_cannot_do_does_not_stop_a_deploy(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text("Resources: {Queue: {Type: AWS::SQS::Queue}}\n")
    result = CliRunner().invoke(main, ["deploy", "--template", str(file), "--dry-run"])
    assert result.exit_code == 0
    assert result.stderr.startswith("not checked any further: ")
    assert "error" not in result.stderr
