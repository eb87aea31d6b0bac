"""boto3's own mistakes and gaps, in words that help. Nothing here needs a network."""

from __future__ import annotations

import pytest

from pingbox.deploy.aws.client import Boto
from pingbox.deploy.errors import DeployError, DeployRefusedError


@pytest.fixture
def boto(monkeypatch: pytest.MonkeyPatch) -> Boto:
    for name, value in (("AWS_ACCESS_KEY_ID", "1" * 12), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return Boto(None, "eu-central-1")


@pytest.mark.parametrize("endpoint", ["foo", "127.0.0.1:4566", "http://"])
def test_an_endpoint_that_is_no_address(boto: Boto, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(DeployRefusedError, match="AWS_ENDPOINT_URL"):
        boto.call("sts", "get_caller_identity")


def test_an_endpoint_where_nobody_listens(boto: Boto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(DeployError, match="AWS_ENDPOINT_URL"):
        boto.call("sts", "get_caller_identity")


def test_a_region_that_cannot_be_one(boto: Boto) -> None:
    with pytest.raises(DeployError, match="region"):
        Boto(None, "x y").call("sts", "get_caller_identity")


def test_the_clients_model_is_asked_for_what_is_new(boto: Boto) -> None:
    assert boto.knows("cloudformation", "create_change_set", "TemplateBody")
    assert not boto.knows("cloudformation", "create_change_set", "NotInventedYet")
