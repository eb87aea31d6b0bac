"""Stack events: which are new, how far the operation is, and which failure came first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Event:
    """One line of a stack's history. `reason` and `resource_id` are empty where CloudFormation gives none."""

    id: str
    time: str
    logical_id: str
    type: str
    status: str
    reason: str = ""
    resource_id: str = ""

    @property
    def failed(self) -> bool:
        """Whether this is a failure of its own."""
        return self.status.endswith("_FAILED")

    @property
    def done(self) -> bool:
        """Whether the resource has got where it was going."""
        return self.status.endswith("_COMPLETE")


def event_of(entry: Mapping[str, Any]) -> Event:
    """An event from one entry of `DescribeStackEvents`."""
    return Event(
        id=entry["EventId"],
        time=str(entry.get("Timestamp", "")),
        logical_id=entry["LogicalResourceId"],
        type=entry.get("ResourceType", ""),
        status=entry["ResourceStatus"],
        reason=entry.get("ResourceStatusReason", ""),
        resource_id=entry.get("PhysicalResourceId", ""),
    )


def fresh(newest_first: Iterable[Event], seen: frozenset[str]) -> list[Event]:
    """The events that were not seen, oldest first. Reading stops at the first seen one: older ones are seen as well."""
    new: list[Event] = []
    for event in newest_first:
        if event.id in seen:
            break
        new.append(event)
    return new[::-1]


def first_failure(oldest_first: Sequence[Event]) -> Event | None:
    """The failure that caused the others: "creation cancelled" is an echo, and so is the failure of the stack."""
    failures = [event for event in oldest_first if event.failed]
    causes = [event for event in failures if "cancelled" not in event.reason.lower() and not _is_stack(event)]
    return next(iter(causes or failures), None)


def _is_stack(event: Event) -> bool:
    return event.type == STACK_TYPE
