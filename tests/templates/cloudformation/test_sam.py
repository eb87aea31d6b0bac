"""SAM templates go through AWS's own translator, offline, and keep their local code and their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from pingbox.model.api import Authorizer, LambdaProxy

HEAD = "Transform: AWS::Serverless-2016-10-31\n"
SOCKET = """\
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes:
        $connect: {FunctionArn: !GetAtt Fn.Arn}
        hello: {FunctionArn: !GetAtt Fn.Arn, IntegrationTimeout: 5000, RouteResponseSelectionExpression: $default}
"""
FUNCTION = """\
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: code/}
"""


@pytest.mark.fact("SF-2", "SF-4")
def test_the_new_resource_makes_a_whole_api(read):
    """SF-2, SF-4; and SF-3's default stage."""
    app = read(HEAD + FUNCTION + SOCKET)
    (api,) = app.apis
    assert app.kind == "SAM"
    assert [(route.route_key, route.integration, route.two_way) for route in api.routes] == [
        ("$connect", LambdaProxy("Fn"), False),
        ("hello", LambdaProxy("Fn", 5000), True),
    ]
    assert [stage.name for stage in api.stages] == ["default"]


@pytest.mark.fact("SF-3")
def test_its_authorizer(read):
    """SF-3."""
    auth = "      Auth: {AuthType: CUSTOM, AuthArn: !GetAtt Fn.Arn, IdentitySource: [route.request.querystring.t]}\n"
    route = read(HEAD + FUNCTION + SOCKET + auth).apis[0].route("$connect")
    assert route.authorizer == Authorizer("SocketConnectAuthorizer", "Fn", ("route.request.querystring.t",))


def test_globals_apply_and_code_stays_local(read, tmp_path: Path):
    text = (
        HEAD
        + "Globals: {Function: {Runtime: python3.12, CodeUri: code, Timeout: 9, Environment: {Variables: {A: b}}}}\n"
        + FUNCTION.replace("Runtime: python3.13, Handler: app.handler, CodeUri: code/", "Handler: app.handler")
        + SOCKET
    )
    (function,) = read(text).functions
    assert function.code == str(tmp_path / "my-app" / "code")
    assert (function.runtime, function.timeout, function.environment) == ("python3.12", 9.0, {"A": "b"})


def test_code_is_the_templates_folder_when_not_named(read, tmp_path: Path):
    text = HEAD + FUNCTION.replace(", CodeUri: code/", "") + SOCKET
    assert read(text).functions[0].code == str(tmp_path / "my-app")


def test_inline_code_and_layers(read):
    text = HEAD + FUNCTION.replace("CodeUri: code/", "InlineCode: 'x = 1', Layers: [!Ref L]") + SOCKET
    text += "  L: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}\n"
    (function,) = read(text, files={"layer/python/y.py": ""}).functions
    assert (Path(function.code) / "index.py").read_text() == "x = 1"
    assert [Path(folder).name for folder in function.layers] == ["layer"]


def test_a_simple_table_is_a_table(read):
    more = "  T: {Type: AWS::Serverless::SimpleTable, Properties: {PrimaryKey: {Name: k, Type: Number}}}\n"
    (table,) = read(HEAD + FUNCTION + SOCKET + more).tables
    assert table.parameters["AttributeDefinitions"] == [{"AttributeName": "k", "AttributeType": "N"}]


def test_policies_aliases_and_events_are_translated_without_asking_aws(read):
    """Managed policy names, policy templates, AutoPublishAlias, other events: nothing of it needs an account."""
    properties = """\
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: code/
      AutoPublishAlias: live
      Policies: [AWSLambdaBasicExecutionRole, {DynamoDBCrudPolicy: {TableName: t}}]
      Events:
        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Http: {Type: HttpApi}
"""
    text = HEAD + FUNCTION[: FUNCTION.index("    Properties")] + properties + SOCKET
    app = read(text)
    assert [item.type for item in app.ignored] == ["AWS::ApiGatewayV2::Api"]


def test_nested_applications_from_elsewhere_are_listed(read):
    repository = "{ApplicationId: arn:aws:serverlessrepo:us-east-1:1:applications/a, SemanticVersion: 1.0.0}"
    more = f"  Nested: {{Type: AWS::Serverless::Application, Properties: {{Location: {repository}}}}}\n"
    assert "its template is not a file of this machine" in read(HEAD + FUNCTION + SOCKET + more).ignored[0].reason


def test_parameters_reach_the_translator(read):
    text = HEAD + "Parameters: {Name: {Type: String, Default: one}}\n" + FUNCTION + SOCKET
    text += "      StageName: !Ref Name\n"
    assert read(text).apis[0].stages[0].name == "one"
    assert read(text, parameters={"Name": "two"}).apis[0].stages[0].name == "two"


def test_what_sam_refuses_is_refused_with_its_words_and_line(refusal):
    error = refusal(HEAD + FUNCTION + SOCKET.replace("      RouteSelectionExpression: $request.body.action\n", ""))
    assert error.logical_id == "Socket"
    assert error.place.line == 6
    assert "RouteSelectionExpression" in error.received


def test_generated_resources_are_reported_at_what_they_were_made_from(read):
    (warning,) = read(HEAD + FUNCTION + SOCKET).warnings
    assert ":6: SocketHelloRoute: has a RouteResponseSelectionExpression" in warning


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"])
def test_no_credentials_of_the_developer_are_looked_at(read, name, monkeypatch):
    monkeypatch.setenv(name, "does-not-exist")
    assert read(HEAD + FUNCTION + SOCKET).apis
