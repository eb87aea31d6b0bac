"""Rules for who may do what: invoke permissions, trust, and the duties a function's role has to cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pingbox.templates.cloudformation.rules.functions import FUNCTION
from pingbox.templates.cloudformation.rules.reading import (
    Broken,
    Resources,
    items,
    mapping,
    maps,
    of_type,
    referred,
    text_of,
)

_PERMISSION = "AWS::Lambda::Permission"
_INVOKERS = {"AWS::ApiGatewayV2::Api": "apigateway.amazonaws.com", "AWS::Events::Rule": "events.amazonaws.com"}


def permission_principal(resources: Resources) -> Iterator[Broken]:
    """The service that invokes must be the one that the source ARN belongs to."""
    types = {name: resource.get("Type") for name, resource in resources.items()}
    for name, grant in of_type(resources, _PERMISSION):
        for source in sorted(referred(grant.get("SourceArn"))):
            expected = _INVOKERS.get(str(types.get(source)))
            if expected and grant.get("Principal") not in (expected, "*"):
                yield Broken("permission-principal", name, f"Principal must be {expected} for {source}")


def schedule_permission(resources: Resources) -> Iterator[Broken]:
    """A rule without permission fires into the void."""
    functions = {function for function, _ in of_type(resources, FUNCTION)}
    allowed = {
        (rule, function)
        for _, grant in of_type(resources, _PERMISSION)
        for function in referred(grant.get("FunctionName"))
        for rule in referred(grant.get("SourceArn"))
    }
    for name, rule in of_type(resources, "AWS::Events::Rule"):
        for target in maps(rule.get("Targets")):
            for function in sorted(referred(target.get("Arn")) & functions):
                if (name, function) not in allowed:
                    yield Broken("schedule-permission", name, f"no permission lets the rule invoke {function}")


def role_trust(resources: Resources) -> Iterator[Broken]:
    """A role that Lambda may not assume makes every deploy fail late."""
    for function, role, properties in _roles(resources):
        statements = maps(mapping(properties, "AssumeRolePolicyDocument").get("Statement"))
        trusted = {service for entry in statements for service in map(text_of, items(_service(entry)))}
        if statements and not any(service.startswith("lambda.") for service in trusted):
            yield Broken("role-trust", role, f"lambda.amazonaws.com may not assume the role of {function}")


def may_log(resources: Resources) -> Iterator[Broken]:
    """A function whose role cannot write to its log group runs in silence."""
    yield from _covered(resources, "may-log", _log_group, ("logs:CreateLogStream", "logs:PutLogEvents"))


def may_report_failure(resources: Resources) -> Iterator[Broken]:
    """Lambda refuses an on-failure destination that the function's role may not write to."""
    queues = {name for name, _ in of_type(resources, "AWS::SQS::Queue")}
    destinations = {
        function: referred(mapping(config, "DestinationConfig").get("OnFailure")) & queues
        for _, config in of_type(resources, "AWS::Lambda::EventInvokeConfig")
        for function in referred(config.get("FunctionName"))
    }

    def wanted(function: str, properties: Mapping[str, Any]) -> set[str]:
        return destinations.get(function, set())

    yield from _covered(resources, "may-report-failure", wanted, ("sqs:SendMessage",))


def permission_source(resources: Resources) -> Iterator[Broken]:
    """Without a source ARN anybody's API may invoke the function."""
    for name, grant in of_type(resources, _PERMISSION):
        service = str(grant.get("Principal", "")).endswith(".amazonaws.com")
        if service and not {"SourceArn", "SourceAccount"} & set(grant):
            yield Broken("permission-source", name, "SourceArn is missing: any API of any account may invoke")


def own_role(resources: Resources) -> Iterator[Broken]:
    """Functions that share a role share each other's permissions."""
    users: dict[str, list[str]] = {}
    for function, role, _ in _roles(resources):
        users.setdefault(role, []).append(function)
    for role, functions in users.items():
        if len(functions) > 1:
            yield Broken("own-role", role, f"{' and '.join(functions)} share this role")


def no_stars(resources: Resources) -> Iterator[Broken]:
    """An inline policy names its actions and its resources; managed full-access policies do neither."""
    for name, properties in of_type(resources, "AWS::IAM::Role"):
        for entry in _statements(properties):
            if any("*" in str(action) for action in items(entry.get("Action"))):
                yield Broken("no-stars", name, "an action with a star")
            if "*" in items(entry.get("Resource")):
                yield Broken("no-stars", name, "the resource *")
        for managed in items(properties.get("ManagedPolicyArns")):
            if "FullAccess" in text_of(managed):
                yield Broken("no-stars", name, f"{text_of(managed)} allows far more than the function does")


def connections_scope(resources: Resources) -> Iterator[Broken]:
    """ManageConnections on `/POST/@connections/` of one stage is enough; a wrong shape fails only when used."""
    for name, properties in of_type(resources, "AWS::IAM::Role"):
        for entry in _statements(properties):
            if "execute-api:ManageConnections" not in items(entry.get("Action")):
                continue
            for resource in items(entry.get("Resource")):
                if not _is_connections_arn(text_of(resource)):
                    yield Broken("connections-scope", name, "not …:${Api}/${Stage}/METHOD/@connections/*")


def _covered(
    resources: Resources, rule: str, wanted: Callable[[str, Mapping[str, Any]], set[str]], actions: tuple[str, ...]
) -> Iterator[Broken]:
    for function, role, properties in _roles(resources):
        if properties.get("ManagedPolicyArns"):  # what those allow is not in the template
            continue
        for target in sorted(wanted(function, mapping(resources[function], "Properties"))):
            allowed = [
                str(action)
                for entry in [*_statements(properties), *_attached(resources, role)]
                if target in referred(entry.get("Resource")) or "*" in items(entry.get("Resource"))
                for action in items(entry.get("Action"))
            ]
            if missing := [one for one in actions if not any(fnmatchcase(one, pattern) for pattern in allowed)]:
                yield Broken(rule, role, f"{function} lacks {', '.join(missing)} on {target}")


def _log_group(function: str, properties: Mapping[str, Any]) -> set[str]:
    return referred(mapping(properties, "LoggingConfig").get("LogGroup"))


def _roles(resources: Resources) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Function, its role, the role's properties, where the role is in the template."""
    for function, properties in of_type(resources, FUNCTION):
        for role in sorted(referred(properties.get("Role")) & set(resources)):
            if resources[role].get("Type") == "AWS::IAM::Role":
                yield function, role, mapping(resources[role], "Properties")


def _statements(role: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for policy in maps(role.get("Policies")):
        yield from maps(mapping(policy, "PolicyDocument").get("Statement"))


def _attached(resources: Resources, role: str) -> Iterator[Mapping[str, Any]]:
    """The statements of policies that are resources of their own, as the CDK writes them."""
    for type_name in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        for _, policy in of_type(resources, type_name):
            if role in referred(policy.get("Roles")) | referred(policy.get("RoleName")):
                yield from maps(mapping(policy, "PolicyDocument").get("Statement"))


def _service(statement: Mapping[str, Any]) -> Any:
    return mapping(statement, "Principal").get("Service")


def _is_connections_arn(text: str) -> bool:
    parts = text.split(":")[-1].split("/") if ":execute-api:" in text else []
    return len(parts) == 5 and parts[2] in {"POST", "GET", "DELETE"} and parts[3:] == ["@connections", "*"]


WARNINGS = (permission_principal, schedule_permission, role_trust, may_log, may_report_failure)
ADVICE = (permission_source, own_role, no_stars, connections_scope)
