"""EventBridge rules with a schedule, as the template declares them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pingbox.model.app import Schedule
from pingbox.templates import App, TemplateError

RULE = """\
  Tick:
    Type: AWS::Events::Rule
    Properties: {{ScheduleExpression: "{expression}", {more}Targets: [{{Id: a, Arn: !GetAtt Fn.Arn{target}}}]}}
"""


def rule(expression: str = "rate(5 minutes)", more: str = "", target: str = "") -> str:
    return RULE.format(expression=expression, more=more, target=target)


def test_a_scheduled_function_is_read(read: Callable[..., App], smallest: Callable[..., str]) -> None:
    assert read(smallest(rule())).schedules == (Schedule("Tick", "Fn", "rate(5 minutes)"),)


def test_its_input_is_the_event(read: Callable[..., App], smallest: Callable[..., str]) -> None:
    [schedule] = read(smallest(rule(target=""", Input: '{"a": 1}'"""))).schedules
    assert schedule.event == {"a": 1}


def test_an_input_that_is_no_json_is_refused(
    refusal: Callable[..., TemplateError], smallest: Callable[..., str]
) -> None:
    assert "an Input that is JSON" in str(refusal(smallest(rule(target=", Input: hello"))))


def test_one_that_is_switched_off_is_none(read: Callable[..., App], smallest: Callable[..., str]) -> None:
    assert read(smallest(rule(more="State: DISABLED, "))).schedules == ()


def test_a_sam_function_may_have_one(read: Callable[..., App], smallest: Callable[..., str]) -> None:
    function = """\
  Cleaner:
    Type: AWS::Serverless::Function
    Properties:
      {Runtime: python3.13, Handler: app.handler, CodeUri: code,
       Events: {T: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}}}
"""
    app = read("Transform: AWS::Serverless-2016-10-31\n" + smallest(function))
    assert [(one.function, one.seconds) for one in app.schedules] == [("Cleaner", 3600.0)]


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(2 hours)", 7200), ("rate(1 day)", 86_400), ("cron(0 12 * * ? *)", None)],
)
def test_a_rate_has_a_period_and_a_cron_expression_has_none(expression: str, seconds: float | None) -> None:
    assert Schedule("Tick", "Fn", expression).seconds == seconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (rule(), None),
        (rule(more="State: DISABLED, "), None),
        (rule("cron(0 12 * * ? *)"), "cron(0 12 * * ? *) does not fire here, rate(...) does"),
        (rule().replace("!GetAtt Fn.Arn", "arn:aws:sqs:us-east-1:1:q"), "its schedule has no target that runs here"),
        (
            "  Tick: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [a]}, Targets: []}}\n",
            "event rules do not fire here",
        ),
    ],
)
def test_what_does_not_fire_is_listed(
    text: str, reason: str | None, read: Callable[..., App], smallest: Callable[..., str]
) -> None:
    assert [one.reason for one in read(smallest(text)).ignored] == ([] if reason is None else [reason])
