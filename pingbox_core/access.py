"""Who may do what (chat.md D4). Every action on a room asks here; identity never comes from a frame."""

from __future__ import annotations

from typing import Literal

from pingbox_core.errors import Code
from pingbox_core.members import Member
from pingbox_core.names import direct_members

Deed = Literal["read", "join", "leave", "send"]


def may(member: Member, room: str, deed: Deed) -> tuple[Code, str] | None:
    """None if allowed, else the code and a sentence for the refusal.

    Reading a public room needs no more than a connection; sending needs membership. A direct room is closed to
    everyone whose user id is not in its id, whatever the deed, and whether or not it exists.
    """
    pair = direct_members(room)
    if pair is not None and member.user not in pair:
        return Code.FORBIDDEN, "this conversation belongs to two other people"
    if deed == "send" and room not in member.rooms:
        return Code.NOT_JOINED, f"join {room} before you send to it"
    return None
