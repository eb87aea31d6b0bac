"""What is refused before anything is touched, and in words that help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import template
from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.aws.stack import Stack
from pingbox.deploy.aws.stand_in import StandIn
from pingbox.deploy.commands.options import AppOptions, TargetOptions, UpdateOptions
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.perform.deployment import Plan, refuse_loss, refuse_no_way_back
from pingbox.deploy.perform.session import Session, connect, dry_desired, load_state
from pingbox.deploy.plan import preflight
from pingbox.deploy.plan.changes import ResourceChange
from pingbox.deploy.plan.concurrency import reserved_concurrency
from pingbox.deploy.plan.protection import is_protected
from support.deploy.fake_aws import FakeAws, refused

IDENTITY = {"get_caller_identity": {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}}
CONCURRENCY = {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000}}}
NO_BLOCK = {"get_public_access_block": refused("NoSuchPublicAccessBlockConfiguration")}
NOTHING_THERE = {
    "describe_stacks": refused("ValidationError", "Stack with id x does not exist"),
    "list_objects_v2": refused("NoSuchBucket"),
    "get_parameter": refused("ParameterNotFound"),
}
EMPTY = FakeAws({**IDENTITY, **CONCURRENCY, **NO_BLOCK, **NOTHING_THERE})
WHERE = TargetOptions("app", "dev", None, None)
CHAT = AppOptions(None, None, {}, unwatched=True)


def page() -> list[SiteFile]:
    return [SiteFile("index.html", b"", "text/html", "no-cache")]


def test_the_wrong_account_is_seen_before_anything_else() -> None:
    """Who we are is the first question, and the last one."""
    aws = FakeAws(IDENTITY)
    with pytest.raises(DeployRefusedError, match="123456789012"):
        connect(TargetOptions("app", "dev", None, None, expect_account="210987654321"), aws)
    assert aws.operations == ["get_caller_identity"]


def test_a_public_site_in_an_account_that_forbids_them() -> None:
    """CloudFormation would fail minutes later; the message names the other way."""
    block = {"BlockPublicPolicy": True, "RestrictPublicBuckets": False}
    with pytest.raises(DeployRefusedError, match="--site cloudfront"):
        preflight.refuse_public_site(block, Site.WEBSITE)
    preflight.refuse_public_site(block, Site.CLOUDFRONT)
    preflight.refuse_public_site({}, Site.WEBSITE)


def test_reserving_more_concurrency_than_there_is() -> None:
    """What counts is what is unreserved now, and what this stack gives back."""
    with pytest.raises(DeployRefusedError, match="75 to be reserved by this stack, 110 available, so 35 would be left"):
        preflight.refuse_concurrency(110, 0, 75)
    preflight.refuse_concurrency(115, 0, 75)
    preflight.refuse_concurrency(50, 65, 75)
    preflight.refuse_concurrency(10, 5, 5)
    preflight.refuse_concurrency(10, 0, 0)
    preflight.refuse_concurrency(None, 0, 75)


def test_only_the_functions_that_reserve_are_counted() -> None:
    """Three of the chat's five are behind a route; a template of one's own says it function by function."""
    document = template(chat()).document()
    assert reserved_concurrency(document, {"ReservedConcurrency": "5"}) == 15
    assert reserved_concurrency(document, {"ReservedConcurrency": ""}) == 0
    own = {
        "Parameters": {"Many": {"Type": "Number", "Default": 7}},
        "Resources": {
            "A": {"Type": "AWS::Lambda::Function", "Properties": {"ReservedConcurrentExecutions": 3}},
            "B": {"Type": "AWS::Serverless::Function", "Properties": {"ReservedConcurrentExecutions": {"Ref": "Many"}}},
            "C": {"Type": "AWS::SQS::Queue", "Properties": {"ReservedConcurrentExecutions": 100}},
        },
    }
    assert reserved_concurrency(own, {}) == 10
    assert reserved_concurrency(own, {"Many": "2"}) == 5
    assert reserved_concurrency(own, {}, deployed=True) == 0


def test_what_may_not_be_asked_stops_nothing_and_is_said() -> None:
    """An advance check without the right to it is a warning."""
    denied = {name: refused("AccessDenied") for name in ("get_public_access_block", "get_account_settings")}
    found = preflight.run(FakeAws({**IDENTITY, **denied}))
    assert (found.public_block, found.concurrency) == (None, None)
    assert len(preflight.warnings(found)) == 2


def test_a_small_account_is_warned() -> None:
    """New accounts run ten functions at once."""
    small = {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 10}}}
    [warning] = preflight.warnings(preflight.run(FakeAws({**IDENTITY, **NO_BLOCK, **small})))
    assert "at most 10" in warning


def test_guests_without_an_alarm() -> None:
    """Refused by a deploy; a plan changes nothing, so it needs no address."""
    guests = replace(CHAT, unwatched=False)
    with pytest.raises(DeployRefusedError, match="--alarm-email"):
        load_state(connect(WHERE, EMPTY), guests, page)
    load_state(connect(WHERE, EMPTY), guests, page, plan_only=True)
    load_state(connect(WHERE, EMPTY), replace(guests, settings={"AlarmEmail": "me@example.com"}), page)


def test_a_setting_that_the_template_does_not_have() -> None:
    with pytest.raises(DeployRefusedError, match="DefaultRom"):
        load_state(connect(WHERE, EMPTY), AppOptions(None, None, {"DefaultRom": "x"}, unwatched=True), page)


def test_a_setting_that_follows_from_the_place_is_not_chosen() -> None:
    """It would be overridden without a word."""
    with pytest.raises(DeployRefusedError, match="--parameter: Stage"):
        load_state(connect(WHERE, EMPTY), AppOptions(None, None, {"Stage": "x"}, unwatched=True), page)


def deployed(**tags: str) -> FakeAws:
    stack = {"StackName": "app-dev", "StackStatus": "CREATE_COMPLETE", "StackId": "arn"}
    told = [{"Key": f"pingbox:{name}", "Value": value} for name, value in tags.items()]
    return FakeAws({**EMPTY.script, "describe_stacks": {"Stacks": [{**stack, "Tags": told}]}})


@pytest.mark.parametrize("tags", [{}, {"app": "app-x", "stage": "dev"}, {"app": "app", "stage": "prod"}])
def test_somebody_elses_stack_of_that_name_is_left_alone(tags: dict[str, str]) -> None:
    """A change set for it would remove what it consists of."""
    with pytest.raises(DeployRefusedError, match="--adopt"):
        load_state(connect(WHERE, deployed(**tags)), CHAT, page)
    load_state(connect(WHERE, deployed(**tags)), replace(CHAT, adopt=True), page)


def test_ones_own_stack_is_recognized() -> None:
    _, actual = load_state(connect(WHERE, deployed(app="app", stage="dev")), CHAT, page)
    assert actual.stack is not None


SHORT_CUTS = [UpdateOptions(express=True), UpdateOptions(rollback=False), UpdateOptions(hotswap=True)]


@pytest.mark.parametrize("how", SHORT_CUTS)
@pytest.mark.parametrize("stage", ["prod", "production", "main", "live", "staging", "device", "product"])
def test_a_protected_stage_takes_no_short_cuts(how: UpdateOptions, stage: str) -> None:
    """Whatever its name, unless the name says that it is for trying things out."""
    with pytest.raises(DeployRefusedError, match=f"app-{stage}, which is protected"):
        load_state(connect(replace(WHERE, stage=stage), EMPTY), CHAT, page, how)
    load_state(connect(replace(WHERE, stage=stage), EMPTY), replace(CHAT, protect=False), page, how)


@pytest.mark.parametrize("how", SHORT_CUTS)
@pytest.mark.parametrize("stage", ["dev", "dev2", "dev-ana", "test", "preview_12", "pr-7", "sandbox"])
def test_a_stage_for_trials_takes_short_cuts(how: UpdateOptions, stage: str) -> None:
    load_state(connect(replace(WHERE, stage=stage), EMPTY), CHAT, page, how)
    with pytest.raises(DeployRefusedError, match="is protected"):
        load_state(connect(replace(WHERE, stage=stage), EMPTY), replace(CHAT, protect=True), page, how)


def test_protection_is_remembered() -> None:
    """By a tag; a stack of an earlier version by its termination protection; and a choice changes it."""
    for tags, protected, expected in [
        ({"pingbox:protected": "false"}, True, False),
        ({"pingbox:protected": "true"}, False, True),
        ({}, True, True),
        ({}, False, False),
    ]:
        stack = Stack("app-dev", "CREATE_COMPLETE", "arn", {}, {}, protected, tags)
        assert is_protected(stack, "dev") is expected
        assert is_protected(stack, "dev", not expected) is not expected


def test_express_needs_a_client_that_knows_it() -> None:
    """An older botocore would refuse the parameter in its own words."""
    old = FakeAws({"unknown": {"DeploymentConfig"}})
    with pytest.raises(DeployRefusedError, match="upgrade boto3"):
        preflight.refuse_unknown_express(UpdateOptions(express=True), old)
    preflight.refuse_unknown_express(UpdateOptions(rollback=False), old)


def test_nothing_is_replaced_without_a_way_back() -> None:
    """CloudFormation would refuse it in the middle of the update, and leave the stack there."""
    plan = Plan("app-dev", "c", False, (ResourceChange("Modify", "Api", "AWS::ApiGatewayV2::Api", "True"),), ())
    with pytest.raises(DeployRefusedError, match="replaces Api"):
        refuse_no_way_back(plan, UpdateOptions(rollback=False))
    refuse_no_way_back(plan, UpdateOptions(express=True))


def test_a_stand_in_need_not_know_an_accounts_settings() -> None:
    found = preflight.Preflight("1", "arn", None, None, ("the block could not be read",))
    assert preflight.warnings(found)
    assert preflight.warnings(found, StandIn("http://127.0.0.1:4566")) == []


def test_losing_data_needs_a_word() -> None:
    plan = Plan("app-dev", "c", False, (ResourceChange("Modify", "Messages", "AWS::DynamoDB::Table", "True"),), ())
    with pytest.raises(DeployRefusedError, match="replaces Messages: its items"):
        refuse_loss(plan, allowed=False)
    refuse_loss(plan, allowed=True)


def test_a_clear_way_ends_in_a_wish() -> None:
    """The account's number is in the names from here on."""
    session = connect(WHERE, EMPTY)
    desired, actual = load_state(session, CHAT, page)
    assert isinstance(session, Session)
    assert desired.parameters["CodeBucket"] == "pingbox-artifacts-123456789012-eu-central-1"
    assert actual.stack is None


def test_a_strange_bucket_of_that_name_is_not_read() -> None:
    """The artifact bucket's name can be guessed; AWS is told whose it must be."""
    aws = FakeAws(EMPTY.script)
    load_state(connect(WHERE, aws), CHAT, page)
    assert aws.arguments("list_objects_v2")["ExpectedBucketOwner"] == "123456789012"


def test_a_refusal_says_what_was_found_expected_and_next() -> None:
    refusal = DeployRefusedError("the region", "none", "one like eu-central-1", "pass --region")
    assert str(refusal) == "the region: none; expected one like eu-central-1. Pass --region."


def test_without_credentials_there_is_still_a_wish() -> None:
    assert dry_desired(WHERE, CHAT, page).target.account is None
