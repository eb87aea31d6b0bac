"""Ordering faults, one by one or by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pingbox.testing.faults import schedule as schedules
from pingbox.testing.faults.kinds import (
    ColdStart,
    DisconnectLost,
    DynamoDBThrottled,
    Fault,
    FunctionKilled,
    InvocationDuplicated,
    PostDelayed,
    PostDropped,
    PostRefused,
    PostsReordered,
    ReadsStale,
)
from pingbox.testing.faults.plan import FaultPlan
from pingbox.testing.faults.schedule import Schedule
from pingbox.testing.faults.targets import FaultTargets
from pingbox.testing.record.connections import Whose, id_of


class Faults:
    """`pingbox.faults`. Whatever is ordered holds until the end of the test, or until `clear`.

    Everywhere: `skip` occasions pass unharmed, then `times` are struck (None: all that follow). `to` and `of` are a
    client, its name or its connection id; `function` is a function's name or a route key; None means any. A name that
    there is not is a `ValueError`. A test fails at its end when a fault that was ordered with a number of times never
    struck, unless `allow_unused` was called.
    """

    def __init__(
        self,
        plan: FaultPlan,
        release: Callable[[], None],
        runs_apart: Callable[[str | None], bool],
        targets: Callable[[], FaultTargets],
    ) -> None:
        """`release` delivers the posts that are held back; `runs_apart` tells of a function, or of all (None), whether
        it runs in a process of its own; `targets` what there is at the moment.
        """
        self._plan = plan
        self._release = release
        self._runs_apart = runs_apart
        self._targets = targets
        self._may_be_unused = False
        self.triggered: list[str] = []
        self.schedules: list[Schedule] = []

    def order(self, *faults: Fault) -> None:
        """Order faults as values: what a failing test printed can be pasted here."""
        self._order(faults, drawn=False)

    def _order(self, faults: Sequence[Fault], *, drawn: bool) -> None:
        targets = self._targets()
        for fault in faults:
            targets.check(fault)
        for fault in faults:
            self._plan.order(fault, drawn=drawn)

    def schedule(self, seed: int, *, count: int = 6, kinds: Sequence[type[Fault]] = ()) -> Schedule:
        """Order `count` faults at random, of these kinds or of all. The same seed gives the same; it is in the report
        of a test that fails.
        """
        drawn = schedules.draw(seed, count, kinds)
        self.schedules.append(drawn)
        self._order(drawn.faults, drawn=True)
        return drawn

    def clear(self) -> None:
        """Nothing goes wrong from now on, and what was held back arrives."""
        self._plan.clear()
        self._release()

    @property
    def waiting(self) -> Sequence[Fault]:
        """What was ordered and has not (or not often enough) struck."""
        return self._plan.waiting

    # --- posts to connections ---------------------------------------------------------------------------------------

    def refuse_posts(self, status: int = 410, *, to: Whose | None = None, skip: int = 0, times: int | None = 1) -> None:
        """Answer posts with `status` and deliver nothing: 410 gone, 429 buffer full."""
        self.order(PostRefused(status, _named(to), skip, times))

    def drop_posts(self, *, to: Whose | None = None, skip: int = 0, times: int | None = 1) -> None:
        """Answer posts with 200 and deliver nothing."""
        self.order(PostDropped(_named(to), skip, times))

    def delay_posts(self, seconds: float, *, to: Whose | None = None, skip: int = 0, times: int | None = 1) -> None:
        """Answer posts with 200 and deliver them `seconds` later by `pingbox.clock`."""
        self.order(PostDelayed(seconds, _named(to), skip, times))

    def reorder_posts(self, count: int = 2, *, to: Whose | None = None, skip: int = 0, times: int | None = 1) -> None:
        """Hold `count` posts to a connection back, and deliver them in reverse order.

        After a second of the clock without enough of them, what there is is delivered.
        """
        self.order(PostsReordered(count, _named(to), skip, times))

    # --- invocations ------------------------------------------------------------------------------------------------

    def lose_disconnect(self, *, of: Whose | None = None, skip: int = 0, times: int | None = 1) -> None:
        """Never invoke `$disconnect`."""
        self.order(DisconnectLost(_named(of), skip, times))

    def kill(self, function: str | None = None, *, after_calls: int = 1, skip: int = 0, times: int | None = 1) -> None:
        """Kill the environment right after the invocation's n-th boto3 call: that one was made, nothing after it.

        Calls from threads that a handler started itself are not counted. Raises `ValueError` for a function in a
        process of its own (Node, layers): its calls are not seen, so it would go on unharmed.
        """
        if self._runs_apart(function):
            raise ValueError(
                f"cannot kill {function or 'any function'} after its AWS calls: it runs in a process of its own, where "
                "they are not counted; expected a Python function that runs in the test's process"
            )
        self.order(FunctionKilled(after_calls, function, skip, times))

    def duplicate(self, function: str | None = None, *, skip: int = 0, times: int | None = 1) -> None:
        """Invoke twice for one event."""
        self.order(InvocationDuplicated(function, skip, times))

    def cold_start(
        self, function: str | None = None, *, seconds: float = 0.0, skip: int = 0, times: int | None = 1
    ) -> None:
        """Give the event a new environment, `seconds` late.

        A function from a template is imported anew; one that is a Python object keeps its module's globals.
        """
        self.order(ColdStart(function, seconds, skip, times))

    # --- DynamoDB ---------------------------------------------------------------------------------------------------

    def throttle_dynamodb(
        self, operation: str | None = None, *, table: str | None = None, skip: int = 0, times: int | None = 1
    ) -> None:
        """Refuse calls (`PutItem`, …) with `ProvisionedThroughputExceededException`, boto3's retries being used up."""
        self.order(DynamoDBThrottled(operation, table, skip, times))

    def stale_reads(self, lag: float = 1.0) -> None:
        """Let eventually consistent reads, all of an index's among them, see the tables of `lag` seconds ago."""
        self.order(ReadsStale(lag))

    # --- for the report ---------------------------------------------------------------------------------------------

    def story(self) -> str:
        """The schedules, as Python that orders them again, and what struck; empty if nothing was ordered."""
        lines = [str(schedule) for schedule in self.schedules]
        lines.extend(f"triggered: {what}" for what in self.triggered)
        return "\n".join(lines)

    def allow_unused(self) -> None:
        """Faults of this test may strike nothing."""
        self._may_be_unused = True

    def check(self) -> None:
        """Raises `AssertionError` for faults that never struck: the test did not test what it ordered."""
        if not self._may_be_unused and (unused := self._plan.unused):
            lines = [f"  {fault!r}" for fault in unused]
            advice = "order it for what happens, or call faults.allow_unused()"
            raise AssertionError("\n".join([f"ordered, and never struck; {advice}:", *lines]))

    def forget(self) -> None:
        """A new test begins."""
        self._may_be_unused = False
        self._plan.clear()
        self.triggered = []
        self.schedules = []


def _named(whose: Whose | None) -> str | None:
    return None if whose is None else id_of(whose)
