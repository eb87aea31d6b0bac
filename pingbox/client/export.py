"""`pingbox export`: a room's messages as JSON lines, from a laptop or from AWS, over the chat's own protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click


@click.command()
@click.argument("room")
@click.argument("url", default="ws://127.0.0.1:3001/dev", metavar="[URL]")
@click.option("--origin", help="Send this Origin, where the chat has a list of them.")
@click.option("--token", envvar="PINGBOX_CHAT_TOKEN", help="Sign in with this token; better in PINGBOX_CHAT_TOKEN.")
def export(room: str, url: str, origin: str | None, token: str | None) -> None:
    """Print all messages of ROOM as they are now, oldest first, one JSON object a line.

    Deleted messages are lines with "deleted": true. A direct room needs the --token of one of the two.
    """
    from pingbox.client.client import Client, ClosedByServerError, RefusedError
    from pingbox.client.command import socket_address

    client = Client(socket_address(url), token=token, origin=origin)
    try:
        messages = asyncio.run(_messages(client, room))
    except (RefusedError, ClosedByServerError, TimeoutError, ConnectionError) as error:
        raise click.ClickException(str(error) or "no answer") from error
    for message in messages:
        click.echo(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


async def _messages(client: Any, room: str) -> list[dict[str, Any]]:
    """Page by page from the newest, at the pace that the server asks for."""
    found: list[dict[str, Any]] = []
    async with client:
        await client.ask(action="sync", room=room)  # refused for a room that does not exist; an empty page is no error
        more = True
        while more:
            before = {"before": found[-1]["seq"]} if found else {}
            page = await _patiently(client, action="history", room=room, **before)
            found += reversed(page["events"])
            more = page["more"]
    return found[::-1]


async def _patiently(client: Any, **frame: Any) -> dict[str, Any]:
    from pingbox.client.client import RefusedError

    while True:
        try:
            answer: dict[str, Any] = await client.ask(**frame)
            return answer
        except RefusedError as refused:
            if refused.retry_after is None:
                raise
            await asyncio.sleep(refused.retry_after)
