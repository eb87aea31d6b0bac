"""What CloudFormation says, read into values: stacks, change sets, events."""

from __future__ import annotations

from typing import Any

import pytest

from pingbox.deploy.aws.events import STACK_TYPE, Event, first_failure, fresh
from pingbox.deploy.aws.stack import StackState, state_of, succeeded
from pingbox.deploy.commands.status import Drift, drifts_of
from pingbox.deploy.perform.change_sets import is_no_change
from pingbox.deploy.plan.changes import changes_of, data_loss


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, StackState.ABSENT),
        ("DELETE_COMPLETE", StackState.ABSENT),
        ("CREATE_COMPLETE", StackState.READY),
        ("UPDATE_COMPLETE", StackState.READY),
        ("UPDATE_ROLLBACK_COMPLETE", StackState.READY),
        ("IMPORT_COMPLETE", StackState.READY),
        ("CREATE_IN_PROGRESS", StackState.BUSY),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", StackState.BUSY),
        ("DELETE_IN_PROGRESS", StackState.BUSY),
        ("ROLLBACK_COMPLETE", StackState.FAILED_CREATION),
        ("ROLLBACK_FAILED", StackState.FAILED_CREATION),
        ("CREATE_FAILED", StackState.FAILED_CREATION),
        ("REVIEW_IN_PROGRESS", StackState.IN_REVIEW),
        ("UPDATE_FAILED", StackState.PARTLY_UPDATED),
        ("UPDATE_ROLLBACK_FAILED", StackState.ROLLBACK_FAILED),
        ("DELETE_FAILED", StackState.DELETE_FAILED),
    ],
)
def test_every_status_has_a_standing(status: str | None, expected: StackState) -> None:
    assert state_of(status) is expected


def test_a_rollback_however_complete_is_no_success() -> None:
    assert succeeded("UPDATE_COMPLETE")
    assert not succeeded("UPDATE_ROLLBACK_COMPLETE")
    assert not succeeded("ROLLBACK_COMPLETE")


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_nothing_to_do_is_no_failure(reason: str) -> None:
    assert is_no_change(reason)
    assert not is_no_change("Template format error: unsupported structure.")


def entry(action: str = "Modify", **change: Any) -> dict[str, Any]:
    return {
        "Type": "Resource",
        "ResourceChange": {
            "Action": action,
            "LogicalResourceId": "Messages",
            "ResourceType": "AWS::DynamoDB::Table",
            **change,
        },
    }


def detail(path: str, **target: Any) -> dict[str, Any]:
    return {"Target": {"Attribute": "Properties", "Name": path.split("/")[-1], "Path": path, **target}}


def test_a_property_is_told_once_with_its_values() -> None:
    """CloudFormation names it again for each parameter behind it."""
    details = [
        detail("/Properties/KeySchema", RequiresRecreation="Always"),
        detail("/Properties/KeySchema", BeforeValue="old", AfterValue="new", RequiresRecreation="Always"),
    ]
    [change] = changes_of([entry(Replacement="True", Details=details), {"Type": "Hook"}])
    [told] = change.properties
    assert (told.path, told.before, told.after, told.recreation) == ("KeySchema", "old", "new", "Always")


@pytest.mark.parametrize(
    ("change", "is_lost"),
    [
        (entry(Replacement="True"), True),
        (entry(Replacement="Conditional"), True),
        (entry("Remove"), True),
        (entry(Replacement="False"), False),
        (entry("Add"), False),
        (entry(Replacement="True", ResourceType="AWS::Lambda::Permission"), False),
    ],
)
def test_what_would_be_lost(change: dict[str, Any], is_lost: bool) -> None:
    """A table or bucket that is replaced, surely or maybe, or removed; nothing else keeps what people wrote."""
    assert bool(data_loss(changes_of([change]))) is is_lost


def event(number: int, logical_id: str, status: str, reason: str = "", type_name: str = "AWS::X::Y") -> Event:
    return Event(str(number), "", logical_id, type_name, status, reason)


def test_events_are_told_once_and_oldest_first() -> None:
    newest_first = [event(3, "C", "X"), event(2, "B", "X"), event(1, "A", "X")]
    assert [one.id for one in fresh(newest_first, frozenset({"1"}))] == ["2", "3"]


def test_reading_stops_at_the_first_known_event() -> None:
    """A stack's history can be long: pages behind a known event are not asked for."""

    def history():
        yield event(2, "B", "X")
        yield event(1, "A", "X")
        raise AssertionError("asked for more")

    assert [one.id for one in fresh(history(), frozenset({"1"}))] == ["2"]


def test_the_first_cause_is_not_an_echo() -> None:
    """Not the cancellations that follow from it, and not the stack's own failure."""
    history = [
        event(1, "A", "CREATE_IN_PROGRESS"),
        event(2, "B", "CREATE_FAILED", "Resource creation cancelled"),
        event(3, "A", "CREATE_FAILED", "the real reason"),
        event(4, "S", "UPDATE_FAILED", "The following resource(s) failed: [A, B]", STACK_TYPE),
    ]
    found = first_failure(history)
    assert found is not None
    assert found.reason == "the real reason"


def test_a_lonely_echo_is_better_than_nothing() -> None:
    only = event(1, "S", "CREATE_FAILED", "no room left", STACK_TYPE)
    assert first_failure([only]) is only
    assert first_failure([]) is None


def test_drift_is_told_by_property_and_a_missing_resource_by_name() -> None:
    difference = {"PropertyPath": "/Timeout", "ExpectedValue": "20", "ActualValue": "5", "DifferenceType": "NOT_EQUAL"}
    modified = {
        "StackResourceDriftStatus": "MODIFIED",
        "LogicalResourceId": "MessageLambda",
        "PropertyDifferences": [difference],
    }
    assert drifts_of(modified) == [Drift("MessageLambda", "MODIFIED", "Timeout", "20", "5")]
    assert drifts_of({"StackResourceDriftStatus": "DELETED", "LogicalResourceId": "A"}) == [Drift("A", "DELETED")]
    assert drifts_of({"StackResourceDriftStatus": "IN_SYNC", "LogicalResourceId": "A"}) == []
