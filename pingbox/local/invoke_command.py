"""`pingbox invoke` and `pingbox replay`: recorded events, from a file or a trace, sent to the handlers again."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pingbox.settings import ServeSettings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
R = TypeVar("R")


@click.command()
@click.argument("route_key", metavar="ROUTE")
@click.argument("app", required=False)
@click.option(
    "--event", "event_file", type=_FILE, required=True, help="The proxy event as JSON, a saved one for instance."
)
@click.option("--data-dir", type=_FOLDER, help="Work on the items kept here.  [default: in memory]")
def invoke(route_key: str, app: str | None, event_file: Path, data_dir: Path | None) -> None:
    """Send one event to the function behind ROUTE ($connect, sendMessage, ...) and print what it returns.

    Posts to connections of a saved event are answered by 410, as on AWS: they are gone.
    """
    from pingbox.local.log.trace import outcome_fields

    event = _read_event(event_file)

    async def send(server: Any) -> dict[str, Any]:
        return outcome_fields(await server.functions.invoke(_function_of(server, route_key), event))

    ended = _in_server(ServeSettings(port=0, app=app, data_dir=data_dir), send)
    click.echo(json.dumps(ended.get("returned", ended), indent=2, ensure_ascii=False))
    if "returned" not in ended:
        raise SystemExit(1)


@click.command()
@click.argument("file", type=_FILE)
@click.argument("app", required=False)
@click.option("--data-dir", type=_FOLDER, help="Work on the items kept here.  [default: in memory]")
def replay(file: Path, app: str | None, data_dir: Path | None) -> None:
    """Send every event of a trace (serve --trace) to the functions again, in order.

    The connections of then are gone: posts to them are answered by 410, as on AWS. Exit code 1 if an event ends
    otherwise than it did.
    """
    from pingbox.local.log.trace import TracedEvent, TraceError, outcome_fields, read_events

    try:
        traced = list(read_events(file))
    except TraceError as error:
        raise click.ClickException(str(error)) from error

    async def send(server: Any) -> list[tuple[TracedEvent, dict[str, Any]]]:
        return [(one, outcome_fields(await server.functions.invoke(one.function, one.event))) for one in traced]

    ended = _in_server(ServeSettings(port=0, app=app, data_dir=data_dir), send)
    for one, outcome in ended:
        same = _same(outcome, one.outcome)
        click.echo(f"{'same ' if same else 'OTHER'}  {one.route_key:<14} {one.function}")
        if not same:
            click.echo(f"       then {json.dumps(one.outcome, ensure_ascii=False)}")
            click.echo(f"       now  {json.dumps(outcome, ensure_ascii=False)}")
    others = sum(not _same(outcome, one.outcome) for one, outcome in ended)
    click.echo(f"{len(ended)} events, {others} ended otherwise")
    if others:
        raise SystemExit(1)


def _same(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether two invocations ended alike, but for the ids that are new each time."""
    errors = [ended["error"] for ended in (now, then) if isinstance(ended.get("error"), dict)]
    if len(errors) == 2:
        return bool(errors[0] | {"requestId": ""} == errors[1] | {"requestId": ""})
    return now == then


def _in_server(settings: ServeSettings, work: Callable[[Any], Awaitable[R]]) -> R:
    """Start the app without a word, do the work, end it."""
    from pingbox.emulator.history import History
    from pingbox.emulator.redirect import guard
    from pingbox.local.server import TerminalLog, open_server

    async def run(log: TerminalLog) -> R:
        history = History()
        history.subscribe(log, log.kinds)
        server = open_server(settings, history)
        await server.start()
        guard.install(server.addresses.endpoint)
        try:
            return await work(server)
        finally:
            await server.stop()

    with contextlib.closing(TerminalLog(settings, err=True)) as log:
        return asyncio.run(run(log))


def _read_event(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file} is not JSON: {error}; expected a proxy event") from error


def _function_of(server: Any, route_key: str) -> str:
    for api in server.apis:
        route = api.route(route_key)
        if route is not None and getattr(route.integration, "function", None):
            function: str = route.integration.function
            return function
    known = ", ".join(route.route_key for api in server.apis for route in api.routes)
    raise click.ClickException(f"no function answers route {route_key!r}; the routes are {known}")
