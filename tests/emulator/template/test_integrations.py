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
