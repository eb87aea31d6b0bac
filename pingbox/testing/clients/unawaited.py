"""Calls that a test has to await: one that it forgot to await did nothing, and a test that is green would lie."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from pingbox.testing.clients.tracebacks import is_told

__tracebackhide__ = is_told

P = ParamSpec("P")
T = TypeVar("T")

_MANY = 100
"""Calls that are kept before those that were awaited are forgotten."""


class Unawaited:
    """What was called in a test, and whether it began. Of one thread at a time."""

    def __init__(self) -> None:
        self._made: list[tuple[Coroutine[Any, Any, Any], str]] = []
        self._room = _MANY

    def add(self, work: Coroutine[Any, Any, Any], what: str) -> None:
        """`work` is to be awaited; `what` names the call for whoever did not."""
        if len(self._made) >= self._room:
            self._made = [one for one in self._made if _never_began(one[0])]
            self._room = max(_MANY, 2 * len(self._made))
        self._made.append((work, what))

    def forget(self) -> None:
        """Begin anew. Of what nobody awaited Python itself warns then."""
        self._made = []

    def check(self, error: BaseException | None) -> None:
        """Raise `AssertionError` if one was never awaited; an `error` that is under way is given a note instead."""
        if not (story := self._take_stock()):
            return
        if error is None:
            raise AssertionError(story)
        error.add_note(story)

    def _take_stock(self) -> str:
        """The story of those that nobody awaited, empty without any. They are given up, and it begins anew."""
        made, self._made = self._made, []
        forgotten = [(work, what) for work, what in made if _never_began(work)]
        for work, _ in forgotten:
            work.close()  # we tell it better than Python's warning would
        if not forgotten:
            return ""
        lines = [f"  {what}" for _, what in forgotten]
        return "\n".join(["never awaited, so it did nothing; write `await` before it:", *lines])


class HasUnawaited(Protocol):
    """Whose calls have to be awaited."""

    @property
    def unawaited(self) -> Unawaited: ...


S = TypeVar("S", bound=HasUnawaited)


def to_be_awaited(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """A method that notices when its coroutine is never awaited."""

    @wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        work = method(self, *args, **kwargs)
        self.unawaited.add(work, f"{method.__qualname__}(…) in {_place(sys._getframe(1))}")
        return work

    return call


def _never_began(work: Coroutine[Any, Any, Any]) -> bool:
    return inspect.getcoroutinestate(work) == inspect.CORO_CREATED


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}, {frame.f_code.co_name}"
