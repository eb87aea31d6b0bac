"""What is refused before anything is touched, and in words that help."""

from __future__ import annotations

import pytest

from pingbox.deploy import preflight
from pingbox.deploy.changes import Change
from pingbox.deploy.deployment import Plan, refuse_loss
from pingbox.deploy.errors import RefusedError
from pingbox.deploy.options import What, Where
from pingbox.deploy.place import Place
from pingbox.deploy.run import Ground, dry_wish, ground, reach
from pingbox.deploy.site import SiteFile
from pingbox.deploy.template.model import Site
from support.fake_aws import FakeAws, refused

IDENTITY = {"get_caller_identity": {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}}
CONCURRENCY = {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000}}}
NO_BLOCK = {"get_public_access_block": refused("NoSuchPublicAccessBlockConfiguration")}
NOTHING_THERE = {
    "describe_stacks": refused("ValidationError", "Stack with id x does not exist"),
    "list_objects_v2": refused("NoSuchBucket"),
    "get_parameter": refused("ParameterNotFound"),
}
EMPTY = FakeAws({**IDENTITY, **CONCURRENCY, **NO_BLOCK, **NOTHING_THERE})
WHERE = Where("app", "dev", None, None)
CHAT = What(None, None, {}, unwatched=True)


def page() -> list[SiteFile]:
    return [SiteFile("index.html", b"", "text/html", "no-cache")]


def test_the_wrong_account_is_seen_before_anything_else() -> None:
    """Who we are is the first question, and the last one."""
    aws = FakeAws(IDENTITY)
    with pytest.raises(RefusedError, match="123456789012"):
        ground(Where("app", "dev", None, None, expect_account="210987654321"), aws)
    assert aws.operations == ["get_caller_identity"]


def test_a_public_site_in_an_account_that_forbids_them() -> None:
    """CloudFormation would fail minutes later; the message names the other way."""
    block = {"BlockPublicPolicy": True, "RestrictPublicBuckets": False}
    with pytest.raises(RefusedError, match="--site cloudfront"):
        preflight.refuse_public_site(block, Site.WEBSITE)
    preflight.refuse_public_site(block, Site.CLOUDFRONT)
    preflight.refuse_public_site({}, Site.WEBSITE)


def test_reserving_more_concurrency_than_there_is() -> None:
    with pytest.raises(RefusedError, match="10, of which 25"):
        preflight.refuse_concurrency(10, {"ReservedConcurrency": "5"}, 5)
    preflight.refuse_concurrency(10, {}, 5)
    preflight.refuse_concurrency(1000, {"ReservedConcurrency": "5"}, 5)


def test_what_may_not_be_asked_stops_nothing_and_is_said() -> None:
    """An advance check without the right to it is a warning."""
    denied = {name: refused("AccessDenied") for name in ("get_public_access_block", "get_account_settings")}
    found = preflight.look(FakeAws({**IDENTITY, **denied}))
    assert (found.public_block, found.concurrency) == (None, None)
    assert len(preflight.warnings(found)) == 2


def test_a_small_account_is_warned() -> None:
    """New accounts run ten functions at once."""
    small = {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 10}}}
    [warning] = preflight.warnings(preflight.look(FakeAws({**IDENTITY, **NO_BLOCK, **small})))
    assert "at most 10" in warning


def test_guests_with_nobody_watching_the_bill() -> None:
    place = Place("app", "dev", "eu-central-1")
    with pytest.raises(RefusedError, match="--alarm-email"):
        preflight.refuse_unwatched_guests(place, True, False)
    preflight.refuse_unwatched_guests(place, False, False)


def test_a_setting_that_the_template_does_not_have() -> None:
    with pytest.raises(RefusedError, match="DefaultRom"):
        reach(ground(WHERE, EMPTY), What(None, None, {"DefaultRom": "x"}, unwatched=True), page)


def test_losing_data_needs_a_word() -> None:
    plan = Plan("app-dev", "c", False, (Change("Modify", "Messages", "AWS::DynamoDB::Table", "True"),), ())
    with pytest.raises(RefusedError, match="replaces or removes Messages"):
        refuse_loss(plan, allowed=False)
    refuse_loss(plan, allowed=True)


def test_a_clear_way_ends_in_a_wish() -> None:
    """The account's number is in the names from here on."""
    standing = ground(WHERE, EMPTY)
    wish, reality = reach(standing, CHAT, page)
    assert isinstance(standing, Ground)
    assert wish.parameters["CodeBucket"] == "pingbox-artifacts-123456789012-eu-central-1"
    assert reality.stack is None


def test_a_strange_bucket_of_that_name_is_not_read() -> None:
    """The artifact bucket's name can be guessed; AWS is told whose it must be."""
    aws = FakeAws(EMPTY.script)
    reach(ground(WHERE, aws), CHAT, page)
    assert aws.arguments("list_objects_v2")["ExpectedBucketOwner"] == "123456789012"


def test_a_refusal_says_what_was_found_expected_and_next() -> None:
    refusal = RefusedError("the region", "none", "one like eu-central-1", "pass --region")
    assert str(refusal) == "the region: none; expected one like eu-central-1. Pass --region."


def test_without_credentials_there_is_still_a_wish() -> None:
    assert dry_wish(WHERE, CHAT, page).place.account is None
