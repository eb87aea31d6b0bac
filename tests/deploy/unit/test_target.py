"""Names that AWS would refuse only minutes later are refused at once."""

from __future__ import annotations

import pytest

from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.target import checked_target


def test_the_same_words_find_the_same_stack() -> None:
    target = checked_target("my-chat", "next_2", "eu-central-1")
    assert target.stack == "my-chat-next-2"
    assert target.secret == "/pingbox/my-chat/next_2/token-secret"
    assert target.tags == {"pingbox:app": "my-chat", "pingbox:stage": "next_2"}


def test_a_stage_may_have_hyphens() -> None:
    """HS-2."""
    assert checked_target("chat", "my-stage", "eu-central-1").stack == "chat-my-stage"


@pytest.mark.parametrize("stage", ["$default", "", "a b", "ü", "x" * 33])
def test_a_stage_has_a_name_that_api_gateway_takes(stage: str) -> None:
    """Letters, digits, hyphens and underscores (HS-2)."""
    with pytest.raises(DeployRefusedError, match="--stage"):
        checked_target("app", stage, "eu-central-1")


@pytest.mark.parametrize("app", ["App", "1app", "app_", "-app", "a--b", "", "x" * 41])
def test_an_app_can_be_part_of_a_buckets_name(app: str) -> None:
    with pytest.raises(DeployRefusedError, match="--app"):
        checked_target(app, "dev", "eu-central-1")
