"""`pingbox chat`: talk in a terminal, send from a pipe, follow from a script."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Awaitable
from typing import Any

import click

_LOCAL = "ws://127.0.0.1:3001/dev"


@click.command()
@click.argument("url", default=_LOCAL, metavar="[URL]")
@click.option("--room", default="general", show_default=True, help="Where to talk; started if there is none.")
@click.option("--name", help="What others see; guests only. It is remembered.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one a line.")
@click.option("--follow", is_flag=True, help="With a pipe: go on printing events when all lines are stored.")
@click.option("--origin", help="Send this Origin, where the chat has a list of them.")
@click.option("--token", envvar="PINGBOX_CHAT_TOKEN", help="Sign in with this token; better in PINGBOX_CHAT_TOKEN.")
def chat(
    url: str, room: str, name: str | None, as_json: bool, follow: bool, origin: str | None, token: str | None
) -> None:
    """Talk in the chat at URL: a page's address or a WebSocket's.  [default: what `pingbox serve` serves]

    In a terminal: type and read; /help lists the commands. With something piped in, each line is a message, and
    the exit code is 0 only if all of them are stored. A guest is the same person the next time.
    """
    from pingbox.client.client import Client, ClosedByServerError, RefusedError
    from pingbox.client.identity import Identities

    address = socket_address(url)
    identities = Identities()
    known = {} if token else identities.of(address)

    async def talk(known: dict[str, Any]) -> None:
        client = Client(address, name=name or known.get("name"), token=token or known.get("token"), origin=origin)
        screen = sys.stdin.isatty() and not as_json
        try:
            await (_on_screen(client, room) if screen else _on_lines(client, room, as_json, follow))
        finally:
            if client.user.get("guest"):
                identities.keep(address, {"token": client.token, "name": client.user["name"]})

    try:
        try:
            _run(talk(known))
        except ClosedByServerError as closed:
            if closed.status != 401 or "token" not in known:
                raise
            _run(talk({"name": known.get("name")}))  # the server has another secret now: be somebody new
    except (RefusedError, ClosedByServerError, TimeoutError, ConnectionError) as error:
        raise click.ClickException(str(error) or "no answer; try again") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def socket_address(url: str) -> str:
    """The WebSocket address behind `url`: itself, or what the page there says in its config.json."""
    if url.startswith(("ws://", "wss://")):
        return url
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r} begins with none of ws://, wss://, http://, https://", param_hint="URL")
    base = url if url.endswith("/") else f"{url}/"
    try:
        with urllib.request.urlopen(urllib.parse.urljoin(base, "config.json"), timeout=10) as answer:  # noqa: S310
            said = json.load(answer)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{url} has no config.json of a chat: {error}") from error
    found = urllib.parse.urlsplit(urllib.parse.urljoin(base, said.get("wsUrl", "/dev")))
    scheme = {"http": "ws", "https": "wss"}.get(found.scheme, found.scheme)
    address: str = urllib.parse.urlunsplit(found._replace(scheme=scheme))
    return address


async def _on_screen(client: Any, room: str) -> None:
    from pingbox.client.screen import talk

    click.echo(f"connecting to {client.url} ...")
    async with client:
        await talk(client, room)


async def _on_lines(client: Any, room: str, as_json: bool, follow: bool) -> None:
    """Send each line of standard input; show what happens, if it is asked for."""
    from pingbox.client.commands import Talk

    async with client:
        await Talk(client, room, lambda text: None).join(room)
        piped = not sys.stdin.isatty()
        showing = asyncio.create_task(_print_events(client, room, as_json)) if as_json or follow else None
        if piped:
            while line := await asyncio.to_thread(sys.stdin.readline):
                if line.strip():
                    await client.send(room, line.rstrip("\n"))
        if showing is not None and (follow or not piped):
            await showing
        elif showing is not None:
            while client.pending():  # noqa: ASYNC110 - it is being emptied
                await asyncio.sleep(0)
            showing.cancel()


async def _print_events(client: Any, room: str, as_json: bool) -> None:
    from pingbox.client.shown import line

    async for event in client.events():
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":")) if as_json else line(event, room)
        if text is not None:
            click.echo(text)


def _run(work: Awaitable[None]) -> None:
    async def whole() -> None:
        await work

    try:
        asyncio.run(whole())
    except BrokenPipeError:  # `| head` has seen enough
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
