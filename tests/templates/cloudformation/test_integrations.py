# ruff: noqa: E501 -- templates are quoted as they are written
"""Non-proxy integrations in templates: what could never be performed is refused with its line, before anything runs."""

from __future__ import annotations

import pytest


def http(
    integration: str = "", response: str = "IntegrationResponseKey: $default", uri: str = "http://localhost/in"
) -> str:
    return f"""\
  Http:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, IntegrationType: HTTP, IntegrationUri: "{uri}", {integration}}}
  Answer:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties: {{ApiId: !Ref Api, IntegrationId: !Ref Http, {response}}}
  Ask: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref Api, RouteKey: ask, Target: !Sub "integrations/${{Http}}"}}}}
"""


@pytest.mark.fact("RR-14", "RR-11", "RR-15")
@pytest.mark.parametrize(
    ("integration", "expected"),
    [
        ("RequestParameters: {header.X: \"'a'\"}", "integration.request.header|querystring|path.NAME"),
        ("RequestParameters: {integration.request.header.X: request.body.x}", "route.request.body.PATH"),
        ('RequestParameters: {"integration.request.header.X Y": context.stage}', "cannot be a header's name"),
        ("TemplateSelectionExpression: $context.stage", "request.body"),
        ("PassthroughBehavior: SOMETIMES", "WHEN_NO_TEMPLATES"),
        ("ContentHandlingStrategy: CONVERT", "CONVERT_TO_BINARY"),
    ],
)
def test_an_integration_that_could_never_be_performed_is_refused_with_its_line(
    refusal, smallest, integration, expected
):
    error = refusal(smallest(http(integration)))
    assert error.logical_id == "Http"
    assert error.place.line == 17
    assert expected in error.expected


@pytest.mark.fact("RR-10", "RR-11")
@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ('IntegrationResponseKey: "/4(/"', "no regular expression"),
        ("IntegrationResponseKey: 200", "/regular expression/"),
        ("IntegrationResponseKey: $default, TemplateSelectionExpression: $request.body.x", "integration.response"),
    ],
)
def test_an_integration_response_that_could_never_be_picked_is_refused_with_its_line(
    refusal, smallest, response, expected
):
    error = refusal(smallest(http(response=response)))
    assert error.logical_id == "Answer"
    assert error.place.line == 20
    assert expected in error.expected


@pytest.mark.fact("RR-10")
def test_a_backend_whose_answer_aws_would_not_pass_on_is_worth_a_warning(read, smallest):
    text = smallest(http()).replace("RouteKey: ask,", "RouteKey: ask, RouteResponseSelectionExpression: $default,")
    text += "  Heard: {Type: AWS::ApiGatewayV2::RouteResponse, Properties: {ApiId: !Ref Api, RouteId: !Ref Ask, RouteResponseKey: $default}}\n"
    text = text.replace("DependsOn: [Connect, Default]", "DependsOn: [Connect, Default, Ask]")
    assert read(text).warnings == ()
    (warning,) = read(text.replace("IntegrationId: !Ref Http", "IntegrationId: other")).warnings
    assert "Ask: its HTTP integration has no AWS::ApiGatewayV2::IntegrationResponse" in warning


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            http(uri="https://example.com/in"),
            "Http: HTTP integration 'https://example.com/in': only this machine is asked",
        ),
        (
            http(response="IntegrationResponseKey: $default, ResponseParameters: {a: b}"),
            "Answer: ResponseParameters is not applied",
        ),
        ("", "Int: RequestTemplates is not applied here"),
        ("", "Int: IntegrationMethod GET; AWS can call a function with POST only"),
        ("", "Api: RouteSettings of a stage name gone, which is no route"),
        ("", "Fn: Timeout 901 is not 1 to 900 s"),
        ("", "Fn: MemorySize 64 is not 128 to 10240 MB"),
    ],
)
def test_what_is_different_here_or_refused_by_aws_is_worth_a_warning(read, smallest, text, warning):
    text = smallest(text)
    for old, new in (
        (
            "      IntegrationType: AWS_PROXY",
            "      RequestTemplates: {a: b}\n      IntegrationMethod: GET\n      IntegrationType: AWS_PROXY",
        ),
        ("StageName: prod,", "StageName: prod, RouteSettings: {gone: {ThrottlingRateLimit: 1}},"),
        ("Code: code}", "Code: code, Timeout: 901, MemorySize: 64}"),
    ):
        assert old in text
        text = text.replace(old, new)
    assert any(warning in one for one in read(text).warnings)


@pytest.mark.fact("AU-13")
@pytest.mark.parametrize("setting", ["AuthorizerResultTtlInSeconds: 300", "EnableSimpleResponses: true"])
def test_settings_of_http_apis_authorizers_have_no_effect(read, smallest, setting):
    guard = """\
  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties: {ApiId: !Ref Api, Name: g, AuthorizerType: REQUEST, AuthorizerUri: !GetAtt Fn.Arn, SETTING}
""".replace("SETTING", setting)
    text = smallest(guard).replace(
        "RouteKey: $connect,", "RouteKey: $connect, AuthorizationType: CUSTOM, AuthorizerId: !Ref Guard,"
    )
    assert any(f"Guard: {setting.split(':')[0]} is for HTTP APIs" in one for one in read(text).warnings)


@pytest.mark.fact("QT-35", "LM-34")
def test_settings_without_effect_here_are_listed(read, smallest):
    more = """\
  Later: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref Fn, Qualifier: $LATEST, DestinationConfig: {OnFailure: {Destination: "arn:aws:sqs:::x"}}}}
  Plan: {Type: AWS::ApiGateway::UsagePlan, Properties: {Quota: {Limit: 1, Period: DAY}}}
  Http: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Name: h}}
  HttpStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Http, StageName: x, AccessLogSettings: {Format: x}}}
"""
    text = smallest(more)
    text = text.replace("StageName: prod,", "StageName: prod, AccessLogSettings: {DestinationArn: !GetAtt Gone.Arn},")
    text = text.replace("Code: code}", "Code: code, SnapStart: {ApplyOn: None}, ReservedConcurrentExecutions: 1}")
    listed = {(one.logical_id, one.type.split()[-1]) for one in read(text).ignored if " " in one.type}
    assert listed == {
        ("Fn", "SnapStart"),
        ("Fn", "ReservedConcurrentExecutions"),
        ("Stage", "AccessLogSettings"),
        ("Later", "DestinationConfig"),
        ("Plan", "Quota"),
    }
