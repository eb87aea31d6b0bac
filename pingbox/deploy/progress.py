"""The live side of a deploy: a bar over the stack's resources, events above it as they come."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pingbox.deploy.events import STACK_TYPE, Event
from pingbox.deploy.narrate import sentence
from pingbox.deploy.show import event_line
from pingbox.deploy.steps import Step


class Live:
    """Prints steps and events. Use as a context manager; `quiet` says nothing (for `--json`)."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        """The bar appears with the first event and only on a terminal."""
        self._quiet = quiet
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, disable=quiet or not console.is_terminal)
        self._console = console
        self._task: int | None = None
        self._done: set[str] = set()

    def step(self, step: Step) -> None:
        """Before a step is done."""
        if not self._quiet:
            self._console.print(f"[dim]·[/dim] {sentence(step)}")

    def event(self, event: Event, resources: int) -> None:
        """When CloudFormation told something."""
        if self._quiet:
            return
        self._console.print(event_line(event))
        if self._task is None:
            self._task = self._progress.add_task("resources", total=resources or None)
        if event.done and event.type != STACK_TYPE:
            self._done.add(event.logical_id)
        self._progress.update(self._task, completed=len(self._done))  # type: ignore[arg-type]

    def __enter__(self) -> Live:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing, whatever happened."""
        self._progress.stop()
