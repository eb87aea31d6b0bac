"""The functions of an app under test: shut between tests, and killed where that was ordered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from pingbox.emulator.activity import AwsCall
from pingbox.emulator.history import Ongoing
from pingbox.emulator.services.lambda_.in_process.current import CallObserver
from pingbox.emulator.services.lambda_.outcome import Functions, NotInvoked, Outcome


class KilledError(BaseException):
    """The function's environment is gone. No `except Exception` of a handler sees it, as on AWS."""


class Gate:
    """`Functions` that run nothing while `open` is false: a test is over, or has not begun."""

    def __init__(self, inner: Functions) -> None:
        self._inner = inner
        self.open = False

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        if not self.open:
            return NotInvoked("the test is over")
        return await self._inner.invoke(function, event)


class TestCalls:
    """The AWS calls of the functions in this process, some of which are the last ones. As `CallObserver` has it.

    `dies` is asked after each call, with the request id and the number of its calls so far, whether the environment
    dies there. `account` is the emulator whose functions they are.
    """

    __test__ = False  # for pytest, which collects what begins with Test

    def __init__(self, inner: CallObserver, account: object, dies: Callable[[str, int], bool]) -> None:
        self.account = account
        self._inner = inner
        self._dies = dies
        self._calls: Counter[str] = Counter()
        self._dead: set[str] = set()

    def calling(self, request_id: str) -> Ongoing:
        """Raises `KilledError` for an invocation that was killed and still tries to go on."""
        if request_id in self._dead:
            raise KilledError
        return self._inner.calling(request_id)

    def called(self, ongoing: Ongoing, call: AwsCall) -> None:
        """Raises `KilledError` if the environment is to die here."""
        self._inner.called(ongoing, call)
        self._calls[ongoing.request_id] += 1
        if self._dies(ongoing.request_id, self._calls[ongoing.request_id]):
            self._dead.add(ongoing.request_id)
            raise KilledError

    def clear(self) -> None:
        """A new test begins."""
        self._calls.clear()
        self._dead.clear()
