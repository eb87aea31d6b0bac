"""Rules for who may do what: invoke permissions, trust, and the duties a function's role has to cover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pingbox.deploy.rules.functions import FUNCTION
from pingbox.deploy.rules.reading import Finding, Resources, integrated_function, items, of_type, referred, text_of

_PERMISSION = "AWS::Lambda::Permission"
_INVOKERS = {"AWS::ApiGatewayV2::Api": "apigateway.amazonaws.com", "AWS::Events::Rule": "events.amazonaws.com"}


def route_permission(resources: Resources) -> Iterator[Finding]:
    """Each route needs a permission for its function, or every message on it ends in 500 (CF-11)."""
    for name, route in of_type(resources, "AWS::ApiGatewayV2::Route"):
        function = integrated_function(resources, route)
        if function and not any(_lets_in(grant, function, route) for _, grant in of_type(resources, _PERMISSION)):
            key = route.get("RouteKey")
            yield Finding("route-permission", name, f"no permission lets API Gateway invoke {function} for {key}")


def permission_principal(resources: Resources) -> Iterator[Finding]:
    """The service that invokes must be the one that the source ARN belongs to."""
    types = {name: resource.get("Type") for name, resource in resources.items()}
    for name, grant in of_type(resources, _PERMISSION):
        for source in referred(grant.get("SourceArn")):
            expected = _INVOKERS.get(str(types.get(source)))
            if expected and grant.get("Principal") != expected:
                yield Finding("permission-principal", name, f"Principal must be {expected} for {source}")


def permission_source(resources: Resources) -> Iterator[Finding]:
    """Without a source ARN anybody's API may invoke the function."""
    for name, grant in of_type(resources, _PERMISSION):
        if str(grant.get("Principal", "")).endswith(".amazonaws.com") and "SourceArn" not in grant:
            yield Finding("permission-source", name, "SourceArn is missing: any API of any account may invoke")


def schedule_permission(resources: Resources) -> Iterator[Finding]:
    """A rule without permission fires into the void."""
    for name, rule in of_type(resources, "AWS::Events::Rule"):
        for target in items(rule.get("Targets")):
            functions = referred(target.get("Arn")) & {function for function, _ in of_type(resources, FUNCTION)}
            allowed = {
                function
                for _, grant in of_type(resources, _PERMISSION)
                for function in referred(grant.get("FunctionName"))
                if name in referred(grant.get("SourceArn"))
            }
            for function in sorted(functions - allowed):
                yield Finding("schedule-permission", name, f"no permission lets the rule invoke {function}")


def role_trust(resources: Resources) -> Iterator[Finding]:
    """A role that Lambda may not assume makes every deploy fail late."""
    for function, role, properties in _roles(resources):
        statements = items(properties.get("AssumeRolePolicyDocument", {}).get("Statement"))
        trusted = {service for entry in statements for service in items(_service(entry))}
        if "lambda.amazonaws.com" not in trusted:
            yield Finding("role-trust", role, f"lambda.amazonaws.com may not assume the role of {function}")


def own_role(resources: Resources) -> Iterator[Finding]:
    """Functions that share a role share each other's permissions."""
    users: dict[str, list[str]] = {}
    for function, role, _ in _roles(resources):
        users.setdefault(role, []).append(function)
    for role, functions in users.items():
        if len(functions) > 1:
            yield Finding("own-role", role, f"{' and '.join(functions)} share this role")


def no_stars(resources: Resources) -> Iterator[Finding]:
    """An inline policy names its actions and its resources; managed full-access policies do neither."""
    for name, properties in of_type(resources, "AWS::IAM::Role"):
        for entry in _statements(properties):
            if any("*" in str(action) for action in items(entry.get("Action"))):
                yield Finding("no-stars", name, "an action with a star")
            if "*" in items(entry.get("Resource")):
                yield Finding("no-stars", name, "the resource *")
        for managed in items(properties.get("ManagedPolicyArns")):
            if "FullAccess" in text_of(managed):
                yield Finding("no-stars", name, f"{text_of(managed)} allows far more than the function does")


def may_log(resources: Resources) -> Iterator[Finding]:
    """A function whose role cannot write to its log group runs in silence."""
    yield from _covered(resources, "may-log", _log_group, ("logs:CreateLogStream", "logs:PutLogEvents"))


def may_report_failure(resources: Resources) -> Iterator[Finding]:
    """Lambda refuses an on-failure destination that the function's role may not write to."""
    queues = {name for name, _ in of_type(resources, "AWS::SQS::Queue")}
    destinations = {
        function: referred(config.get("DestinationConfig", {}).get("OnFailure")) & queues
        for _, config in of_type(resources, "AWS::Lambda::EventInvokeConfig")
        for function in referred(config.get("FunctionName"))
    }
    wanted = lambda function, properties: destinations.get(function, set())  # noqa: E731
    yield from _covered(resources, "may-report-failure", wanted, ("sqs:SendMessage",))


def connections_scope(resources: Resources) -> Iterator[Finding]:
    """ManageConnections on `/POST/@connections/` of one stage; a wrong shape fails only when used."""
    for name, properties in of_type(resources, "AWS::IAM::Role"):
        for entry in _statements(properties):
            if "execute-api:ManageConnections" not in items(entry.get("Action")):
                continue
            for resource in items(entry.get("Resource")):
                if not _is_connections_arn(text_of(resource)):
                    yield Finding("connections-scope", name, "not …:${Api}/${Stage}/METHOD/@connections/*")


def _covered(resources: Resources, rule: str, wanted: Any, actions: tuple[str, ...]) -> Iterator[Finding]:
    for function, role, properties in _roles(resources):
        for target in sorted(wanted(function, resources[function].get("Properties", {}))):
            allowed = {
                action
                for entry in _statements(properties)
                if target in referred(entry.get("Resource"))
                for action in items(entry.get("Action"))
            }
            if missing := sorted(set(actions) - allowed):
                yield Finding(rule, role, f"{function} lacks {', '.join(missing)} on {target}")


def _log_group(function: str, properties: Mapping[str, Any]) -> set[str]:
    return referred(properties.get("LoggingConfig", {}).get("LogGroup"))


def _lets_in(grant: Mapping[str, Any], function: str, route: Mapping[str, Any]) -> bool:
    """Whether the permission names this function, API Gateway, and this route, exactly or by a star."""
    source, key = text_of(grant.get("SourceArn")), str(route.get("RouteKey"))
    return (
        function in referred(grant.get("FunctionName"))
        and grant.get("Action") == "lambda:InvokeFunction"
        and bool(referred(route.get("ApiId")) & referred(grant.get("SourceArn")))
        and (source.endswith(("/*", f"/{key}")) and "/POST/" not in source)
    )


def _roles(resources: Resources) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Function, its role, the role's properties, where the role is in the template."""
    for function, properties in of_type(resources, FUNCTION):
        for role in referred(properties.get("Role")) & set(resources):
            yield function, role, resources[role].get("Properties", {})


def _statements(role: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for policy in items(role.get("Policies")):
        yield from items(policy.get("PolicyDocument", {}).get("Statement"))


def _service(statement: Mapping[str, Any]) -> Any:
    principal = statement.get("Principal")
    return principal.get("Service") if isinstance(principal, Mapping) else None


def _is_connections_arn(text: str) -> bool:
    parts = text.split(":")[-1].split("/") if ":execute-api:" in text else []
    return len(parts) == 5 and parts[2] in {"POST", "GET", "DELETE"} and parts[3:] == ["@connections", "*"]


RULES = (
    route_permission,
    permission_principal,
    permission_source,
    schedule_permission,
    role_trust,
    own_role,
    no_stars,
    may_log,
    may_report_failure,
    connections_scope,
)
