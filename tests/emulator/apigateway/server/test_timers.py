"""One heap of timers for all connections, on a clock that is wound on by hand."""

from __future__ import annotations

import asyncio

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.http.timers import Timers
from support.waiting import until


@pytest.fixture
def clock() -> WoundClock:
    """A clock that stands still but for what it is wound on."""
    return WoundClock(lambda: 1000.0)


async def test_timers_fire_in_the_order_of_their_times_when_the_clock_jumps(clock):
    timers, fired = Timers(clock, asyncio.get_running_loop()), []
    for due in (1030, 1010, 1020):
        timers.at(due, lambda due=due: fired.append(due))
    clock.advance(25)
    await until(lambda: fired, "the clock's jump to be noticed")
    assert fired == [1010, 1020]
    clock.advance(5)
    await until(lambda: len(fired) == 3, "the last timer to fire")
    timers.stop()


async def test_a_cancelled_timer_never_fires_and_a_new_one_may_be_set_from_a_callback(clock):
    timers, fired = Timers(clock, asyncio.get_running_loop()), []
    timers.at(1010, lambda: fired.append("cancelled")).cancel()
    timers.at(1010, lambda: timers.at(1015, lambda: fired.append("set later")))
    clock.advance(20)
    await until(lambda: fired, "the later timer to fire")
    assert fired == ["set later"]
    timers.stop()


async def test_time_that_flows_by_itself_fires_timers_too():
    clock, fired = WoundClock(), asyncio.Event()
    timers = Timers(clock, asyncio.get_running_loop())
    timers.at(clock.now() + 0.01, fired.set)
    await asyncio.wait_for(fired.wait(), 5)
    timers.stop()


async def test_cancelled_timers_are_not_kept(clock):
    """Ten thousand connections that came and went leave next to nothing."""
    timers = Timers(clock, asyncio.get_running_loop())
    for number in range(10_000):
        timers.at(1600 + number, lambda: None).cancel()
    assert len(timers._heap) <= 256
    timers.stop()


async def test_after_stop_nothing_fires(clock):
    timers, fired = Timers(clock, asyncio.get_running_loop()), []
    timers.at(1010, lambda: fired.append("fired"))
    timers.stop()
    clock.advance(20)
    await asyncio.sleep(0)
    assert fired == []


async def test_a_timer_that_raises_is_told_and_keeps_no_other_from_firing(clock):
    told, fired = [], []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    timers = Timers(clock, loop)
    timers.at(1010, lambda: 1 / 0)
    timers.at(1010, lambda: fired.append("at the same time"))
    timers.at(1020, lambda: fired.append("later"))
    clock.advance(10)
    await until(lambda: fired, "the other timer to fire")
    clock.advance(10)
    await until(lambda: len(fired) == 2, "the later timer to fire")
    assert [type(error) for error in told] == [ZeroDivisionError]
    timers.stop()
