"""The terminal client that people keep open: history and news above, one line to write in below."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.patch_stdout import patch_stdout

from pingbox.client.client import Client, ClosedByServerError
from pingbox.client.commands import EMOJI, WORDS, Talk
from pingbox.client.shown import line, safe

_MARK_EVERY = 5.0  # seconds, as the protocol asks


async def talk(client: Client, room: str) -> None:
    """Until the person leaves, or the server does not want the client back (`ClosedByServerError`)."""
    with patch_stdout(raw=True):
        conversation = Talk(client, room, print)
        session: PromptSession[str] = PromptSession(
            lambda: _prompt(conversation), completer=_Words(conversation), complete_while_typing=False,
            bottom_toolbar=lambda: _unread(conversation), refresh_interval=1.0,
        )  # fmt: skip
        await conversation.join(room)
        showing = asyncio.create_task(_show(conversation))
        typing = asyncio.create_task(_read(session, conversation))
        marking = asyncio.create_task(_mark(conversation))
        try:
            done, _ = await asyncio.wait({showing, typing}, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for task in (showing, typing, marking):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ClosedByServerError):
                    await task


async def _read(session: PromptSession[str], conversation: Talk) -> None:
    going = True
    while going:
        try:
            text = await session.prompt_async()
        except (EOFError, KeyboardInterrupt):
            return
        going = await conversation.typed(text)


async def _show(conversation: Talk) -> None:
    client = conversation.client
    async for event in client.events():
        user = event.get("user")
        if user is not None:
            conversation.people[user["name"]] = user["id"]
        shown = line(event, conversation.room)
        if shown is not None:
            called = client.user.get("id") in event.get("mentions", ())
            print(f"\a{shown}" if called else shown)  # noqa: T201 - this is the screen


async def _mark(conversation: Talk) -> None:
    """What is on the screen is read; the other devices hear it."""
    marked: dict[str, int] = {}
    while True:
        await asyncio.sleep(_MARK_EVERY)
        room = conversation.client.rooms.get(conversation.room)
        if room is not None and room.told > marked.get(room.name, 0):
            marked[room.name] = room.told
            await conversation.client.ask_nothing(action="markRead", room=room.name, seq=room.told)


def _prompt(conversation: Talk) -> str:
    return f"#{safe(conversation.room)}> "


def _unread(conversation: Talk) -> str:
    counts = [(room.name, room.unread()) for room in conversation.client.rooms.values()]
    others = [f"#{name} {count}" for name, count in counts if count and name != conversation.room]
    return safe("   ".join(others)) or "/help lists the commands"


class _Words(Completer):
    """Commands, names after @, and emoji."""

    def __init__(self, conversation: Talk) -> None:
        self._conversation = conversation

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        word = document.get_word_before_cursor(WORD=True)
        names = [f"@{name}" for name in sorted(self._conversation.people)]
        emoji = EMOJI if document.text.startswith("/react ") else ()
        for known in (*WORDS, *names, *emoji):
            if known.casefold().startswith(word.casefold()):
                yield Completion(known, start_position=-len(word))
