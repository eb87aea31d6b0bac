"""Schedules follow the emulator's clock, not the machine's."""

from __future__ import annotations

import pytest

from pingbox.emulator.clock import WoundClock
from pingbox.emulator.schedule import Every
from support.waiting import until


@pytest.fixture
def clock():
    return WoundClock(source=lambda: 1_000.0)


async def test_an_action_runs_when_its_time_has_come_and_not_before(clock):
    runs: list[float] = []

    async def action():
        runs.append(clock.now())

    schedule = Every(clock, 300, action)
    schedule.start()
    clock.advance(299)
    clock.advance(1)
    await until(lambda: runs, "the scheduled action")
    assert runs == [1_300.0]
    clock.advance(minutes=5)
    await until(lambda: len(runs) == 2, "the second run")
    await schedule.stop()


async def test_a_jump_over_many_periods_runs_it_once(clock):
    runs: list[float] = []

    async def action():
        runs.append(clock.now())

    schedule = Every(clock, 300, action)
    schedule.start()
    clock.advance(hours=3)
    await until(lambda: runs, "the scheduled action")
    clock.advance(300)
    await until(lambda: len(runs) == 2, "the next run")
    assert runs == [11_800.0, 12_100.0]
    await schedule.stop()


async def test_a_failing_action_is_logged_and_tried_again(clock, caplog):
    runs: list[float] = []

    async def action():
        runs.append(clock.now())
        raise RuntimeError("bad day")

    schedule = Every(clock, 10, action)
    schedule.start()
    clock.advance(10)
    await until(lambda: len(runs) == 1, "the first run")
    clock.advance(10)
    await until(lambda: len(runs) == 2, "the second run")
    await schedule.stop()
    assert "bad day" in caplog.text


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_period_must_be_above_zero(clock, seconds):
    with pytest.raises(ValueError, match="above 0 seconds"):
        Every(clock, seconds, lambda: None)


def test_a_clock_cannot_be_wound_back(clock):
    with pytest.raises(ValueError, match="only be wound on"):
        clock.advance(-1)
