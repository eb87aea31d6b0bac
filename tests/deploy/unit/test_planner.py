"""From what is there to what is wished: whole lists of steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pingbox.deploy.artifacts.package import Artifact
from pingbox.deploy.aws.stack import Stack
from pingbox.deploy.commands.options import UpdateOptions
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan import planner
from pingbox.deploy.plan.actual import NOTHING, UNSETTLED, Actual
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.source import Source
from pingbox.deploy.plan.steps import (
    ContinueRollback,
    CreateArtifactBucket,
    CreateSecret,
    DeleteStack,
    MarkSwapped,
    ProtectStack,
    PutArtifact,
    RemoveArtifacts,
    SwapCode,
)
from pingbox.deploy.plan.target import DeployTarget

TARGET = DeployTarget("app", "dev", "eu-central-1", "123456789012")
BUCKET = "pingbox-artifacts-123456789012-eu-central-1"
OLD, CODE = "app/dev/old.zip", Artifact("c" * 64, b"zip")
KEY = f"app/dev/{'c' * 32}.zip"
TEMPLATE = '{"Parameters": {"Stage": {}, "CodeKey": {}, "LogLevel": {}}, "Resources": {}}'
DESIRED = Desired(TARGET, TEMPLATE, {"Stage": "dev", "CodeKey": KEY}, (CODE,), secret=True)


def stack(status: str = "CREATE_COMPLETE", **parameters: str) -> Stack:
    return Stack("app-dev", status, "arn", {}, parameters or {"CodeKey": OLD, "LogLevel": "INFO", "Gone": "x"})


RUNNING = Actual(stack(), frozenset({OLD}), secret=True)


class TestRecovery:
    @pytest.mark.parametrize(
        "status", [None, "CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "REVIEW_IN_PROGRESS"]
    )
    def test_a_stack_at_rest_needs_none(self, status: str | None) -> None:
        assert planner.recovery(TARGET, Actual(stack(status) if status else None)) == []

    @pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
    def test_a_failed_creation_is_deleted(self, status: str) -> None:
        [step] = planner.recovery(TARGET, Actual(stack(status)))
        assert isinstance(step, DeleteStack)
        assert step.expected == stack(status).version

    def test_what_was_in_use_is_never_deleted(self) -> None:
        """A failed rollback is continued: there is data in that stack."""
        assert planner.recovery(TARGET, Actual(stack("UPDATE_ROLLBACK_FAILED"))) == [
            ContinueRollback("app-dev", stack("UPDATE_ROLLBACK_FAILED").version)
        ]

    def test_what_is_half_deleted_is_left_to_destroy(self) -> None:
        """It may hold tables still, and destroy asks for its name."""
        with pytest.raises(DeployRefusedError, match="pingbox destroy"):
            planner.recovery(TARGET, Actual(stack("DELETE_FAILED")))

    def test_somebody_elses_operation_is_waited_for(self) -> None:
        with pytest.raises(DeployRefusedError, match="UPDATE_IN_PROGRESS"):
            planner.recovery(TARGET, Actual(stack("UPDATE_IN_PROGRESS")))


class TestPreparation:
    def test_a_first_deploy_makes_bucket_code_and_secret(self) -> None:
        assert planner.preparation(DESIRED, NOTHING) == [
            CreateArtifactBucket(BUCKET, "eu-central-1"),
            PutArtifact(BUCKET, KEY, b"zip", "application/zip"),
            CreateSecret("/pingbox/app/dev/token-secret", (("pingbox:app", "app"), ("pingbox:stage", "dev"))),
        ]

    def test_what_is_there_is_not_made_again(self) -> None:
        """A secret made anew would void every guest's token."""
        assert planner.preparation(DESIRED, replace(RUNNING, artifacts=frozenset({OLD, KEY}))) == []

    def test_a_long_template_travels_by_the_bucket(self) -> None:
        long = replace(DESIRED, template=TEMPLATE + " " * 52_000)
        bucket, upload = planner.template_upload(long, NOTHING)
        assert isinstance(bucket, CreateArtifactBucket)
        assert isinstance(upload, PutArtifact)
        request = planner.change_set(long, NOTHING, "name")
        assert request.body is None
        assert request.url == f"https://s3.eu-central-1.amazonaws.com/{BUCKET}/{upload.key}"


class TestChangeSet:
    def test_parameters_nobody_spoke_of_keep_their_values(self) -> None:
        """Except those that the new template does not have any more."""
        request = planner.change_set(DESIRED, RUNNING, "name")
        assert (request.create, request.previous) == (False, ("LogLevel",))

    def test_what_failed_half_way_is_changed_and_not_created(self) -> None:
        request = planner.change_set(DESIRED, Actual(stack("UPDATE_FAILED"), frozenset()), "name")
        assert (request.create, request.previous) == (False, ("LogLevel",))

    @pytest.mark.parametrize("rollback", [True, False])
    def test_express_mode_is_always_told_whether_to_roll_back(self, rollback: bool) -> None:
        """By itself it would not."""
        request = planner.change_set(DESIRED, RUNNING, "name", UpdateOptions(express=True, rollback=rollback))
        assert request.arguments(())["DeploymentConfig"] == {"Mode": "EXPRESS", "DisableRollback": not rollback}
        assert "DeploymentConfig" not in planner.change_set(DESIRED, RUNNING, "name").arguments(())

    @pytest.mark.parametrize("actual", [NOTHING, Actual(stack("REVIEW_IN_PROGRESS"))])
    def test_a_new_stack_has_no_previous_values(self, actual: Actual) -> None:
        request = planner.change_set(DESIRED, actual, "name")
        assert (request.create, request.previous) == (True, ())


class TestTagsAndRole:
    def test_the_stacks_own_tags_are_passed_again(self) -> None:
        """CloudFormation takes the list as a whole: what is left out is removed. AWS's own cannot be set."""
        there = replace(
            stack(), tags={"cost": "42", "team": "shop", "aws:cloudformation:x": "y", "pingbox:kind": "chat"}
        )
        desired = replace(DESIRED, tags={"team": "blog"}, source=Source("template", "a/b.yaml"), boundary="arn:b")
        request = planner.change_set(desired, replace(RUNNING, stack=there), "name")
        assert dict(request.tags) == {
            "cost": "42",
            "team": "blog",
            "pingbox:app": "app",
            "pingbox:stage": "dev",
            "pingbox:kind": "template",
            "pingbox:source": "a/b.yaml",
            "pingbox:protected": "false",
            "pingbox:boundary": "arn:b",
        }

    def test_cloudformation_works_with_the_role(self) -> None:
        """For the change set, and for what recovers a stuck stack."""
        role = "arn:aws:iam::123456789012:role/cloudformation"
        request = planner.change_set(replace(DESIRED, role=role), RUNNING, "name")
        assert request.arguments(())["RoleARN"] == role
        assert "RoleARN" not in planner.change_set(DESIRED, RUNNING, "name").arguments(())
        for status in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"):
            [step] = planner.recovery(TARGET, Actual(stack(status)), role)
            assert isinstance(step, DeleteStack | ContinueRollback)
            assert step.role == role

    def test_nested_stacks_are_asked_for_where_there_are_any(self) -> None:
        nested = replace(DESIRED, template='{"Resources": {"N": {"Type": "AWS::CloudFormation::Stack"}}}')
        assert planner.change_set(nested, RUNNING, "name").arguments(())["IncludeNestedStacks"] is True
        assert "IncludeNestedStacks" not in planner.change_set(DESIRED, RUNNING, "name").arguments(())


class TestAfterwards:
    def test_only_this_code_and_the_one_before_stay(self) -> None:
        """A rollback needs the code it goes back to."""
        actual = replace(RUNNING, artifacts=frozenset({OLD, KEY, "app/dev/older.zip", "app/dev/hotswap.json"}))
        assert planner.after_change(DESIRED, actual, ()) == [RemoveArtifacts(BUCKET, ("app/dev/older.zip",))]

    def test_where_the_code_stays_the_one_before_it_stays_too(self) -> None:
        """ "No changes" removes nothing."""
        actual = Actual(stack(CodeKey=KEY), frozenset({OLD, KEY}))
        assert planner.after_change(DESIRED, actual, ()) == []

    def test_swapped_code_is_taken_back(self) -> None:
        """Even if CloudFormation saw nothing to do: it does not know what runs."""
        actual = replace(RUNNING, swapped="app/dev/hot.zip", artifacts=frozenset({OLD, KEY}))
        assert planner.after_change(DESIRED, actual, ("f1", "f2")) == [
            SwapCode(("f1", "f2"), BUCKET, KEY),
            MarkSwapped(BUCKET, "app/dev/hotswap.json", None),
        ]

    def test_a_protected_wish_is_protected_once(self) -> None:
        desired = replace(DESIRED, protect=True)
        assert planner.after_change(desired, NOTHING, ()) == [ProtectStack("app-dev", on=True)]
        protected = replace(RUNNING, stack=replace(stack(), protected=True), artifacts=frozenset())
        assert planner.after_change(desired, protected, ()) == []

    def test_a_template_of_ones_own_loses_no_artifact(self) -> None:
        """We do not know how its older versions named their code."""
        own = replace(DESIRED, parameters={})
        assert planner.after_change(own, replace(RUNNING, artifacts=frozenset({"app/dev/x.zip"})), ()) == []


class TestHotSwap:
    def test_code_travels_is_swapped_and_noted(self) -> None:
        assert planner.hot_swap(DESIRED, RUNNING, ("f",)) == [
            PutArtifact(BUCKET, KEY, b"zip", "application/zip"),
            MarkSwapped(BUCKET, "app/dev/hotswap.json", UNSETTLED),
            SwapCode(("f",), BUCKET, KEY),
            MarkSwapped(BUCKET, "app/dev/hotswap.json", KEY),
        ]

    def test_an_interrupted_swap_is_not_forgotten(self) -> None:
        """Nobody knows what runs: the same code is swapped again, and a deploy settles it."""
        interrupted = replace(RUNNING, swapped=UNSETTLED, artifacts=frozenset({OLD, KEY}))
        assert SwapCode(("f",), BUCKET, KEY) in planner.hot_swap(DESIRED, interrupted, ("f",))
        assert SwapCode(("f",), BUCKET, KEY) in planner.after_change(DESIRED, interrupted, ("f",))

    def test_swapping_back_is_the_end_of_it(self) -> None:
        """The functions run what the stack says again."""
        deployed = Actual(stack(CodeKey=KEY), frozenset({KEY}), swapped="app/dev/hot.zip")
        assert planner.hot_swap(DESIRED, deployed, ("f",))[-1] == MarkSwapped(BUCKET, "app/dev/hotswap.json", None)

    def test_the_same_code_again_is_nothing(self) -> None:
        assert planner.hot_swap(DESIRED, replace(RUNNING, swapped=KEY), ("f",)) == []
        assert planner.hot_swap(DESIRED, Actual(stack(CodeKey=KEY), frozenset()), ("f",)) == []
