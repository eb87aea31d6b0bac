"""What a person types: a text, or a command that begins with a slash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from pingbox.client.client import Client, RefusedError
from pingbox.client.shown import safe

HELP: Final = """\
/join ROOM            enter a room, start it if there is none
/dm NAME              talk to one person
/leave                leave this room
/rooms                all public rooms
/who                  who is here, and who was lately
/topic TEXT           set this room's topic
/edit NUMBER TEXT     change a message of yours
/delete NUMBER        erase a message of yours
/react NUMBER EMOJI   react to a message
/reply NUMBER TEXT    answer a message
/quit                 leave
The number of a message stands before its author. Anything else is sent; // begins a text with a slash."""


class Talk:
    """A client and the room that is looked at. `say` shows a line."""

    def __init__(self, client: Client, room: str, say: Callable[[str], object]) -> None:
        self.client, self.room, self.say = client, room, say
        self.people: dict[str, str] = {}  # name -> user id, of those seen

    async def typed(self, text: str) -> bool:
        """Do what a line says; False: leave. A refusal is shown."""
        try:
            return await self._typed(text)
        except RefusedError as refused:
            self.say(f"! {safe(str(refused))}")
        except (TimeoutError, ConnectionError):
            self.say("! no answer; try again")
        except (IndexError, ValueError):
            self.say("! this command needs more words; /help says which")
        return True

    async def _typed(self, text: str) -> bool:
        if not text.strip():
            return True
        if not text.startswith("/") or text.startswith("//"):
            await self.client.send(self.room, text.removeprefix("/") if text.startswith("//") else text)
            return True
        word, _, rest = text[1:].partition(" ")
        if word in ("quit", "exit"):
            return False
        action = _COMMANDS.get(word)
        if action is None:
            self.say(f"! there is no /{safe(word)}; /help lists the commands")
        else:
            await action(self, rest.strip())
        return True

    async def join(self, room: str) -> None:
        room = room.removeprefix("#").lower()
        try:
            joined = await self.client.join(room)
        except RefusedError as refused:
            if refused.code != "no_such_room":
                raise
            joined = await self.client.ask(action="createRoom", room=room)
        self._entered(joined)

    async def direct(self, name: str) -> None:
        await self.who("")
        wanted = name.removeprefix("@").casefold()
        user = next((user for known, user in self.people.items() if known.casefold() == wanted), name)
        self._entered(await self.client.ask(action="openDm", user=user))

    async def leave(self, rest: str) -> None:
        await self.client.ask(action="leaveRoom", room=self.room)
        self.say(f"* left {self.room}")

    async def rooms(self, rest: str) -> None:
        after: dict[str, Any] = {}
        while True:
            page = await self.client.ask(action="listRooms", **after)
            for room in page["rooms"]:
                self.say(safe(f"  #{room['room']}  {room['title']}  {room['topic']}"))
            if "next" not in page:
                return
            after = {"after": page["next"]}

    async def who(self, rest: str) -> None:
        answer = await self.client.ask(action="who", room=self.room)
        self.people |= {user["name"]: user["id"] for user in (*answer["users"], *answer["recent"])}
        here = ", ".join(user["name"] for user in answer["users"])
        lately = ", ".join(user["name"] for user in answer["recent"])
        self.say(safe(f"* {answer['count']} online: {here}" + (f"; lately: {lately}" if lately else "")))

    async def topic(self, text: str) -> None:
        await self.client.put(self.room, {"action": "updateRoom", "topic": text})

    async def edit(self, rest: str) -> None:
        number, text = rest.split(" ", 1)
        await self.client.put(self.room, {"action": "editMessage", "target": int(number), "text": text})

    async def delete(self, rest: str) -> None:
        await self.client.put(self.room, {"action": "deleteMessage", "target": int(rest)})

    async def react(self, rest: str) -> None:
        number, emoji = rest.split()
        await self.client.put(self.room, {"action": "react", "target": int(number), "emoji": emoji})

    async def reply(self, rest: str) -> None:
        number, text = rest.split(" ", 1)
        await self.client.send(self.room, text, replyTo=int(number))

    async def help(self, rest: str) -> None:
        self.say(HELP)

    def _entered(self, joined: Mapping[str, Any]) -> None:
        room = joined["room"]
        self.room = room["room"]
        self.people |= {user["name"]: user["id"] for user in joined.get("who", ())}
        title = room["other"]["name"] if "other" in room else room["title"]
        self.say(safe(f"* {title}: {room['topic'] or 'no topic'}; {room['online']} online"))


_COMMANDS: Final[Mapping[str, Callable[[Talk, str], Awaitable[None]]]] = {
    "join": Talk.join, "dm": Talk.direct, "leave": Talk.leave, "rooms": Talk.rooms, "who": Talk.who, "help": Talk.help,
    "topic": Talk.topic, "edit": Talk.edit, "delete": Talk.delete, "react": Talk.react, "reply": Talk.reply,
}  # fmt: skip
WORDS: Final = (*(f"/{name}" for name in _COMMANDS), "/quit")
EMOJI: Final = ("👍", "👎", "😄", "🎉", "❤️", "🚀", "👀", "✅", "😕", "🙏")
