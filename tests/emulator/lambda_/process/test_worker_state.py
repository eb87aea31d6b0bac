"""The table of an environment's states: what can happen to it, and what cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.services.lambda_.process.worker_state import (
    TRANSITIONS,
    IllegalTransition,
    Signal,
    State,
    after,
)


@pytest.mark.fact("LM-26")
def test_an_environment_runs_one_event_after_another() -> None:
    state = State.INITIALIZING
    for _ in range(3):
        state = after(after(state, Signal.READY), Signal.DELIVERED)
        assert state is State.BUSY


@pytest.mark.fact("LM-25")
def test_a_long_initialisation_is_done_once_more_and_only_once() -> None:
    again = after(State.INITIALIZING, Signal.INIT_TIMED_OUT)
    assert after(again, Signal.READY) is State.IDLE
    with pytest.raises(IllegalTransition, match="INITIALIZING_AGAIN cannot become INIT_TIMED_OUT"):
        after(again, Signal.INIT_TIMED_OUT)


@pytest.mark.parametrize("state", State)
def test_every_state_may_end(state: State) -> None:
    assert after(state, Signal.TERMINATED) is State.TERMINATED


def test_only_an_idle_environment_is_given_an_event() -> None:
    assert [state for state in State if Signal.DELIVERED in TRANSITIONS[state]] == [State.IDLE]


@given(st.lists(st.sampled_from(Signal)))
def test_whatever_happens_an_ended_environment_never_runs_again(signals: list[Signal]) -> None:
    state, ended = State.INITIALIZING, False
    for signal in signals:
        ended = ended or signal is Signal.TERMINATED
        try:
            state = after(state, signal)
        except IllegalTransition:
            assert signal not in TRANSITIONS[state]
        assert (state is State.TERMINATED) is ended
