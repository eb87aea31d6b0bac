"""`AWS::Events::Rule` resources with a ScheduleExpression: functions that EventBridge invokes by the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pingbox.model.app import Schedule
from pingbox.templates.cloudformation.resources.functions import FunctionTable
from pingbox.templates.cloudformation.stack import Resource, TemplateStack

RULE = "AWS::Events::Rule"


def read_schedules(stack: TemplateStack, functions: FunctionTable) -> tuple[Schedule, ...]:
    """Every enabled schedule of a function that runs here, once for each target."""
    return tuple(schedule for rule in stack.of_type(RULE) for schedule in _schedules(rule, functions))


def reason_not_to_fire(rule: Resource, functions: FunctionTable) -> str | None:
    """Why nothing comes of a rule here, as a sentence; None when its schedule invokes functions."""
    if not rule.has("ScheduleExpression"):
        return "event rules do not fire here"
    if rule.text("State") == "DISABLED":
        return None
    found = list(_schedules(rule, functions))
    if not found:
        return "its schedule has no target that runs here"
    if found[0].seconds is None:
        return f"{found[0].expression} does not fire here, rate(...) does"
    return None


def _schedules(rule: Resource, functions: FunctionTable) -> Iterator[Schedule]:
    if not rule.has("ScheduleExpression") or rule.text("State") == "DISABLED":
        return
    for target in rule.items("Targets"):
        arn = str(target.get("Arn")) if isinstance(target, Mapping) else ""
        name = arn.partition(":function:")[2].partition(":")[0]
        if name in functions.specs:
            yield Schedule(rule.ref, name, rule.required("ScheduleExpression"), _event(rule, target))


def _event(rule: Resource, target: Mapping[str, Any]) -> Any:
    """The target's Input, which is JSON; None where EventBridge sends its own event."""
    written = target.get("Input")
    if written is None:
        return None
    try:
        return json.loads(str(written))
    except json.JSONDecodeError:
        raise rule.wrong("Targets", written, "an Input that is JSON") from None
