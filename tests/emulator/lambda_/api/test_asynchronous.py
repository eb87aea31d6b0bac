"""Event invocations: accepted at once, tried three times, by the emulator's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.services.lambda_.api.asynchronous import Again, AsynchronousInvocations, Attempt, Done, after
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.testing.record.recorder import RecordedFunctions, Recorder
from support.sockets.fake_functions import FakeFunctions
from support.waiting import until

FAILED = FunctionError("ValueError", "no")
THROTTLED = NotInvoked("busy", "throttled")


class TestWhatComesAfterATry:
    def test_success_is_the_end(self) -> None:
        assert after(Returned(None), Attempt(0.0, 1), 0.0) == Done()

    def test_errors_are_tried_again_after_one_and_two_minutes_and_then_lost(self) -> None:
        assert after(FAILED, Attempt(0.0), 5.0) == Again(60.0, Attempt(0.0, 1))
        assert after(FAILED, Attempt(0.0, 1), 65.0) == Again(120.0, Attempt(0.0, 2))
        assert after(FAILED, Attempt(0.0, 2), 185.0) == Done("3 tries ended in an error, the last in ValueError")

    def test_throttled_events_come_back_ever_more_slowly_for_six_hours(self) -> None:
        assert after(THROTTLED, Attempt(0.0), 0.0) == Again(1.0, Attempt(0.0, 0, 1))
        assert after(THROTTLED, Attempt(0.0, 0, 3), 7.0) == Again(8.0, Attempt(0.0, 0, 4))
        assert after(THROTTLED, Attempt(0.0, 0, 20), 7.0) == Again(300.0, Attempt(0.0, 0, 21))
        assert after(THROTTLED, Attempt(0.0, 0, 80), 21_500.0) == Done("it was throttled for six hours")

    def test_what_cannot_run_at_all_is_not_tried_again(self) -> None:
        assert after(NotInvoked("no runtime"), Attempt(0.0), 0.0) == Done("no runtime")


@pytest.fixture
async def clock() -> WoundClock:
    return WoundClock()


@pytest.fixture
async def functions() -> FakeFunctions:
    return FakeFunctions()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def invocations(
    functions: FakeFunctions, clock: WoundClock, recorder: Recorder
) -> AsyncIterator[AsynchronousInvocations]:
    invocations = AsynchronousInvocations(RecordedFunctions(functions, recorder, clock.now), clock, most=2)
    yield invocations
    await invocations.close()


async def test_an_event_that_fails_is_tried_three_times_and_then_lost_with_a_word(
    invocations: AsynchronousInvocations,
    functions: FakeFunctions,
    recorder: Recorder,
    clock: WoundClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    functions.answers["f"] = FAILED
    assert invocations.accept("f", {"n": 1})
    for tries, pause in ((1, 60), (2, 120)):
        await until(lambda tries=tries: len(recorder.invocations) == tries, f"try {tries}")  # type: ignore[misc]
        await asyncio.sleep(0)  # let it come to wait
        clock.advance(pause)
    await until(lambda: len(invocations) == 0, "the end")
    assert [one.event for one in recorder.invocations] == [{"n": 1}] * 3
    assert "an asynchronous event for f is dropped: 3 tries ended in an error, the last in ValueError" in caplog.text


async def test_beyond_the_bound_events_are_not_accepted(
    invocations: AsynchronousInvocations, functions: FakeFunctions
) -> None:
    gate = asyncio.Event()

    async def wait(event: object) -> None:
        await gate.wait()

    functions.answers["f"] = wait
    assert [invocations.accept("f", {}) for _ in range(3)] == [True, True, False]
    gate.set()
    await until(lambda: len(invocations) == 0, "both ends")
    assert invocations.accept("f", {})


async def test_closing_drops_what_waits(
    invocations: AsynchronousInvocations, functions: FakeFunctions, recorder: Recorder
) -> None:
    functions.answers["f"] = FAILED
    invocations.accept("f", {})
    await until(lambda: recorder.invocations, "the first try")
    await invocations.close()
    assert len(invocations) == 0


async def test_there_is_rest_once_nothing_runs_although_something_waits_for_another_try(
    clock: WoundClock,
) -> None:
    gate = asyncio.Event()

    async def answer(event: object) -> Outcome:
        await gate.wait()
        return FAILED

    invocations = AsynchronousInvocations(FakeFunctions(f=answer), clock)
    await asyncio.wait_for(invocations.settled(), 5)
    invocations.accept("f", {})
    resting = asyncio.create_task(invocations.settled())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not resting.done()
    gate.set()
    await asyncio.wait_for(resting, 5)
    assert len(invocations) == 1
    await invocations.close()
