"""How a stage is: stack, functions, drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.deploy.aws.client import Aws, pages
from pingbox.deploy.aws.stack import Stack, StackState
from pingbox.deploy.aws.stand_in import reachable
from pingbox.deploy.aws.watch import Watch, wait_for
from pingbox.deploy.errors import AwsError
from pingbox.deploy.plan.actual import observe, physical_ids
from pingbox.deploy.plan.target import DeployTarget

DRIFT_IS_KNOWN = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"})
"""In any other state CloudFormation refuses to look for drift."""
_DRIFT_SECONDS = 300


@dataclass(frozen=True)
class Drift:
    """One property that is not as the template says; `property` is empty for a resource that was deleted by hand."""

    logical_id: str
    status: str
    property: str = ""
    expected: str = ""
    actual: str = ""


@dataclass(frozen=True)
class Status:
    """`outputs` are the stack's, as they can be reached from here. `functions` maps a logical id to its state in words.

    `drift` None: not asked for, or AWS detects none in this state.
    """

    stack: Stack
    outputs: Mapping[str, str]
    functions: Mapping[str, str]
    drift: tuple[Drift, ...] | None
    swapped: str | None = None

    @property
    def healthy(self) -> bool:
        """The last operation succeeded and every function can run."""
        return self.stack.state is StackState.READY and set(self.functions.values()) <= {"Active", "Inactive"}

    @property
    def in_sync(self) -> bool:
        """What runs is what the template says, as far as was checked."""
        return not self.drift and self.swapped is None


def status(aws: Aws, target: DeployTarget, watch: Watch, *, drift: bool) -> Status | None:
    """The status, or None when there is no stack. Drift detection takes from seconds to minutes."""
    actual = observe(aws, target)
    if actual.stack is None:
        return None
    return Status(
        actual.stack,
        reachable(actual.stack.outputs, target.stand_in),
        _functions(aws, target),
        _drift(aws, target, watch) if drift and actual.stack.status in DRIFT_IS_KNOWN else None,
        actual.swapped,
    )


def _functions(aws: Aws, target: DeployTarget) -> dict[str, str]:
    functions = physical_ids(aws, target.stack, "AWS::Lambda::Function")
    return {logical: _state(aws, physical) for logical, physical in functions.items()}


def _state(aws: Aws, function: str) -> str:
    try:
        configuration = aws.call("lambda", "get_function_configuration", FunctionName=function)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return "Missing"
        raise
    if configuration.get("LastUpdateStatus") == "Failed":
        return "UpdateFailed"
    return str(configuration.get("State", "Active"))


def _drift(aws: Aws, target: DeployTarget, watch: Watch) -> tuple[Drift, ...]:
    detection = aws.call("cloudformation", "detect_stack_drift", StackName=target.stack)["StackDriftDetectionId"]

    def is_over() -> bool:
        answer = aws.call("cloudformation", "describe_stack_drift_detection_status", StackDriftDetectionId=detection)
        if answer["DetectionStatus"] == "DETECTION_FAILED":
            raise AwsError("DetectStackDrift", "DETECTION_FAILED", answer.get("DetectionStatusReason", ""))
        return bool(answer["DetectionStatus"] == "DETECTION_COMPLETE")

    wait_for(is_over, watch, _DRIFT_SECONDS, "the drift detection")
    listing = pages(aws, "cloudformation", "describe_stack_resource_drifts", StackName=target.stack)
    return tuple(drift for page in listing for entry in page["StackResourceDrifts"] for drift in drifts_of(entry))


def drifts_of(entry: Mapping[str, Any]) -> list[Drift]:
    """What one entry of `DescribeStackResourceDrifts` says. Pure."""
    state, logical = entry["StackResourceDriftStatus"], entry["LogicalResourceId"]
    if state not in {"MODIFIED", "DELETED"}:
        return []
    if not entry.get("PropertyDifferences"):
        return [Drift(logical, state)]
    return [
        Drift(
            logical,
            state,
            difference["PropertyPath"].removeprefix("/"),
            difference.get("ExpectedValue", ""),
            difference.get("ActualValue", ""),
        )
        for difference in entry["PropertyDifferences"]
    ]
