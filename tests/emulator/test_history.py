"""The history: bounded, numbered, with causes, and read as it grows."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.activity import (
    AwsCall,
    AwsCalled,
    FrameReceived,
    FrameSent,
    FunctionLog,
    InvocationEnded,
    InvocationStarted,
)
from pingbox.emulator.history import History, cause
from pingbox.emulator.services.lambda_.outcome import Returned


def frame(text: str = "hi") -> FrameReceived:
    return FrameReceived(1.0, "ana", text)


def kinds(entries: object) -> list[str]:
    return [type(entry.activity).__name__ for entry in entries]  # type: ignore[attr-defined]


def in_a_context_of_its_own(act):
    return contextvars.copy_context().run(act)


def test_a_frame_sent_leads_back_to_the_frame_that_caused_it():
    history = History()

    def conversation() -> int:
        history(frame())
        history(InvocationStarted(1.0, "echo", "request-1", {}))
        number = history.new_number()
        token = cause.set(number)
        history(FrameSent(1.0, "ana", "pong", "post"))
        cause.reset(token)
        history.record(number, AwsCalled(1.0, "request-1", AwsCall("s", "PostToConnection", {}, None, 0.0)))
        history(InvocationEnded(1.0, "echo", "request-1", Returned(None), 0.0))
        return next(entry.number for entry in history.entries() if isinstance(entry.activity, FrameSent))

    sent = in_a_context_of_its_own(conversation)
    assert kinds(history.causes(sent)) == ["FrameSent", "AwsCalled", "InvocationStarted", "FrameReceived"]


def test_an_invocations_log_and_calls_have_it_as_their_cause_from_whatever_context():
    history = History()
    in_a_context_of_its_own(lambda: history(InvocationStarted(1.0, "echo", "request-1", {})))
    history(FunctionLog(1.0, "echo", "request-1", "a line"))
    history(FunctionLog(1.0, "echo", "another", "a line of nobody"))
    started, line, other = history.entries()
    assert (line.cause, other.cause) == (started.number, None)


def test_a_second_frame_is_not_caused_by_the_first():
    history = History()

    def two() -> None:
        history(frame())
        history(frame())

    in_a_context_of_its_own(two)
    assert [entry.cause for entry in history.entries()] == [None, None]


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(1, 10), st.integers(1, 3000))
def test_it_keeps_the_latest_within_its_bounds_in_order(texts: list[str], most: int, size: int):
    history = History(max_entries=most, max_bytes=size)
    for text in texts:
        in_a_context_of_its_own(lambda text=text: history(frame(text)))
    kept = history.entries()
    assert len(kept) <= most
    assert [entry.activity.text for entry in kept] == (texts[-len(kept) :] if kept else [])
    assert [entry.number for entry in kept] == list(range(len(texts) - len(kept) + 1, len(texts) + 1))
    assert bool(kept) == bool(texts), "the latest is always there"


def test_large_texts_push_older_ones_out():
    history = History(max_bytes=100_000)
    for _ in range(10):
        history(frame("x" * 40_000))
    assert len(history.entries()) == 2


def test_a_large_item_in_a_call_counts_too():
    history = History(max_bytes=100_000)
    for _ in range(10):
        call = AwsCall("dynamodb", "PutItem", {"Item": {"text": {"S": "x" * 40_000}}}, None, 0.0)
        history(AwsCalled(1.0, "", call))
    assert len(history.entries()) == 2


def test_a_reader_that_raises_harms_nobody(caplog: pytest.LogCaptureFixture):
    history = History()
    seen: list[int] = []

    def bad(entry: object) -> None:
        raise ValueError("not today")

    history.subscribe(bad)
    end = history.subscribe(lambda entry: seen.append(entry.number))
    history(frame())
    end()
    history(frame())
    assert seen == [1]
    assert len(history.entries()) == 2
    assert "a reader of the history failed" in caplog.text


async def test_following_begins_with_what_is_remembered_and_goes_on():
    history = History()
    history(frame("one"))
    history(frame("two"))
    following = history.follow(after=1)
    assert (await anext(following)).activity.text == "two"
    thread = threading.Thread(target=lambda: history(frame("three")))
    thread.start()
    async with asyncio.timeout(10):
        assert (await anext(following)).activity.text == "three"
    thread.join()
    await following.aclose()
    assert history._subscribers == ()


async def test_numbers_are_in_order_whoever_writes():
    history = History(max_entries=None)
    threads = [threading.Thread(target=lambda: [history(frame()) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry.number for entry in history.entries()) == list(range(1, 801))
