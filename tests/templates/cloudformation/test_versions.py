"""Versions, aliases and asynchronous events of functions, as the template declares them (LM-41, LM-50)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pingbox.model.api import LambdaProxy
from pingbox.model.function import AsynchronousSettings
from pingbox.templates import App, TemplateError

Read = Callable[..., App]
Smallest = Callable[..., str]

LIVE = """\
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Fn}}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Fn, FunctionVersion: !GetAtt Version.Version, Name: live}
"""
QUEUE = "  Dead: {Type: AWS::SQS::Queue}\n"


def function(app: App, name: str = "Fn"):
    found = app.function(name)
    assert found is not None
    return found


def test_versions_and_aliases_belong_to_their_function(read: Read, smallest: Smallest) -> None:
    assert function(read(smallest(LIVE))).qualifiers == {"1": "1", "live": "1"}
    assert function(read(smallest())).qualifiers == {}


def test_an_alias_that_sam_publishes_is_one(read: Read, smallest: Smallest) -> None:
    sam = """\
  Job:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: code, AutoPublishAlias: live}
"""
    app = read("Transform: AWS::Serverless-2016-10-31\n" + smallest(sam))
    assert function(app, "Job").qualifiers == {"1": "1", "live": "1"}


def test_a_route_may_call_an_alias(read: Read, smallest: Smallest) -> None:
    app = read(smallest(LIVE).replace("${Fn.Arn}", "${Live}"))
    assert app.apis[0].routes[0].integration == LambdaProxy("Fn", qualifier="live", version="1")


def test_an_alias_that_is_not_in_the_template_is_warned_of(read: Read, smallest: Smallest) -> None:
    app = read(smallest(LIVE).replace("${Fn.Arn}", "${Fn.Arn}:old"))
    assert any("calls Fn:old, and the function has no such version or alias" in one for one in app.warnings)


def test_what_becomes_of_asynchronous_events_is_read(read: Read, smallest: Smallest) -> None:
    config = """\
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Fn
      Qualifier: $LATEST
      MaximumRetryAttempts: 0
      MaximumEventAgeInSeconds: 60
      DestinationConfig: {OnSuccess: {Destination: !GetAtt Fn.Arn}, OnFailure: {Destination: !GetAtt Dead.Arn}}
"""
    app = read(smallest(config + QUEUE))
    queue, fn = "arn:aws:sqs:us-east-1:000000000000:Dead", "arn:aws:lambda:us-east-1:000000000000:function:Fn"
    assert function(app).asynchronous == AsynchronousSettings(0, 60, fn, queue)
    [ignored] = [one for one in app.ignored if one.logical_id == "Config"]
    assert ignored.reason == f"{queue} is not here; it gets no record"


def test_a_dead_letter_queue_is_read(read: Read, smallest: Smallest) -> None:
    text = smallest(QUEUE).replace("Code: code", "Code: code, DeadLetterConfig: {TargetArn: !GetAtt Dead.Arn}")
    queue = "arn:aws:sqs:us-east-1:000000000000:Dead"
    assert function(read(text)).asynchronous == AsynchronousSettings(dead_letter=queue)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("MaximumRetryAttempts: 3", "0, 1 or 2"), ("MaximumEventAgeInSeconds: 30", "60 to 21600 seconds")],
)
def test_settings_that_lambda_refuses_are_refused(
    setting: str, expected: str, refusal: Callable[..., TemplateError], smallest: Smallest
) -> None:
    config = f"  C: {{Type: AWS::Lambda::EventInvokeConfig, Properties: {{FunctionName: !Ref Fn, {setting}}}}}\n"
    assert expected in str(refusal(smallest(config)))
