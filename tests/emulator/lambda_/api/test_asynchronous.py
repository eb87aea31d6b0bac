"""Event invocations: accepted at once, tried three times, by the emulator's clock."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.history import History
from pingbox.emulator.services.lambda_.api.asynchronous import AsynchronousInvocations
from pingbox.emulator.services.lambda_.api.destinations import MAX_ROUNDS
from pingbox.emulator.services.lambda_.api.retries import Again, Attempt, Done, RetryCondition, after
from pingbox.emulator.services.lambda_.details import details
from pingbox.emulator.services.lambda_.observed import ObservedFunctions
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.model.function import AsynchronousSettings
from pingbox.testing.record.recorder import Recorder
from support.sockets.fake_functions import FakeFunctions
from support.waiting import until

FAILED = FunctionError("ValueError", "no")
THROTTLED = NotInvoked("busy", "throttled")


class TestWhatComesAfterATry:
    def test_success_is_the_end(self) -> None:
        assert after(Returned(None), Attempt(0.0, 1), 0.0) == Done(RetryCondition.SUCCESS, 2)

    @pytest.mark.fact("LM-50")
    def test_errors_are_tried_again_after_one_and_two_minutes_and_then_never(self) -> None:
        assert after(FAILED, Attempt(0.0), 5.0) == Again(60.0, Attempt(0.0, 1))
        assert after(FAILED, Attempt(0.0, 1), 65.0) == Again(120.0, Attempt(0.0, 2))
        reason = "3 tries ended in an error, the last in ValueError"
        assert after(FAILED, Attempt(0.0, 2), 185.0) == Done(RetryCondition.RETRIES_EXHAUSTED, 3, reason)

    @pytest.mark.fact("LM-50")
    @pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2), (2, 3)])
    def test_a_function_may_ask_for_fewer_tries(self, retries: int, tries: int) -> None:
        settings, attempt, count = AsynchronousSettings(retries=retries), Attempt(0.0), 0
        while isinstance(following := after(FAILED, attempt, 0.0, settings), Again):
            attempt, count = following.attempt, count + 1
        assert (count, following.tries, following.condition) == (retries, tries, RetryCondition.RETRIES_EXHAUSTED)

    def test_throttled_events_come_back_ever_more_slowly_for_six_hours(self) -> None:
        assert after(THROTTLED, Attempt(0.0), 0.0) == Again(1.0, Attempt(0.0, 0, 1))
        assert after(THROTTLED, Attempt(0.0, 0, 3), 7.0) == Again(8.0, Attempt(0.0, 0, 4))
        assert after(THROTTLED, Attempt(0.0, 0, 20), 7.0) == Again(300.0, Attempt(0.0, 0, 21))
        ended = after(THROTTLED, Attempt(0.0, 0, 80), 21_500.0)
        assert isinstance(ended, Done)
        assert (ended.condition, ended.tries, ended.delay) == (RetryCondition.EVENT_AGE_EXCEEDED, 0, 100.0)

    @pytest.mark.fact("LM-50")
    @given(
        age=st.floats(60, 21_600),
        now=st.floats(0, 30_000),
        attempt=st.builds(Attempt, st.just(0.0), st.integers(0, 2), st.integers(0, 100)),
        outcome=st.sampled_from([FAILED, THROTTLED]),
    )
    def test_no_event_is_tried_when_it_is_too_old(
        self, age: float, now: float, attempt: Attempt, outcome: Outcome
    ) -> None:
        following = after(outcome, attempt, now, AsynchronousSettings(max_age=age))
        match following:
            case Again(delay):
                assert now + delay < age
            case Done(delay=delay):
                assert delay >= 0
                assert now + delay <= max(now, age) + 1e-6

    def test_what_cannot_run_at_all_is_not_tried_again(self) -> None:
        ended = after(NotInvoked("no runtime"), Attempt(0.0), 0.0)
        assert ended == Done(RetryCondition.RETRIES_EXHAUSTED, 0, "no runtime")


@pytest.fixture
async def clock() -> WoundClock:
    return WoundClock()


@pytest.fixture
async def functions() -> FakeFunctions:
    return FakeFunctions()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(History())


@pytest.fixture
async def invocations(
    functions: FakeFunctions, clock: WoundClock, recorder: Recorder
) -> AsyncIterator[AsynchronousInvocations]:
    invocations = AsynchronousInvocations(ObservedFunctions(functions, recorder.history, clock), clock, most=2)
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


class Queues:
    """Destinations that keep what they get."""

    def __init__(self, *arns: str) -> None:
        self.received: dict[str, list[tuple[Any, dict[str, str]]]] = {arn: [] for arn in arns}

    async def send(self, arn: str, body: Any, attributes: Mapping[str, str]) -> bool:
        if arn not in self.received:
            return False
        self.received[arn].append((body, dict(attributes)))
        return True


ARN = "arn:aws:lambda:us-east-1:000000000000:function"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:failed"


@pytest.mark.fact("LM-50")
class TestTheEndOfAnEvent:
    @pytest.fixture
    def run(self, functions: FakeFunctions, clock: WoundClock) -> Any:
        async def run(event: object, queues: Queues | None = None, **settings: Any) -> None:
            found = {"f": AsynchronousSettings(retries=0, **settings)}
            invocations = AsynchronousInvocations(
                functions,
                clock,
                settings=lambda name: found.get(name, AsynchronousSettings(retries=0)),
                destinations=queues,
            )
            invocations.accept("f", event)
            await until(lambda: len(invocations) == 0, "the end")

        return run

    async def test_is_told_to_a_function(self, functions: FakeFunctions, run: Any) -> None:
        told: list[Any] = []
        functions.answers |= {"f": Returned({"sum": 3}), "report": told.append}
        await run({"n": 1}, on_success=f"{ARN}:report:$LATEST", on_failure=f"{ARN}:other")
        [record] = told
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
        assert len(record["requestContext"].pop("requestId")) == 36
        assert record == {
            "version": "1.0",
            "requestContext": {
                "functionArn": f"{ARN}:f:$LATEST",
                "condition": "Success",
                "approximateInvokeCount": 1,
            },
            "requestPayload": {"n": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "responsePayload": {"sum": 3},
        }

    async def test_of_a_failure_has_the_error(self, functions: FakeFunctions, run: Any) -> None:
        told: list[Any] = []
        functions.answers |= {"f": FAILED, "report": told.append}
        await run({"n": 1}, on_failure=f"{ARN}:report")
        [record] = told
        assert record["requestContext"]["condition"] == "RetriesExhausted"
        assert record["responseContext"]["functionError"] == "Unhandled"
        assert record["responsePayload"] == {"errorMessage": "no", "errorType": "ValueError"}

    async def test_puts_the_event_itself_into_the_dead_letter_queue(self, functions: FakeFunctions, run: Any) -> None:
        functions.answers["f"] = FAILED
        queues = Queues(QUEUE)
        await run({"n": 1}, queues, dead_letter=QUEUE)
        [(body, attributes)] = queues.received[QUEUE]
        assert body == {"n": 1}
        assert len(attributes.pop("RequestID")) == 36
        assert attributes == {"ErrorCode": "200", "ErrorMessage": "no"}

    async def test_names_a_destination_that_is_not_here(
        self, functions: FakeFunctions, run: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        functions.answers["f"] = FAILED
        await run({}, on_failure=QUEUE)
        assert f"there is no {QUEUE} here" in caplog.text
        assert "an asynchronous event for f is dropped: its only try ended in an error" in caplog.text

    async def test_stops_functions_that_call_each_other_for_ever(
        self, functions: FakeFunctions, run: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        calls: list[object] = []
        functions.answers["f"] = calls.append
        await run({}, on_success=f"{ARN}:f")
        assert len(calls) == MAX_ROUNDS + 1
        assert f"{MAX_ROUNDS} functions called each other in turn" in caplog.text


@pytest.mark.fact("LM-40")
async def test_all_tries_have_the_id_of_the_202(functions: FakeFunctions, clock: WoundClock) -> None:
    seen: list[str | None] = []

    def answer(event: object) -> Outcome:
        seen.append(details.get().request_id)
        return FAILED

    functions.answers["f"] = answer
    invocations = AsynchronousInvocations(functions, clock)
    invocations.accept("f", {})
    for tries, pause in ((1, 60), (2, 120), (3, 0)):
        await until(lambda tries=tries: len(seen) == tries, f"try {tries}")  # type: ignore[misc]
        await asyncio.sleep(0)
        clock.advance(pause)
    await until(lambda: len(invocations) == 0, "the end")
    assert len(set(seen)) == 1
    assert seen[0]
