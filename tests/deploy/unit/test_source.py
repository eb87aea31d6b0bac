"""What was deployed is recorded, and another app does not take its place by accident."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pingbox.deploy.aws.stack import Stack
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.source import (
    CHAT_SOURCE,
    DeployNote,
    Source,
    deployed_source,
    note_of,
    refuse_other_app,
    template_source,
)

SHOP = Source("template", "shop/template.yaml")
STACK = Stack("app-dev", "CREATE_COMPLETE", "arn", {}, {}, tags=SHOP.tags)


def template(*names: str, kind: str = "AWS::SQS::Queue") -> dict:
    return {"Resources": {name: {"Type": kind} for name in names}}


def test_the_chat_does_not_replace_a_template() -> None:
    with pytest.raises(
        DeployRefusedError, match=r"runs the template shop/template\.yaml; 2 of its 2 resources .* --replace-app"
    ):
        refuse_other_app(STACK, CHAT_SOURCE, template("A", "B"), template("C"))


def test_a_template_does_not_replace_the_chat() -> None:
    chat = replace(STACK, tags=CHAT_SOURCE.tags)
    with pytest.raises(DeployRefusedError, match="runs the chat"):
        refuse_other_app(chat, SHOP, template("A", "B"), template("C"))


def test_the_chats_own_template_may_be_taken_over_and_changed() -> None:
    """`pingbox template` prints it for that."""
    chat = replace(STACK, tags=CHAT_SOURCE.tags)
    refuse_other_app(chat, SHOP, template("A", "B"), template("A", "B", "Mine"))


def test_another_template_is_another_app() -> None:
    """Also with the same name in a folder of the same name, when it shares nothing."""
    other = Source("template", "blog/template.yaml")
    with pytest.raises(DeployRefusedError, match="3 of its 4 resources are not in the template blog/template"):
        refuse_other_app(STACK, other, template("A", "B", "C", "D"), template("A", "X"))
    with pytest.raises(DeployRefusedError, match="2 of its 2"):
        refuse_other_app(STACK, SHOP, template("A", "B"), template("X"))
    with pytest.raises(DeployRefusedError, match="2 of its 2"):
        refuse_other_app(STACK, other, template("A", "B"), template("A", "B", kind="AWS::SNS::Topic"))


def test_the_same_app_goes_on() -> None:
    """From another checkout, and after much was changed in the same file."""
    elsewhere = Source("template", "workspace/template.yaml")
    refuse_other_app(STACK, elsewhere, template("A", "B"), template("A", "New"))
    refuse_other_app(STACK, SHOP, template("A", "B", "C", "D"), template("A", "X", "Y"))


def test_a_stack_of_an_earlier_version_is_judged_by_what_is_in_it() -> None:
    """It has no record; the chat is recognized by its parameters."""
    bare = replace(STACK, tags={})
    assert deployed_source(bare) is None
    chat = replace(bare, parameters=dict.fromkeys(("CodeBucket", "CodeKey", "TokenParameter"), "x"))
    assert deployed_source(chat) == CHAT_SOURCE
    refuse_other_app(bare, SHOP, template("A", "B"), template("A", "B"))
    with pytest.raises(DeployRefusedError, match="an app that was not recorded"):
        refuse_other_app(bare, CHAT_SOURCE, template("A", "B"), template("C"))


def test_a_source_fits_a_tag(tmp_path: Path) -> None:
    """Folder and file: the whole path is another one on every machine."""
    folder = tmp_path / "sh%op, {ä}"
    folder.mkdir()
    assert template_source(folder / "a b.yaml") == Source("template", "sh_op_ _ä_/a b.yaml")
    assert len(template_source(tmp_path / ("x" * 300)).name) == 256


def test_a_note_is_read_back_and_a_broken_one_is_none() -> None:
    note = DeployNote("chat", "pingbox", "ab", "2026-11-27T21:00:00+00:00", "arn:aws:iam::1:user/me")
    assert note_of(note.as_json()) == note
    for text in ("", "[]", "{}", "null", '{"kind": 1}', "\ufeff{"):
        assert note_of(text) is None
