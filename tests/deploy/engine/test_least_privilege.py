"""Each function can do its duties with its role, and no permission can be spared: with one less, a duty fails."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pingbox.chat.declaration import FUNCTIONS, chat
from pingbox.chat.model import ChatFunction, Grant
from pingbox.chat.template.render import template
from support.chat.cloud_chat import CloudChat
from support.chat.cloud_duties import DUTIES, Stagehand
from support.deploy.command import command_in
from support.deploy.ministack import MiniStack
from support.deploy.template_judges import findings

STACK = "pingbox-dev"

# AWS checks these, MiniStack does not: Lambda's own writing of logs and of failed events. Our rules watch over them.
WATCHED_BY_RULES = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}

GRANTED = [(function, grant, action) for function in FUNCTIONS for grant in function.grants for action in grant.actions]
ENFORCED = [entry for entry in GRANTED if entry[2] not in WATCHED_BY_RULES]
RULED = [entry for entry in GRANTED if entry[2] in WATCHED_BY_RULES]


def name(entry: tuple[ChatFunction, Grant, str]) -> str:
    function, grant, action = entry
    return f"{function.stem}-{action}-{'-'.join(map(str, vars(grant.target).values()))}"


@pytest.fixture(scope="module")
def cloud(ministack: MiniStack) -> CloudChat:
    """One deployed chat. One receiver is posted to at once, two go to FanoutLambda; retention is on."""
    account = ministack.account()
    command_in(account)(
        "deploy", "--yes", "--no-alarm",
        "--parameter=InlineFanoutLimit=1", "--parameter=RetentionDays=2", "--parameter=RatePerMinute=6000",
    )  # fmt: skip
    return CloudChat.found(account, STACK)


@pytest.fixture
def stage(cloud: CloudChat) -> Iterator[Stagehand]:
    with Stagehand(cloud).on_stage() as ready:
        yield ready


@pytest.mark.parametrize("function", [function.name for function in FUNCTIONS])
def test_the_role_is_enough(stage: Stagehand, function: str) -> None:
    """With all its permissions a function does all its duties."""
    fulfil(stage, function)


@pytest.mark.parametrize("entry", ENFORCED, ids=name)
def test_no_permission_can_be_spared(stage: Stagehand, entry: tuple[ChatFunction, Grant, str]) -> None:
    """Without this one action on this one target, the function fails at one of its duties."""
    function, grant, action = entry
    with without(stage.chat, function, function.grants.index(grant), action), pytest.raises(AssertionError):
        fulfil(stage, function.name)


@pytest.mark.parametrize("entry", RULED, ids=name)
def test_what_the_engine_does_not_enforce_the_rules_do(entry: tuple[ChatFunction, Grant, str]) -> None:
    """A role without the right to write its logs, or its failed events, is found before it is deployed."""
    function, grant, action = entry
    document: dict[str, Any] = copy.deepcopy(template(chat()).document())
    role = document["Resources"][f"{function.stem}Role"]["Properties"]
    drop(role["Policies"][0]["PolicyDocument"], function.grants.index(grant), action)
    assert [found.partition(":")[0] for found in findings(document)] == [f"{function.stem}Role"]


@contextmanager
def without(cloud: CloudChat, function: ChatFunction, statement: int, action: str) -> Iterator[None]:
    """The deployed role without one action; put back afterwards."""
    iam, role = cloud.account.client("iam"), cloud.account.physical(STACK, f"{function.stem}Role")
    whole = iam.get_role_policy(RoleName=role, PolicyName="duties")["PolicyDocument"]
    less = copy.deepcopy(whole)
    drop(less, statement, action)
    if action.startswith("ssm:"):
        start_afresh(cloud, function)
    iam.put_role_policy(RoleName=role, PolicyName="duties", PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="duties", PolicyDocument=json.dumps(whole))


def start_afresh(cloud: CloudChat, function: ChatFunction) -> None:
    """A new process for the function: the old one remembers its secret. The configuration stays as it is."""
    name, client = cloud.account.physical(STACK, function.name), cloud.account.client("lambda")
    timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
    client.update_function_configuration(FunctionName=name, Timeout=timeout)


def fulfil(stage: Stagehand, function: str) -> None:
    """All duties of the function; `AssertionError` at the first that it cannot do."""
    for duty in DUTIES[function]:
        duty(stage)


def drop(policy: dict[str, Any], statement: int, action: str) -> None:
    """Take one action out of one statement, and the statement out if nothing is left of it."""
    left = [kept for kept in policy["Statement"][statement]["Action"] if kept != action]
    assert len(left) == len(policy["Statement"][statement]["Action"]) - 1
    policy["Statement"][statement]["Action"] = left
    if not left:
        del policy["Statement"][statement]
