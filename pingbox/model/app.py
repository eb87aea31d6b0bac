"""What was read of an app, as inert values: the composition root starts from these and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.model.api import Api
from pingbox.model.findings import Finding, Level
from pingbox.model.function import FunctionSpec

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


@dataclass(frozen=True)
class Table:
    """A DynamoDB table. `parameters` are the keyword arguments of boto3's `create_table`, `TableName` among them.

    `ttl_attribute` is None when the table has no time to live.
    """

    logical_id: str
    parameters: Mapping[str, Any]
    ttl_attribute: str | None = None

    @property
    def name(self) -> str:
        """The table's name, as handlers use it."""
        return str(self.parameters["TableName"])

    @property
    def time_to_live(self) -> dict[str, Any]:
        """The arguments of boto3's `update_time_to_live`, for a table with a TTL attribute."""
        specification = {"Enabled": True, "AttributeName": self.ttl_attribute}
        return {"TableName": self.name, "TimeToLiveSpecification": specification}


@dataclass(frozen=True)
class Schedule:
    """A function that EventBridge invokes by the clock.

    `expression` as written: `rate(5 minutes)` or `cron(0 12 * * ? *)`. `event` is what the function gets; None
    means EventBridge's own scheduled event. `name` is the rule's.
    """

    name: str
    function: str
    expression: str
    event: Any = None

    @property
    def seconds(self) -> float | None:
        """The period of a rate; None for a cron expression, which has none."""
        found = _RATE.fullmatch(self.expression)
        return None if found is None else float(found[1]) * _SECONDS[found[2]]


@dataclass(frozen=True)
class AwsResource:
    """A resource of another AWS service (a queue, a bucket, a secret). `properties` are the template's, evaluated."""

    logical_id: str
    type: str
    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Ignored:
    """A resource that has no local counterpart. `reason` is a sentence a user can act on."""

    logical_id: str
    type: str
    reason: str


@dataclass(frozen=True)
class Output:
    """An output of the template, its value with local names."""

    name: str
    value: str


@dataclass(frozen=True)
class App:
    """Everything an app declares that exists locally, and what does not.

    `findings` are sentences about what AWS would treat differently, what could be better and what was guessed. `files`
    are the absolute paths of the files that were read as declarations (templates, included files): those to watch.
    `source` is what the user named, `kind` one of `SAM`, `CloudFormation`, `serverless.yml`, `pyproject.toml`,
    `handlers`. `region` is the one the app runs in: serverless.yml may name its own. `unavailable`: functions that
    cannot run locally; calls to them fail with their reason.
    """

    source: str
    kind: str
    region: str
    apis: tuple[Api, ...]
    functions: tuple[FunctionSpec, ...]
    tables: tuple[Table, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    resources: tuple[AwsResource, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    findings: tuple[Finding, ...] = ()
    outputs: tuple[Output, ...] = ()
    files: tuple[str, ...] = ()
    unavailable: tuple[FunctionSpec, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to tell at once, each with its place: all findings but the pieces of advice."""
        return tuple(str(finding) for finding in self.findings if finding.level is not Level.ADVICE)

    @property
    def advice(self) -> tuple[str, ...]:
        """What works on AWS and could be better, each with its place."""
        return tuple(str(finding) for finding in self.findings if finding.level is Level.ADVICE)

    def function(self, name: str) -> FunctionSpec | None:
        """The function with exactly this name, or None."""
        return next((function for function in self.functions if function.name == name), None)
