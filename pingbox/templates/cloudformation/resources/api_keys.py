"""`AWS::ApiGateway::ApiKey` resources: valid for an API through a usage plan that names one of its stages (AU-22)."""

from __future__ import annotations

from pingbox.templates.cloudformation.stack import Resource
from pingbox.templates.findings import Findings

_KEY = "AWS::ApiGateway::ApiKey"


def read_api_keys(api: Resource, findings: Findings) -> dict[str, str]:
    """The API's keys: value -> id. A key without a Value gets its logical id, lengthened to 20 characters, as value."""
    keys: dict[str, str] = {}
    plans = {plan.ref for plan in api.stack.of_type("AWS::ApiGateway::UsagePlan") if _covers(plan, api)}
    linked = {
        link.text("KeyId")
        for link in api.stack.of_type("AWS::ApiGateway::UsagePlanKey")
        if link.text("UsagePlanId") in plans
    }
    for key in api.stack.of_type(_KEY):
        if key.ref not in linked:
            if _could_be_meant(api):
                findings.warn(
                    key.place,
                    f"{key.logical_id}: no usage plan links this key to {api.logical_id}, so it does not open it",
                )
        elif key.flag("Enabled"):
            keys[_value(key, findings)] = key.ref
    return keys


def _covers(plan: Resource, api: Resource) -> bool:
    return any(isinstance(stage, dict) and stage.get("ApiId") == api.ref for stage in plan.items("ApiStages"))


def _could_be_meant(api: Resource) -> bool:
    return any(
        route.text("ApiId") == api.ref and route.flag("ApiKeyRequired")
        for route in api.stack.of_type("AWS::ApiGatewayV2::Route")
    )


def _value(key: Resource, findings: Findings) -> str:
    value = key.text("Value")
    if value:
        return value
    made_up = key.logical_id.ljust(20, "0")  # AWS wants at least 20 characters
    findings.note(key.place, f"{key.logical_id}: has no Value, which AWS would generate; here it is {made_up}")
    return made_up
