"""The states of an execution environment and what leads from one to another (LM-25, LM-26).

The table is all of it: whatever is not listed cannot happen, and says so when it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class State(Enum):
    """What an environment is doing."""

    INITIALIZING = auto()
    """Its process starts and imports the handler."""
    INITIALIZING_AGAIN = auto()
    """The import took longer than the limit: it is done once more, within the timeout of the first event."""
    IDLE = auto()
    """It waits for an event."""
    BUSY = auto()
    """The handler runs."""
    TERMINATED = auto()
    """It takes no event any more; its process may live for another moment."""


class Signal(Enum):
    """What moves it on."""

    READY = auto()
    """The runtime asked for the next event: it has initialised, or the event before has ended."""
    INIT_TIMED_OUT = auto()
    """The initialisation took longer than the limit."""
    DELIVERED = auto()
    """The runtime was given an event."""
    TERMINATED = auto()
    """The process has ended, could not be started, or is killed."""


TRANSITIONS: Mapping[State, Mapping[Signal, State]] = {
    State.INITIALIZING: {
        Signal.READY: State.IDLE,
        Signal.INIT_TIMED_OUT: State.INITIALIZING_AGAIN,
        Signal.TERMINATED: State.TERMINATED,
    },
    State.INITIALIZING_AGAIN: {
        Signal.READY: State.IDLE,
        Signal.TERMINATED: State.TERMINATED,
    },
    State.IDLE: {
        Signal.READY: State.IDLE,
        Signal.DELIVERED: State.BUSY,
        Signal.TERMINATED: State.TERMINATED,
    },
    State.BUSY: {
        Signal.READY: State.IDLE,
        Signal.TERMINATED: State.TERMINATED,
    },
    # A request that the runtime sent before it was killed may still arrive.
    State.TERMINATED: {
        Signal.READY: State.TERMINATED,
        Signal.TERMINATED: State.TERMINATED,
    },
}


class IllegalTransition(RuntimeError):  # noqa: N818 -- a mistake of ours, named as h11 names it
    """The signal has no meaning in this state."""


def after(state: State, signal: Signal) -> State:
    """The state that `signal` leads to. Raises `IllegalTransition`."""
    following = TRANSITIONS[state].get(signal)
    if following is None:
        raise IllegalTransition(f"an environment that is {state.name} cannot become {signal.name}")
    return following
