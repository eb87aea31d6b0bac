"""What people see: it fits a terminal of 80 columns, stays calm, and keeps what matters."""

from __future__ import annotations

import io
from typing import get_args

import pytest
from rich.console import Console

from pingbox.chat.declaration import chat
from pingbox.chat.template.render import template
from pingbox.deploy.artifacts.site import Invalidate, PutFile, RemoveFile, SiteFile
from pingbox.deploy.aws.events import STACK_TYPE, Event
from pingbox.deploy.aws.interrupt import report_interrupt
from pingbox.deploy.aws.stack import StackVersion
from pingbox.deploy.commands.columns import property_line, resources_listing
from pingbox.deploy.commands.context import Context
from pingbox.deploy.commands.output import event_line, plan_view
from pingbox.deploy.commands.progress import Live
from pingbox.deploy.perform.deployment import Plan
from pingbox.deploy.perform.describe import describe
from pingbox.deploy.plan.changes import PropertyChange, ResourceChange
from pingbox.deploy.plan.source import DeployNote
from pingbox.deploy.plan.steps import (
    ContinueRollback,
    CreateArtifactBucket,
    CreateSecret,
    DeleteSecret,
    DeleteStack,
    DeleteTable,
    EmptyBucket,
    ExecuteChangeSet,
    MarkSwapped,
    ProtectStack,
    PutArtifact,
    RemoveArtifacts,
    RemoveBucketIfEmpty,
    Step,
    SwapCode,
    WriteNote,
)
from pingbox.deploy.plan.target import DeployTarget

STEP = ExecuteChangeSet("app-dev", "c", 2)


def shown(view: object, *, terminal: bool = False) -> str:
    file = io.StringIO()
    Console(file=file, width=80, soft_wrap=True, force_terminal=terminal, color_system=None).print(view)
    return file.getvalue()


def test_a_first_plan_of_the_chat_fits_a_terminal() -> None:
    """Every resource on one line, no type broken in two."""
    resources = template(chat()).document()["Resources"].items()
    changes = tuple(ResourceChange("Add", name, entry["Type"]) for name, entry in resources)
    text = shown(plan_view(Plan("pingbox-dev", "c", True, changes, ())))
    assert max(map(len, text.splitlines())) <= 80
    assert f"a new stack, {len(changes)} resources" in text
    assert "SendMessageRoutePermission  Lambda::Permission" in text
    assert "replacement" not in text


def test_a_replacement_has_its_column_and_properties_their_lines() -> None:
    modified = ResourceChange(
        "Modify", "Data", "AWS::DynamoDB::Table", "True", (PropertyChange("KeySchema", "a", "b"),)
    )
    lines = shown(
        plan_view(Plan("app-dev", "c", False, (modified, ResourceChange("Remove", "Q", "AWS::SQS::Queue")), ()))
    )
    assert [line.split() for line in lines.splitlines()] == [
        ["app-dev:", "2", "changes"],
        ["action", "resource", "type", "replacement"],
        ["Modify", "Data", "DynamoDB::Table", "REPLACED"],
        ["KeySchema:", "a", "→", "b"],
        ["Remove", "Q", "SQS::Queue"],
    ]


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    """The beginning of an environment or of a key is the same on both sides."""
    before, after = (f'{{"TABLE": "{"x" * 200}", "ROOM": "{room}"}}' for room in ("general", "lobby"))
    line = property_line(PropertyChange("Environment", before, after))
    assert "general" in line
    assert "lobby" in line
    assert len(line) <= 70


@pytest.mark.parametrize(("before", "after"), [("abc", "abc" * 40), ("abc" * 40, "abc"), (None, "a"), ("a", None)])
def test_a_value_may_begin_as_the_other_ends(before: str | None, after: str | None) -> None:
    assert property_line(PropertyChange("P", before, after)).startswith("P: ")


def files(number: int) -> tuple[PutFile, ...]:
    return tuple(PutFile("b", SiteFile(f"{n}.js", b"1234", "text/javascript", "no-cache")) for n in range(number))


def test_many_files_are_counted_and_few_are_named() -> None:
    """A first deploy brings fifty; a change of two is worth reading."""
    many = shown(plan_view(Plan("s", None, False, (), (*files(20), RemoveFile("b", "old.js")))))
    assert "page: upload 20 files (80 bytes), remove 1 file" in many
    assert shown(plan_view(Plan("s", None, False, (), files(2)))).count("page: upload") == 2


VERSION = StackVersion("arn", "CREATE_COMPLETE", "")
LONG = DeployTarget("customer-support", "production-eu-1", "ap-southeast-2", "123456789012")
KEY = f"{LONG.artifact_prefix}{'c' * 32}.zip"
STEPS: list[Step] = [
    CreateArtifactBucket(LONG.artifact_bucket, LONG.region),
    PutArtifact(LONG.artifact_bucket, KEY, b"", "application/zip"),
    CreateSecret(LONG.secret, ()),
    DeleteSecret(LONG.secret, LONG.stack),
    ContinueRollback(LONG.stack, VERSION),
    DeleteStack(LONG.stack, VERSION, "it was never in use"),
    ExecuteChangeSet(LONG.stack, "c", 100),
    ProtectStack(LONG.stack, on=True),
    SwapCode(("one", "two"), LONG.artifact_bucket, KEY),
    MarkSwapped(LONG.artifact_bucket, "key", "key"),
    WriteNote(LONG.artifact_bucket, LONG.note, DeployNote("chat", "pingbox", "d", "at", "by")),
    RemoveArtifacts(LONG.artifact_bucket, ("one", "two")),
    EmptyBucket(f"{LONG.stack}-sitebucket-abcdefghijklm", VERSION),
    RemoveBucketIfEmpty(LONG.artifact_bucket),
    DeleteTable(f"{LONG.stack}-Messages-ABCDEFGHIJKLM"),
    PutFile("b", SiteFile("app.12345678.css", b"", "text/css", "public,max-age=31536000,immutable")),
    RemoveFile(f"{LONG.stack}-sitebucket-abcdefghijklm", "old.js"),
    Invalidate("E123456789ABCD", ("/index.html", "/config.json")),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_step_is_one_line_of_a_terminal(step: Step) -> None:
    """With the longest names of the chat, and room for the number before it."""
    assert len(describe(step)) <= 80 - len("  1. ")


def test_every_step_was_looked_at() -> None:
    assert {type(step) for step in STEPS} == set(get_args(Step))


def test_the_context_fits_a_terminal() -> None:
    """Also with a long role session; the account stands in a line of its own, so it is left out of ARNs."""
    arn = f"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_AdministratorAccess_{'0' * 16}/me@example.com"
    view = Context(
        "123456789012", "a-rather-long-alias", LONG.region, arn, LONG.stack, "UPDATE_ROLLBACK_COMPLETE", True,
        "the template shop/template.yaml", "2026-11-27T21:00:00+00:00", arn,
    ).view()  # fmt: skip
    assert max(map(len, view.plain.splitlines())) <= 80
    assert "assumed-role/AWSReservedSSO_AdministratorAccess" in view.plain


def test_a_destroy_names_what_holds_data_and_what_stays() -> None:
    entries = [("Api", "AWS::ApiGatewayV2::Api"), ("Data", "AWS::DynamoDB::Table"), ("Site", "AWS::S3::Bucket")]
    resources = [
        {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": f"p-{name}"} for name, kind in entries
    ]
    lines = [line.split() for line in shown(resources_listing(resources, {"p-Data"})).splitlines()]
    assert lines[1:] == [
        ["goes", "Api", "ApiGatewayV2::Api"],
        ["stays", "Data", "DynamoDB::Table"],
        ["p-Data"],
        ["goes", "Site", "S3::Bucket"],
        ["p-Site"],
    ]


def event(status: str, logical_id: str = "Queue", reason: str = "", kind: str = "AWS::SQS::Queue") -> Event:
    return Event("1", "", logical_id, kind, status, reason)


def test_only_reasons_of_failures_are_told() -> None:
    """AWS says "Resource creation Initiated" for every single resource."""
    assert "Initiated" not in event_line(event("CREATE_IN_PROGRESS", reason="Resource creation Initiated")).plain
    assert event_line(event("CREATE_FAILED", reason="no room")).plain.endswith("\n  no room")


def live(*, terminal: bool, quiet: bool = False) -> tuple[Live, io.StringIO]:
    file = io.StringIO()
    console = Console(file=file, width=80, soft_wrap=True, force_terminal=terminal, color_system=None)
    return Live(console, quiet=quiet), file


def run(one: Live) -> None:
    with one:
        one.step(STEP, 1)
        for status in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE"):
            one.event(event(status), 2)
        one.event(event("CREATE_FAILED", "Topic", "no room"), 2)
        one.event(event("ROLLBACK_IN_PROGRESS", "app-dev", "", STACK_TYPE), 2)
        one.event(event("ROLLBACK_COMPLETE", "app-dev", "", STACK_TYPE), 2)
        for left, step in zip((2, 1), files(2), strict=True):
            one.step(step, left)


def test_in_a_log_every_event_and_file_has_its_line() -> None:
    one, file = live(terminal=False)
    run(one)
    text = file.getvalue()
    assert [line.split()[0] for line in text.splitlines()] == [
        "·",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "no",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "·",
        "·",
    ]
    assert "━" not in text


def test_on_a_terminal_what_is_under_way_is_in_the_bar_and_failures_stay() -> None:
    one, file = live(terminal=True)
    run(one)
    text = file.getvalue()
    assert "CREATE_IN_PROGRESS" not in text
    assert "CREATE_FAILED" in text
    assert "no room" in text
    assert "0/2" in text
    assert "the page is up to date" in text


def test_for_machines_nothing_is_said() -> None:
    one, file = live(terminal=True, quiet=True)
    run(one)
    assert file.getvalue() == ""


def test_ctrl_c_says_what_goes_on_by_itself() -> None:
    """CloudFormation does not stop when we do. Exit code 130, as shells have it."""
    with pytest.raises(Exception, match="continues") as stopped, report_interrupt("app-dev", "repeat"):
        raise KeyboardInterrupt
    assert getattr(stopped.value, "exit_code", None) == 130
