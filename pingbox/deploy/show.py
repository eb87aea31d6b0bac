"""What people see: tables and sentences by rich. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pingbox.deploy.changes import Change, PropertyChange
from pingbox.deploy.deployment import Plan
from pingbox.deploy.events import Event
from pingbox.deploy.narrate import sentence
from pingbox.deploy.status import Drift, Status

_ACTION_STYLE = {"Add": "green", "Modify": "yellow", "Remove": "red"}
_VALUE_LENGTH = 60
_PIPE_WIDTH = 200
_FILES_SHOWN = 8


def plan_view(plan: Plan) -> RenderableType:
    """The plan: one table of resources, one line per file of the page."""
    parts: list[RenderableType] = []
    if plan.changes:
        parts.append(_changes_table(plan))
    elif plan.empty:
        parts.append(f"{plan.place_stack}: no changes")
    else:
        parts.append(f"{plan.place_stack}: the stack stays as it is")
    if plan.swapped:
        parts.append(Text("hot-swapped code is running; this deploy takes it back", style="yellow"))
    parts += [Text(f"page: {sentence(step)}") for step in plan.site[:_FILES_SHOWN]]
    if len(plan.site) > _FILES_SHOWN:
        parts.append(Text(f"page: and {len(plan.site) - _FILES_SHOWN} more steps"))
    return Group(*parts)


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "stack": plan.place_stack,
        "create": plan.creates,
        "empty": plan.empty,
        "changes": [change.as_json() for change in plan.changes],
        "page": [sentence(step) for step in plan.site],
        "hotswapped": plan.swapped,
    }


def event_line(event: Event) -> Text:
    """One event: status, logical id, type, and the reason when there is one."""
    style = "red" if event.failed else "green" if event.done else "dim"
    reason = f"  {event.reason}" if event.reason else ""
    return Text.assemble((f"{event.status:<28}", style), f"{event.logical_id}  ", (f"{event.type}{reason}", "dim"))


def outputs_view(outputs: Mapping[str, str]) -> RenderableType:
    """The stack's outputs, one per line and never cut: addresses are for copying."""
    width = max(map(len, outputs), default=0)
    return Text("\n").join(Text.assemble((f"{name:<{width}}", "bold"), f"  {value}") for name, value in outputs.items())


def status_view(status: Status) -> RenderableType:
    """Stack, functions, outputs, drift."""
    functions = ", ".join(f"{name} {state}" for name, state in status.functions.items())
    lines: list[RenderableType] = [
        Text.assemble((status.stack.name, "bold"), f"  {status.stack.status}"),
        outputs_view(status.stack.outputs),
        Text(f"functions: {functions or 'none'}"),
    ]
    if status.swapped:
        lines.append(Text(f"hot-swapped code is running ({status.swapped}); `pingbox deploy` takes it back", "yellow"))
    lines += _drift_lines(status.drift)
    return Group(*lines)


def status_json(status: Status) -> dict[str, Any]:
    """The status for machines."""
    return {
        "stack": status.stack.name,
        "status": status.stack.status,
        "healthy": status.healthy,
        "outputs": dict(status.stack.outputs),
        "functions": dict(status.functions),
        "hotswapped": status.swapped,
        "drift": None if status.drift is None else [vars(drift) for drift in status.drift],
    }


def resources_table(resources: Iterable[Mapping[str, Any]], kept: Iterable[str]) -> Table:
    """What a destroy takes away, and what it leaves."""
    stays = set(kept)
    table = Table()
    for heading in ("resource", "type", "name", ""):
        table.add_column(heading, overflow="fold")
    for entry in resources:
        physical = entry.get("PhysicalResourceId", "")
        note = Text("stays", style="yellow") if physical in stays else Text("goes", style="red")
        table.add_row(entry["LogicalResourceId"], entry["ResourceType"], physical, note)
    return table


def console(*, stderr: bool = False) -> Console:
    """A console that has room for long names when nobody's terminal says how wide it is."""
    plain = Console(stderr=stderr, highlight=False, soft_wrap=True)
    return plain if plain.is_terminal else Console(stderr=stderr, highlight=False, soft_wrap=True, width=_PIPE_WIDTH)


def _changes_table(plan: Plan) -> Table:
    title = f"{plan.place_stack}: {'a new stack' if plan.creates else 'changes'}"
    table = Table(title=title, title_justify="left")
    for heading in ("action", "resource", "type", "replacement", "properties"):
        table.add_column(heading, overflow="fold")
    for change in plan.changes:
        replaced = change.replacement in {"True", "Conditional"}
        table.add_row(
            Text(change.action, style=_ACTION_STYLE.get(change.action, "")),
            change.logical_id,
            change.type,
            Text(_replacement(change), style="bold red" if replaced else ""),
            Text("\n".join(map(_property_line, change.properties))),
        )
    return table


def _replacement(change: Change) -> str:
    words = {"True": "REPLACED", "Conditional": "maybe REPLACED", "False": "no"}
    return words.get(change.replacement or "", "")


def _property_line(change: PropertyChange) -> str:
    if change.before is None and change.after is None:
        return change.path
    return f"{change.path}: {_short(change.before)} → {_short(change.after)}"


def _short(value: str | None) -> str:
    text = "(not set)" if value is None else value
    return text if len(text) <= _VALUE_LENGTH else f"{text[: _VALUE_LENGTH - 1]}…"


def _drift_lines(drift: tuple[Drift, ...] | None) -> list[Text]:
    if drift is None:
        return []
    if not drift:
        return [Text("drift: none", style="green")]
    return [
        Text(
            f"drift: {entry.logical_id} {entry.status.lower()} {entry.property} "
            f"{_short(entry.expected)} → {_short(entry.actual)}".rstrip(" →"),
            style="yellow",
        )
        for entry in drift
    ]
