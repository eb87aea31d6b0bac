# ruff: noqa: E501 -- templates are quoted as they are written
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.templates import App, TemplateError, read_app

ENDPOINT = "http://127.0.0.1:3001"

# The smallest working set of CloudFormation (facts CF-*); tests add to it.
SMALLEST = """\
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
"""

Reader = Callable[..., App]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Write a template (and other files) into an app's folder and read it."""

    def read(
        text: str, name: str = "template.yaml", files: dict[str, str | bytes] | None = None, **options: Any
    ) -> App:
        folder = tmp_path / "my-app"
        for path, content in {"code/app.py": "", **(files or {}), name: text}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
        return read_app(folder / name, endpoint=ENDPOINT, cache=tmp_path / "cache", **options)

    return read


@pytest.fixture
def refusal(read: Reader) -> Callable[..., TemplateError]:
    """The same for what must be refused."""

    def refusal(text: str, *args: Any, **options: Any) -> TemplateError:
        with pytest.raises(TemplateError) as caught:
            read(text, *args, **options)
        return caught.value

    return refusal


@pytest.fixture
def smallest() -> Callable[..., str]:
    """The smallest template, with more resources at its end when given."""

    def smallest(more: str = "") -> str:
        return SMALLEST + more

    return smallest
