"""Edits, deletions and reactions: what they make of the message they are about (chat.md B9, C2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pingbox_core import limits
from pingbox_core.access import may
from pingbox_core.errors import Code
from pingbox_core.log import Draft, Row
from pingbox_core.members import Member


@dataclass(frozen=True)
class Denied:
    """It may not be done; `text` is for people."""

    code: Code
    text: str


def amended(target: Row | None, draft: Draft, member: Member, now: int) -> Row | Denied:
    """The message after the change that `draft` describes. `target` None: there is no such row.

    One that changes nothing counts too: `amended` grows by one whenever a row of the log is about the message.
    """
    if target is None or target.kind != "message":
        return Denied(Code.NOT_FOUND, f"there is no message {draft.target} in {draft.room}")
    changed = _CHANGES[draft.kind](target, draft, member, now)
    return replace(changed, amended=target.amended + 1) if isinstance(changed, Row) else changed


def _edit(target: Row, draft: Draft, member: Member, now: int) -> Row | Denied:
    if target.deleted:
        return _is_deleted(target)
    if denied := may(member, draft.room, "edit", owner=target.user):
        return Denied(*denied)
    if target.text == draft.text:
        return target
    if now - target.ts > limits.EDITABLE:
        return Denied(Code.FORBIDDEN, f"a message can be edited for {limits.EDITABLE // limits.DAY * 24} hours")
    if target.rev >= limits.EDITS:
        return Denied(Code.FORBIDDEN, f"a message can be edited {limits.EDITS} times")
    return replace(target, text=draft.text, mentions=draft.mentions, rev=target.rev + 1, edited_at=now)


def _delete(target: Row, draft: Draft, member: Member, now: int) -> Row | Denied:
    if denied := may(member, draft.room, "delete", owner=target.user):
        return Denied(*denied)
    if target.deleted:
        return target
    return replace(target, text="", mentions=(), reply_to=None, rx={}, edited_at=None, deleted=True)


def _react(target: Row, draft: Draft, member: Member, now: int) -> Row | Denied:
    if target.deleted:
        return _is_deleted(target)
    emoji = draft.emoji or ""
    users = target.rx.get(emoji, frozenset())
    if (draft.op == "add") == (member.user in users):
        return target
    if draft.op == "remove":
        left = {key: value for key, value in target.rx.items() if key != emoji}
        return replace(target, rx=left | ({emoji: users - {member.user}} if len(users) > 1 else {}))
    if emoji not in target.rx and len(target.rx) >= limits.EMOJI_PER_MESSAGE:
        return Denied(Code.TOO_LARGE, f"a message has at most {limits.EMOJI_PER_MESSAGE} different reactions")
    if len(users) >= limits.USERS_PER_EMOJI:
        return Denied(Code.TOO_LARGE, f"at most {limits.USERS_PER_EMOJI} people react with the same emoji")
    rx = {**target.rx, emoji: users | {member.user}}
    if _size(rx) > limits.REACTION_BYTES:
        return Denied(Code.TOO_LARGE, "this message has all the reactions that fit")
    return replace(target, rx=rx)


def _size(rx: Mapping[str, frozenset[str]]) -> int:
    """Bytes of the reactions in an event."""
    return sum(len(emoji.encode()) + 6 + sum(len(user) + 3 for user in users) for emoji, users in rx.items())


def _is_deleted(target: Row) -> Denied:
    return Denied(Code.NOT_FOUND, f"message {target.seq} was deleted")


_CHANGES = {"edit": _edit, "delete": _delete, "reaction": _react}
