"""The live side of a deploy: lines that stay for what is done or failed, and one bar below them for what is going on.

Without a terminal there is no bar, and every event and file has its line.
"""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from pingbox.deploy.artifacts.site import Invalidate, PutFile, RemoveFile
from pingbox.deploy.aws.events import STACK_TYPE, Event
from pingbox.deploy.commands.output import event_line
from pingbox.deploy.perform.describe import describe
from pingbox.deploy.plan.steps import ContinueRollback, DeleteStack, ExecuteChangeSet, Step

_BAR_WIDTH = 20
_PAGE_STEPS = (PutFile, RemoveFile, Invalidate)


class Live:
    """Prints steps and events. Use as a context manager; `quiet` says nothing (for `--json`)."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        """The bar appears with the first event and only on a terminal."""
        self._quiet = quiet
        columns = (
            TextColumn("{task.description}"),
            BarColumn(_BAR_WIDTH),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[now]}"),
        )
        self._bars = not quiet and console.is_terminal
        self._progress = Progress(*columns, console=console, disable=not self._bars, transient=True)
        self._console = console
        self._task: TaskID | None = None
        self._under_way: list[str] = []
        self._done: set[str] = set()

    def step(self, step: Step, left: int = 1) -> None:
        """Before a step is done; `left` counts the steps of this list that are still to do, this one included."""
        if self._quiet:
            return
        if self._bars and isinstance(step, _PAGE_STEPS):
            self._page(step, left)
            return
        if isinstance(step, ExecuteChangeSet | DeleteStack | ContinueRollback):
            self._end_bar()
        self._console.print(f"[dim]·[/dim] {describe(step)}")

    def event(self, event: Event, resources: int) -> None:
        """When CloudFormation reported an event."""
        if self._quiet:
            return
        if event.done or event.failed or not self._bars:
            self._console.print(event_line(event))
        task = self._bar("resources", resources)
        if event.type == STACK_TYPE:
            self._stack_event(task, event)
            return
        if event.done or event.failed:
            self._done.add(event.logical_id)
            self._under_way = [name for name in self._under_way if name != event.logical_id]
        elif event.logical_id not in self._under_way:
            self._under_way.append(event.logical_id)
        self._progress.update(task, completed=len(self._done), now=_names(self._under_way))

    def _stack_event(self, task: TaskID, event: Event) -> None:
        if event.done or event.failed:
            self._end_bar()
        elif "ROLLBACK" in event.status:  # from here on, how many there are to go is anybody's guess
            self._done.clear()
            self._progress.update(task, description="rolling back", completed=0, total=None)

    def _page(self, step: Step, left: int) -> None:
        task = self._bar("page", left)
        now = step.file.path if isinstance(step, PutFile) else describe(step)
        self._progress.update(task, now=now)
        self._progress.advance(task)
        if left == 1:
            self._end_bar()
            self._console.print("[dim]·[/dim] the page is up to date")

    def _bar(self, what: str, total: int) -> TaskID:
        if self._task is None:
            self._task = self._progress.add_task(what, total=total or None, now="")
        return self._task

    def _end_bar(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = None
        self._under_way.clear()
        self._done.clear()

    def __enter__(self) -> Live:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing, whatever happened."""
        self._progress.stop()


def _names(under_way: list[str]) -> str:
    """The one that takes longest, and how many others."""
    more = f" +{len(under_way) - 1}" if len(under_way) > 1 else ""
    return under_way[0] + more if under_way else ""
