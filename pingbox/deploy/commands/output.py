"""What people see: tables and sentences by rich. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from pingbox.deploy.aws.events import Event
from pingbox.deploy.commands.columns import changes_listing, short_type, shortened
from pingbox.deploy.commands.status import DRIFT_IS_KNOWN, Drift, Status
from pingbox.deploy.perform.deployment import Plan
from pingbox.deploy.perform.describe import count, describe, page_lines
from pingbox.deploy.plan.actual import UNSETTLED

_PIPE_WIDTH = 200


def plan_view(plan: Plan) -> RenderableType:
    """The plan: the resources in a list, then the page, file by file while they are few."""
    parts: list[RenderableType] = []
    if plan.changes:
        what = (
            f"a new stack, {count(len(plan.changes), 'resource')}"
            if plan.creates
            else count(len(plan.changes), "change")
        )
        parts += [Text(f"{plan.stack}: {what}", "bold"), changes_listing(plan.changes)]
    elif plan.empty:
        parts.append(f"{plan.stack}: no changes")
    else:
        parts.append(f"{plan.stack}: the stack stays as it is")
    if plan.swapped is not None:
        parts.append(Text("hot-swapped code is running; this deploy takes it back", style="yellow"))
    if plan.protect is not None:
        parts.append(Text(f"protection: {'on' if plan.protect else 'OFF'} from now on", style="yellow"))
    parts += [Text(f"page: {line}") for line in page_lines(plan.site)]
    return Group(*parts)


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "stack": plan.stack,
        "create": plan.creates,
        "empty": plan.empty,
        "changes": [change.as_json() for change in plan.changes],
        "page": [describe(step) for step in plan.site],
        "hotswapped": plan.swapped,
        "protect": plan.protect,
    }


def event_line(event: Event) -> Text:
    """One event: status, logical id, type; below it the reason of a failure or of a rollback, the others are noise."""
    style = "red" if event.failed else "green" if event.done else "dim"
    reason = f"\n  {event.reason}" if event.reason and (event.failed or "ROLLBACK" in event.status) else ""
    kind = short_type(event.type)
    return Text.assemble((f"{event.status:<18}", style), f"  {event.logical_id}  ", (kind, "dim"), (reason, style))


def outputs_view(outputs: Mapping[str, str]) -> RenderableType:
    """The stack's outputs, one per line and never cut: addresses are for copying."""
    width = max(map(len, outputs), default=0)
    return Text("\n").join(Text.assemble((f"{name:<{width}}", "bold"), f"  {value}") for name, value in outputs.items())


def status_view(status: Status) -> RenderableType:
    """Stack, functions, outputs, drift."""
    lines: list[RenderableType] = [
        Text.assemble((status.stack.name, "bold"), f"  {status.stack.status}"),
        outputs_view(status.outputs),
        Text(f"functions: {_functions(status.functions)}"),
    ]
    if status.swapped is not None:
        lines.append(Text(f"{_swapped(status.swapped)}; `pingbox deploy` settles it", "yellow"))
    lines += _drift_lines(status.drift)
    if status.stack.status not in DRIFT_IS_KNOWN:
        lines.append(Text(f"drift: cannot be looked for in {status.stack.status}", "dim"))
    if not status.stack.can_change:
        lines.append(Text("what to do: see `pingbox plan`", "dim"))
    return Group(*lines)


def status_json(status: Status) -> dict[str, Any]:
    """The status for machines."""
    return {
        "stack": status.stack.name,
        "status": status.stack.status,
        "healthy": status.healthy,
        "outputs": dict(status.outputs),
        "functions": dict(status.functions),
        "hotswapped": status.swapped,
        "drift": None if status.drift is None else [vars(drift) for drift in status.drift],
    }


def console(*, stderr: bool = False) -> Console:
    """A console that has room for long names when the output is no terminal."""
    plain = Console(stderr=stderr, highlight=False, soft_wrap=True)
    return plain if plain.is_terminal else Console(stderr=stderr, highlight=False, soft_wrap=True, width=_PIPE_WIDTH)


def _functions(states: Mapping[str, str]) -> str:
    """`5 Active`; the names as soon as they are not all alike."""
    kinds = set(states.values())
    if len(kinds) <= 1:
        return f"{len(states)} {''.join(kinds)}".strip()
    return ", ".join(f"{name} {state}" for name, state in states.items())


def _swapped(key: str) -> str:
    return (
        "a hot swap was interrupted, it is unknown which code runs"
        if key == UNSETTLED
        else f"hot-swapped code runs: {key}"
    )


def _drift_lines(drift: tuple[Drift, ...] | None) -> list[Text]:
    if drift is None:
        return []
    if not drift:
        return [Text("drift: none", style="green")]
    return [
        Text(
            f"drift: {entry.logical_id} {entry.status.lower()} {entry.property} "
            f"{shortened(entry.expected)} → {shortened(entry.actual)}".rstrip(" →"),
            style="yellow",
        )
        for entry in drift
    ]
