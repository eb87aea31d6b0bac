"""Who may do what (chat.md D4). Every action on a room asks here; identity never comes from a frame."""

from __future__ import annotations

from typing import Literal

from pingbox_core.errors import Code
from pingbox_core.members import Member
from pingbox_core.names import direct_members

Deed = Literal["read", "join", "leave", "send", "react", "type", "mark", "edit", "delete", "update", "close"]
_OF_JOINED: tuple[Deed, ...] = ("send", "react", "type", "edit", "delete", "mark")
_OF_OWNER: tuple[Deed, ...] = ("edit", "delete", "update")
_OF_ADMIN: tuple[Deed, ...] = ("delete", "update", "close")  # of anybody's message, of any room but direct ones


def may(member: Member, room: str, deed: Deed, *, owner: str | None = None) -> tuple[Code, str] | None:
    """None if allowed, else the code and a sentence for the refusal.

    `owner`: whose message it is (edit, delete), or who started the room (update); None: not known yet.

    Reading a public room needs no more than a connection; writing needs membership, but for an admin who deletes. A
    direct room is closed to everyone whose user id is not in its id, whatever the deed, admins included, and whether
    or not it exists; its two members need not join it.
    """
    pair = direct_members(room)
    if pair is not None and member.user not in pair:
        return Code.FORBIDDEN, "this conversation belongs to two other people"
    if pair is not None and deed in ("update", "close"):
        return Code.FORBIDDEN, "a conversation of two has no title and stays open"
    as_admin = member.admin and deed in _OF_ADMIN and pair is None
    if pair is None and not as_admin and deed in _OF_JOINED and room not in member.rooms:
        return Code.NOT_JOINED, f"join {room} before you {_WORDS.get(deed, 'write to it')}"
    if as_admin:
        return None
    if deed == "close":
        return Code.FORBIDDEN, "only an admin closes a room"
    if deed in _OF_OWNER and owner is not None and owner != member.user:
        return Code.NOT_YOURS, f"this {'room was started' if deed == 'update' else 'message was written'} by another"
    return None


_WORDS: dict[Deed, str] = {"send": "send to it", "mark": "mark it read"}
