"""The deployed chat, reached as a browser reaches it: `config.json`, then the socket, with the page's origin."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from support.chat.cloud_chat import CloudChat
from support.deploy.ministack import Account

STACK = "pingbox-dev"


@pytest.fixture
def chat(pingbox, account: Account) -> CloudChat:
    pingbox("deploy", "--yes", "--no-alarm")
    return CloudChat.found(account, STACK)


def test_two_people_talk(chat: CloudChat) -> None:
    """Both are greeted, both hear what each says, in one order; who comes later finds it in the room."""
    with chat.page("Ana") as ana, chat.page("Bo") as bo:
        ana.say("hi Bo")
        assert bo.hears("message")["text"] == "hi Bo"
        bo.say("hi Ana")
        assert [ana.hears("message")["text"] for _ in range(2)] == ["hi Bo", "hi Ana"]
        with chat.page("Cy") as cy:
            texts = [event["text"] for event in cy.hears("sync")["events"]]
    assert texts == ["hi Bo", "hi Ana"]


def test_a_strange_page_is_not_let_in(chat: CloudChat) -> None:
    """The origin list holds the page's own origin and nothing else."""
    assert chat.refusal("https://elsewhere.example") == 403


def test_logs_show_who_did_what(pingbox, account: Account, chat: CloudChat) -> None:
    """One line per invocation, of all functions or of one. (MiniStack keeps the lines of direct invocations only.)"""
    account.invoke(account.physical(STACK, "SweepLambda"), {})
    frame = {"requestContext": {"connectionId": "nobody="}, "body": '{"action":"ping"}'}
    account.invoke(account.physical(STACK, "MessageLambda"), frame)
    everything = pingbox("logs").output
    assert '"function":"sweep"' in everything
    assert '"action":"ping"' in everything
    only = pingbox("logs", "--function", "message").output
    assert "MessageLambda  " in only
    assert "SweepLambda" not in only
    assert "ConnectLambda" in pingbox("logs", "--function", "nobody", code=1).output


def test_changed_code_is_swapped_hot_and_taken_back(pingbox, pingbox_with, chat: CloudChat) -> None:
    """`--hotswap` brings code in at once; `status` and the next plan say so; the next deploy settles it."""
    before = chat.code_digest("MessageLambda")
    assert "run the new code" in pingbox_with("one", "deploy", "--hotswap")
    assert "no changes" in pingbox_with("one", "deploy", "--hotswap")
    assert chat.code_digest("MessageLambda") != before
    assert "hot-swapped" in pingbox("status", "--no-drift", code=2).output
    assert "hot-swapped" in pingbox("plan", code=2).output
    pingbox("deploy", "--yes")
    assert chat.code_digest("MessageLambda") == before
    assert "no changes" in pingbox("plan").output


def test_changed_code_is_deployed_and_old_artifacts_go(pingbox_with, chat: CloudChat) -> None:
    """New code is a change of five functions. The artifact before it stays for a rollback, older ones go."""
    before = chat.code_digest("MessageLambda")
    changes = json.loads(pingbox_with("one", "plan", "--json"))["changes"]
    functions = {change["logicalId"] for change in changes if change["type"] == "AWS::Lambda::Function"}
    assert len(functions) == 5
    pingbox_with("one", "deploy", "--yes")
    assert chat.code_digest("MessageLambda") != before
    pingbox_with("two", "deploy", "--yes")
    assert len(chat.artifacts()) == 2
    with chat.page("Ana") as ana:
        ana.say("still here")
        assert ana.hears("message")["text"] == "still here"


def test_the_functions_run_exactly_what_was_packed(account: Account, chat: CloudChat) -> None:
    """The artifact holds the core, the handlers and nothing else."""
    [key] = chat.artifacts()
    body = account.client("s3").get_object(Bucket=chat.artifact_bucket, Key=key)["Body"].read()
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"pingbox", "pingbox_core"}
    assert {name.split("/")[1] for name in names if name.startswith("pingbox/")} == {"__init__.py", "handlers"}
