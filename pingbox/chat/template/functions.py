"""Lambda functions with what belongs to each: log group, asynchronous handling, schedule."""

from __future__ import annotations

from typing import Any

from pingbox.chat.model import ChatFunction, ChatStack, Site
from pingbox.chat.template.entries import ResourceEntry
from pingbox.chat.template.intrinsics import NO_VALUE, Value, get_att, join, ref, sub, when
from pingbox.chat.template.roles import FAILURES_QUEUE, role_resource

FANOUT_VARIABLE = "FANOUT_FUNCTION"


def function_resources(app: ChatStack, function: ChatFunction) -> tuple[ResourceEntry, ...]:
    """Log group, role and function, and for asynchronous or scheduled ones what invokes and catches them."""
    return (
        _log_group(function),
        role_resource(function),
        _function(app, function),
        *_asynchronous(function),
        *_schedule(function),
    )


def failures_queue() -> ResourceEntry:
    """Where an event lands whose asynchronous invocation failed for good: 14 days to look at it."""
    return ResourceEntry(
        FAILURES_QUEUE,
        "AWS::SQS::Queue",
        {"MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": True},
        keep=False,
    )


def _log_group(function: ChatFunction) -> ResourceEntry:
    """Unnamed, so that a new deploy never collides with a group that an old one left."""
    return ResourceEntry(
        f"{function.stem}LogGroup", "AWS::Logs::LogGroup", {"RetentionInDays": ref("LogRetentionDays")}, keep=False
    )


def _function(app: ChatStack, function: ChatFunction) -> ResourceEntry:
    properties: dict[str, Any] = {
        "Description": f"{app.api_name}: {function.handler}",
        "Runtime": app.runtime,
        "Architectures": [app.architecture],
        "Handler": function.handler,
        "Code": {"S3Bucket": ref("CodeBucket"), "S3Key": ref("CodeKey")},
        "Role": get_att(f"{function.stem}Role", "Arn"),
        "MemorySize": function.memory,
        "Timeout": function.timeout,
        "Environment": {"Variables": {name: _variable(name, app) for name in sorted(function.environment)}},
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": ref(f"{function.stem}LogGroup")},
    }
    if function in app.routed:
        properties["ReservedConcurrentExecutions"] = when(
            "HasReservedConcurrency", ref("ReservedConcurrency"), NO_VALUE
        )
    return ResourceEntry(function.name, "AWS::Lambda::Function", properties)


def _variable(name: str, app: ChatStack) -> Value:
    """The value of one environment variable of the handlers' contract.

    The stage is taken from the parameter: the stage *resource* depends on routes, integrations and functions, a cycle.
    """
    values: dict[str, Value] = {
        "CONNECTIONS_TABLE": ref("Connections"),
        "MESSAGES_TABLE": ref("Messages"),
        "MANAGEMENT_ENDPOINT": sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"),
        FANOUT_VARIABLE: ref("FanoutLambda"),
        "TOKEN_SECRET_PARAMETER": ref("TokenParameter"),
        "ALLOWED_ORIGINS": _origins(app.site),
        "DEFAULT_ROOM": ref("DefaultRoom"),
        "SIGN_IN": ref("SignIn"),
        "JWT_ISSUER": ref("JwtIssuer"),
        "JWT_AUDIENCE": ref("JwtAudience"),
        "JWT_JWKS_URL": ref("JwtKeySetUrl"),
        "JWT_ADMIN_CLAIM": ref("JwtAdminClaim"),
        "INLINE_FANOUT_LIMIT": ref("InlineFanoutLimit"),
        "RETENTION_DAYS": ref("RetentionDays"),
        "RATE_PER_MIN": ref("RatePerMinute"),
        "RATE_BURST": ref("RateBurst"),
        "LOG_LEVEL": ref("LogLevel"),
    }
    return values[name]


def _origins(site: Site) -> Value:
    """The page's own origin, then whatever `AllowedOrigins` adds."""
    own = site_origin(site)
    return when("HasAllowedOrigins", join(",", own, ref("AllowedOrigins")), own)


def site_origin(site: Site) -> Value:
    """The origin a browser sends for the page: scheme and host, no slash at the end."""
    match site:
        case Site.WEBSITE:
            return get_att("SiteBucket", "WebsiteURL")
        case Site.CLOUDFRONT:
            return sub("https://${SiteDistribution.DomainName}")


def _asynchronous(function: ChatFunction) -> tuple[ResourceEntry, ...]:
    """Asynchronous events are tried twice within a minute, then kept in the queue of failures.

    More attempts would post old frames again; the page drops repeats by their number, so they are of no use.
    """
    if not function.asynchronous:
        return ()
    properties = {
        "FunctionName": ref(function.name),
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 1,
        "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {"OnFailure": {"Destination": get_att(FAILURES_QUEUE, "Arn")}},
    }
    return (ResourceEntry(f"{function.stem}InvokeConfig", "AWS::Lambda::EventInvokeConfig", properties),)


def _schedule(function: ChatFunction) -> tuple[ResourceEntry, ...]:
    if function.schedule is None:
        return ()
    rule = f"{function.stem}Schedule"
    target = {"Id": function.name, "Arn": get_att(function.name, "Arn")}
    return (
        ResourceEntry(
            rule,
            "AWS::Events::Rule",
            {"ScheduleExpression": function.schedule, "State": "ENABLED", "Targets": [target]},
        ),
        ResourceEntry(
            f"{function.stem}Permission",
            "AWS::Lambda::Permission",
            {
                "Action": "lambda:InvokeFunction",
                "FunctionName": ref(function.name),
                "Principal": "events.amazonaws.com",
                "SourceArn": get_att(rule, "Arn"),
            },
        ),
    )
