"""Lambda authorizers: who is asked, and what the answer means (facts AU-*)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from pingbox.emulator.activity import IntegrationTimedOut
from pingbox.emulator.services.apigateway.common import expressions, limits
from pingbox.emulator.services.apigateway.common.policies import PolicyError, allows
from pingbox.emulator.services.apigateway.websocket import error_frames
from pingbox.emulator.services.apigateway.websocket.connect_route import Refuse
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.model.api import Authorizer
from pingbox.model.partitions import partition_of

_ACTION = "execute-api:Invoke"
_SOURCE = re.compile(
    r"\$?(?P<place>route\.request\.header|route\.request\.querystring|stageVariables|context)\.(?P<name>.+)"
)


@dataclass(frozen=True)
class Permit:
    """The authorizer let the connection pass. `context` goes into all its later events (AU-12)."""

    context: Mapping[str, str]
    usage_identifier_key: str | None = None


def method_arn(region: str, account_id: str, api_id: str, stage: str) -> str:
    """AU-2: no HTTP method in it."""
    return f"arn:{partition_of(region)}:execute-api:{region}:{account_id}:{api_id}/{stage}/$connect"


def missing_identity(authorizer: Authorizer, event: Mapping[str, Any]) -> Refuse | None:
    """AU-5: without every listed source the answer is 401, and the authorizer is not asked.

    `event` is the one it would be asked with: the headers that the gateway adds itself are sources, too.
    """
    for source in authorizer.identity_sources:
        if not _identity(source, event):
            return Refuse(
                401, error_frames.UNAUTHORIZED, f"authorizer {authorizer.name}: identity source {source} is missing"
            )
    return None


def authorizer_ended(authorizer: Authorizer, outcome: Outcome | IntegrationTimedOut, arn: str) -> Permit | Refuse:
    """AU-6 to AU-9."""
    match outcome:
        case FunctionError(_, "Unauthorized"):
            return Refuse(401, error_frames.UNAUTHORIZED, f"authorizer {authorizer.name} raised Unauthorized")
        case FunctionError(error_type, _):
            return _broken(f"authorizer {authorizer.name} failed with {error_type}")
        case NotInvoked(reason):
            return _broken(f"authorizer {authorizer.name} was not invoked: {reason}")
        case IntegrationTimedOut():
            return _broken(f"authorizer {authorizer.name} timed out")
        case Returned(value):
            try:
                return _judge(authorizer, value, arn)
            except (MalformedAnswerError, PolicyError) as problem:
                return _broken(f"authorizer {authorizer.name}: {problem}")
        case _:
            assert_never(outcome)


class MalformedAnswerError(ValueError):
    """An authorizer's answer that is not one."""


def _judge(authorizer: Authorizer, answer: Any, arn: str) -> Permit | Refuse:
    if not isinstance(answer, dict):
        raise MalformedAnswerError("returned no object, expected principalId and policyDocument")
    principal = answer.get("principalId")
    if not isinstance(principal, str):
        raise MalformedAnswerError("returned no principalId, expected a text")
    context = _context(answer.get("context"))
    if len(json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")) > limits.AUTHORIZER_RESULT_BYTES:
        raise MalformedAnswerError(f"returned more than {limits.AUTHORIZER_RESULT_BYTES} bytes")
    if not allows(answer.get("policyDocument"), _ACTION, arn):
        return Refuse(403, error_frames.FORBIDDEN, f"authorizer {authorizer.name}: the policy does not allow {arn}")
    usage_key = answer.get("usageIdentifierKey")
    return Permit({**context, "principalId": principal}, usage_key if isinstance(usage_key, str) else None)


def _context(context: Any) -> dict[str, str]:
    """AU-11: no objects and no lists. Numbers and booleans become text (OQ-15)."""
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise MalformedAnswerError("returned a context that is no object")
    for name, value in context.items():
        if isinstance(value, dict | list):
            raise MalformedAnswerError(
                f"returned an object or a list in context.{name}, expected text, number or boolean"
            )
    return {name: expressions.as_text(value) for name, value in context.items() if value is not None}


def check_identity_source(source: str) -> None:
    """Raise `ExpressionError` unless the source is of one of the forms of AU-4."""
    _split_source(source)


def _identity(source: str, event: Mapping[str, Any]) -> str | None:
    """The source's value. A header's name matches in any letter case."""
    place, name = _split_source(source)
    match place:
        case "route.request.header":
            return {key.lower(): value for key, value in event["headers"].items()}.get(name.lower())
        case "route.request.querystring":
            return (event.get("queryStringParameters") or {}).get(name)
        case "stageVariables":
            return (event.get("stageVariables") or {}).get(name)
        case _:
            return expressions.as_text(expressions.at_path(dict(event["requestContext"]), name))


def _split_source(source: str) -> tuple[str, str]:
    parts = _SOURCE.fullmatch(source)
    if parts is None:
        raise expressions.SelectionError(
            f"identity source {source!r} is not known; expected route.request.header.NAME, "
            "route.request.querystring.NAME, stageVariables.NAME or context.NAME"
        )
    return parts["place"], parts["name"]


def _broken(cause: str) -> Refuse:
    return Refuse(500, error_frames.INTERNAL_SERVER_ERROR, cause)
