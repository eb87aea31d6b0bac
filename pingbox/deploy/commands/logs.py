"""The functions' log lines, of one moment or as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.errors import AwsError, DeployRefusedError
from pingbox.deploy.plan.actual import find_stack, physical_ids
from pingbox.deploy.plan.target import DeployTarget

_OVERLAP_MS = 10_000
"""CloudWatch takes lines in with some delay and out of order, so each look goes this far back."""


@dataclass(frozen=True)
class Line:
    """One line; `time` in milliseconds since 1970, `function` by its logical id."""

    id: str
    time: int
    function: str
    message: str


def log_groups(aws: Aws, target: DeployTarget, function: str | None) -> dict[str, str]:
    """Logical id of each function -> its log group; only the one asked for, by logical id, if `function` is given.

    `DeployRefusedError` without a stack, and for a function that the stack does not have.
    """
    if find_stack(aws, target.stack) is None:
        raise DeployRefusedError(
            f"the stack {target.stack}", "not there", "a deployed stage", "check --app, --stage and --region"
        )
    functions = physical_ids(aws, target.stack, "AWS::Lambda::Function")
    if function is not None:
        wanted = {name: physical for name, physical in functions.items() if function in {name, _short(name)}}
        if not wanted:
            raise DeployRefusedError("--function", repr(function), ", ".join(functions), "name one of these")
        functions = wanted
    return {logical: _log_group(aws, physical) for logical, physical in functions.items()}


def lines(aws: Aws, groups: Mapping[str, str], since_ms: int) -> list[Line]:
    """All lines since then, oldest first. A group that is not there yet has none."""
    found = [line for function, group in groups.items() for line in _lines(aws, function, group, since_ms)]
    return sorted(found, key=lambda line: (line.time, line.id))


@dataclass
class Tail:
    """Follows the groups for ever; every line is printed once."""

    aws: Aws
    groups: Mapping[str, str]
    pause: float = 2.0
    sleep: Callable[[float], None] = time.sleep
    _told: dict[str, int] = field(default_factory=dict)

    def follow(self, since_ms: int) -> Iterator[Line]:
        """Lines as they come, from `since_ms` on."""
        while True:
            yield from self.fresh(since_ms)
            newest = max(self._told.values(), default=since_ms)
            since_ms = max(since_ms, newest - _OVERLAP_MS)
            self._told = {line: at for line, at in self._told.items() if at >= since_ms}
            self.sleep(self.pause)

    def fresh(self, since_ms: int) -> Iterator[Line]:
        """Lines since then that were not printed yet."""
        for line in lines(self.aws, self.groups, since_ms):
            if line.id not in self._told:
                self._told[line.id] = line.time
                yield line


def _lines(aws: Aws, function: str, group: str, since_ms: int) -> Iterator[Line]:
    try:
        listing = pages(aws, "logs", "filter_log_events", cursor="nextToken", logGroupName=group, startTime=since_ms)
        for page in listing:
            for entry in page["events"]:
                yield line_of(entry, function)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise


def line_of(entry: Mapping[str, Any], function: str) -> Line:
    """A line from one entry of `FilterLogEvents`. Some stand-ins for AWS leave the id out."""
    message = entry["message"].rstrip("\n")
    identity = entry.get("eventId") or f"{entry.get('logStreamName')} {entry['timestamp']} {message}"
    return Line(identity, entry["timestamp"], function, message)


def _log_group(aws: Aws, function: str) -> str:
    configuration = aws.call("lambda", "get_function_configuration", FunctionName=function)
    return str(configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{function}"))


def _short(name: str) -> str:
    """`MessageLambda` may be called `message`."""
    return name.removesuffix("Lambda").lower()
