"""From settings to a running server, and to its end at Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import click

from pingbox.emulator.history import Entry, History
from pingbox.emulator.redirect import guard
from pingbox.emulator.services.lambda_.outcome import Functions
from pingbox.local.addresses import Addresses
from pingbox.local.data_dir import DataDirError
from pingbox.local.log.live_log import WITHOUT_FRAMES, json_line, json_note, plain, text_line
from pingbox.local.log.log_writer import LogWriter, text_note, to_stream
from pingbox.local.log.trace import Trace
from pingbox.local.machine import LoopErrors, raise_open_files_limit
from pingbox.model.api import Api
from pingbox.settings import SHUTDOWN_TIMEOUT_SECONDS, ServeSettings, SettingsError

# What a client of real tables, and the finding of its credentials, may reach.
_REAL = ("dynamodb", "sts", "sso", "oidc", "portal.sso")
_TONES = {"good": "green", "bad": "red", "faint": "bright_black"}


class Server(Protocol):
    """Everything that was put together for one `serve`. Order: `start`, then `addresses`, then `stop`."""

    @property
    def addresses(self) -> Addresses: ...

    @property
    def apis(self) -> Sequence[Api]: ...

    @property
    def functions(self) -> Functions: ...

    def facts(self) -> list[tuple[str, str]]:
        """What to tell at the start beyond the addresses: (what, value)."""
        ...

    async def start(self) -> None: ...

    async def stop(self, force: asyncio.Event | None = None) -> None:
        """End. What runs, `$disconnect` first of all, gets `SHUTDOWN_TIMEOUT_SECONDS`, or until `force` is set."""
        ...


def run(settings: ServeSettings) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises `click.ClickException` for what a person can correct."""
    raise_open_files_limit()
    if not settings.real_dynamodb:
        guard.scrub(os.environ)  # a profile or a region of the developer's must not matter here
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_serve(settings))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop of uvloop where `pingbox[fast]` installed it, else None for asyncio's own."""
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


async def _serve(settings: ServeSettings) -> None:
    from pingbox.emulator.services.dynamodb import StoreError

    asyncio.get_running_loop().set_exception_handler(LoopErrors())
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    logging.getLogger("pingbox.serve").setLevel(logging.INFO)
    logging.getLogger("pingbox.emulator.function_problems").setLevel(logging.CRITICAL)  # the live log has them
    history = History()
    with _traced(settings, history), contextlib.closing(TerminalLog(settings)) as log:
        history.subscribe(log, log.kinds)
        server = open_server(settings, history)
        try:
            await server.start()
        except OSError as error:
            raise cannot_listen(settings.host, settings.port, error) from error
        except (StoreError, DataDirError) as error:
            raise click.ClickException(str(error)) from error
        guard.install(server.addresses.endpoint, allow=_REAL if settings.real_dynamodb else ())
        with _signals() as (asked, force):
            try:
                _greet(settings, server)
                await asked.wait()
            finally:
                await _end(server, force, log)
                if settings.ready_file is not None:
                    settings.ready_file.unlink(missing_ok=True)


async def _end(server: Server, force: asyncio.Event, log: TerminalLog) -> None:
    log.say("stopping…")
    ending = asyncio.create_task(server.stop(force))
    _, running = await asyncio.wait([ending], timeout=1)
    if running:
        log.say(
            f"functions still run, and get {SHUTDOWN_TIMEOUT_SECONDS:g} s in all to end; Ctrl-C again does not wait"
        )
    await ending


@contextlib.contextmanager
def _traced(settings: ServeSettings, history: History) -> Iterator[None]:
    """The trace, where one was asked for."""
    if settings.trace is None:
        yield
        return
    with contextlib.closing(Trace(settings.trace, time.time())) as trace:
        history.subscribe(trace)
        yield


def tell(settings: ServeSettings) -> None:
    """Print what was understood of an app. Raises `click.ClickException`."""
    from pingbox.templates import explain
    from pingbox.templates.errors import TemplateError

    if settings.app is None:
        raise click.UsageError("--explain needs an APP; expected a template, a folder or module:function")
    from pingbox.emulator.services.lambda_.packages.packages import other_versions
    from pingbox.local.app_server import read

    try:
        app = read(settings)
    except TemplateError as error:
        raise click.ClickException(str(error)) from error
    click.echo(explain(app), nl=False)
    notes = other_versions(app.functions, os.environ, Path(sys.executable) if settings.in_process else None)
    if notes:
        click.echo("\nRuntimes")
    for note in notes:
        click.echo(f"  {note}")


def open_server(settings: ServeSettings, history: History) -> Server:
    """The server that was asked for, not yet started. Raises `click.ClickException` for what a person can correct."""
    from pingbox.emulator.services.dynamodb import StoreError
    from pingbox.templates.errors import TemplateError

    try:
        if settings.app is None:
            from pingbox.local.chat_server import ChatServer

            return ChatServer(settings, history=history)
        from pingbox.emulator.services.lambda_.process.isolation import cannot_isolate
        from pingbox.local.app_server import AppServer

        reason = cannot_isolate() if settings.isolate else None
        if reason is not None:
            raise click.ClickException(f"--isolate does not work here: {reason}")
        return AppServer(settings, history=history)
    except (StoreError, TemplateError, SettingsError) as error:
        raise click.ClickException(str(error)) from error


class TerminalLog:
    """Reads the history and prints each entry's line, in colour where the terminal has it; `err`: to stderr.

    To be closed at the end: what waits is written then.
    """

    def __init__(self, settings: ServeSettings, *, err: bool = False) -> None:
        stream = sys.stderr if err else sys.stdout
        self._settings = settings
        self._style = _in_colour if stream.isatty() and wants_colour(os.environ) else plain
        self._writer = LogWriter(to_stream(stream), note=json_note if settings.log_format == "json" else text_note)

    @property
    def kinds(self) -> tuple[type, ...] | None:
        """The activities that may become lines: a frame is one only with `--verbose`."""
        return None if self._settings.verbose else WITHOUT_FRAMES

    def __call__(self, entry: Entry) -> None:
        if self._settings.log_format == "json":
            line = json_line(entry.activity)
        else:
            line = text_line(
                entry.activity, verbose=self._settings.verbose, payloads=self._settings.payloads, style=self._style
            )
        if line is not None:
            self._writer.write(line)

    def say(self, words: str) -> None:
        """A line of ours, for people only."""
        if self._settings.log_format == "text":
            self._writer.write(words)

    def close(self) -> None:
        self._writer.close()


def wants_colour(environ: Mapping[str, str]) -> bool:
    """Not where the user or the terminal says no (https://no-color.org)."""
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _in_colour(text: str, tone: str) -> str:
    return click.style(text, fg=_TONES.get(tone))


def _greet(settings: ServeSettings, server: Server) -> None:
    addresses = server.addresses
    if settings.log_format == "text":
        known = [("Chat", addresses.page), ("WebSocket", addresses.websocket), ("@connections", addresses.management)]
        rows = [(what, value) for what, value in known if value] + server.facts()
        click.echo("PingBox is ready. Ctrl-C stops it.\n")
        for what, value in rows:
            click.echo(f"  {click.style(f'{what:<13}', bold=wants_colour(os.environ) or None)} {value}")
        click.echo()
    sys.stdout.flush()
    if settings.ready_file is not None:
        addresses.write(settings.ready_file)
    if settings.open_browser and addresses.page:
        webbrowser.open(addresses.page)


def cannot_listen(host: str, port: int, error: OSError) -> click.ClickException:
    """One line for an address that cannot be listened on, with the way out."""
    if error.errno == errno.EADDRINUSE:
        return click.ClickException(
            f"port {port} is in use on {host}; stop what listens there, or take any free port with --port 0"
        )
    reason = error.strerror or str(error)
    return click.ClickException(f"cannot listen on {host}:{port}: {reason}; try --host 127.0.0.1 or --port 0")


@contextlib.contextmanager
def _signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Two events: the first Ctrl-C, SIGTERM or SIGHUP (a closed terminal) sets `asked`, the next one `force`."""
    asked, force = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    try:
        for number in signals:
            loop.add_signal_handler(number, lambda: force.set() if asked.is_set() else asked.set())
    except NotImplementedError:  # Windows' loop has no signal handlers: Ctrl-C raises KeyboardInterrupt there
        yield asked, force
        return
    try:
        yield asked, force
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
