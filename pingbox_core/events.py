"""What goes to clients: log events, answers and signals as JSON values (chat.md B5), and their bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from pingbox_core import limits, names
from pingbox_core.errors import Request
from pingbox_core.log import Head, RoomRecord, Row
from pingbox_core.rate import Rate

Event = dict[str, Any]


def frame(event: Mapping[str, Any]) -> bytes:
    """The event as it is posted. Non-ASCII stays as it is: half the bytes, and the frame limit counts bytes."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


Targets = Mapping[int, Row]
"""Messages by their number, as they are now: what events about them are told from."""


def log_event(room: str, row: Row, targets: Targets) -> Event:
    """A row as an event: the same live, in `sync` and in `history`.

    An edit is told with the text that its target has now; if the target was deleted since, it is told as a deletion.
    """
    event: Event = {
        "type": row.kind,
        "room": room,
        "seq": row.seq,
        "n": row.n,
        "ts": row.ts,
        "user": {"id": row.user, "name": row.name},
        "cid": row.cid,
    }
    match row.kind:
        case "message":
            return event | _content(row)
        case "edit":
            return event | _edit(row, targets.get(row.target or 0))
        case "delete":
            return event | {"target": row.target}
        case "reaction":
            return event | {"target": row.target, "emoji": row.emoji, "op": row.op}
        case "room":
            closed = {"closed": True} if row.closed else {}
            return event | {"title": row.title, "topic": row.topic, **closed}
        case _:
            assert_never(row.kind)


def _content(row: Row) -> Event:
    if row.deleted:
        return {"deleted": True}
    content: Event = {"text": row.text}
    if row.mentions:
        content["mentions"] = list(row.mentions)
    if row.reply_to is not None:
        content["replyTo"] = row.reply_to
    if row.rev:
        content |= {"rev": row.rev, "editedAt": row.edited_at}
    if row.rx:
        content["rx"] = {emoji: sorted(users) for emoji, users in sorted(row.rx.items())}
    return content


def _edit(row: Row, target: Row | None) -> Event:
    if target is None or target.deleted:
        return {"type": "delete", "target": row.target}
    mentions = {"mentions": list(target.mentions)} if target.mentions else {}
    edit = {"target": row.target, "text": target.text, "rev": target.rev, "editedAt": target.edited_at}
    return {**edit, **mentions}


def fitting(room: str, rows: Sequence[Row], targets: Targets) -> list[Event]:
    """The events of the first rows, as many as fit into a page of 28 KB; at least one if there is a row."""
    events: list[Event] = []
    size = 0
    for row in rows:
        event = log_event(room, row, targets)
        size += len(frame(event)) + 1
        if events and size > limits.PAGE_BYTES:
            break
        events.append(event)
    return events


def last_message(row: Row) -> Event:
    """What a list of rooms shows of the newest message."""
    shown: Event = {"seq": row.seq, "ts": row.ts, "user": {"id": row.user, "name": row.name}}
    return shown | ({"deleted": True} if row.deleted else {"text": names.preview(row.text)})


def answer(kind: str, request: Request, **fields: Any) -> Event:
    """An answer of this type, with the `id` of its request if there was one."""
    return {"type": kind, **({} if request.id is None else {"id": request.id}), **fields}


def duplicate(request: Request, room: str, cid: str, seq: int) -> Event:
    """The answer to a `cid` that is stored already, as `seq`."""
    return answer("ok", request, cid=cid, room=room, seq=seq, dup=True)


def typing(room: str, user: Mapping[str, str]) -> Event:
    """Somebody is writing."""
    return {"type": "typing", "room": room, "user": {"id": user["id"], "name": user["name"]}}


def read(room: str, seq: int, n: int) -> Event:
    """To all connections of a user: how far the user has read, and how many messages that are."""
    return {"type": "read", "room": room, "seq": seq, "n": n}


def presence(room: str, user: Mapping[str, str], online: int, last_seen: int | None = None) -> Event:
    """An arrival, or with `last_seen` (milliseconds) a leave. `online`: how many people are there now."""
    event: Event = {"type": "presence", "room": room, "user": {"id": user["id"], "name": user["name"]}}
    if last_seen is None:
        return event | {"state": "online", "online": online}
    return event | {"state": "offline", "online": online, "lastSeen": last_seen}


def bye(code: str, text: str, *, reconnect: bool) -> Event:
    """What precedes a close by the server, because API Gateway cannot carry a close code."""
    return {"type": "bye", "code": code, "message": text, "reconnect": reconnect}


@dataclass(frozen=True)
class RoomView:
    """What `welcome` and `joined` tell of a room beside its record.

    `read`: the user's marker, with the numbers `s` and `n`. `last`: the newest message, None if there is none.
    `other`: the other user of a direct room, with `id`, `name`, `online` and, if known, `lastSeen`.
    """

    head: Head
    floor: int
    read: Mapping[str, int]
    online: int
    last: Row | None = None
    other: Mapping[str, Any] | None = None


def room_state(record: RoomRecord, view: RoomView) -> Event:
    """A room as `welcome` and `joined` describe it."""
    state: Event = {
        "room": record.room,
        "title": record.title,
        "topic": record.topic,
        "createdBy": record.created_by,
        "epoch": record.epoch,
        "head": view.head.seq,
        "headN": view.head.n,
        "headTs": view.head.ts,
        "floor": view.floor,
        "read": view.read.get("s", 0),
        "readN": view.read.get("n", 0),
        "online": view.online,
    }
    if record.closed:
        state["closed"] = True
    if view.last is not None:
        state["last"] = last_message(view.last)
    return state if view.other is None else state | {"other": dict(view.other)}


def who(room: str, users: Sequence[Mapping[str, Any]], recent: Sequence[Mapping[str, Any]]) -> Event:
    """The people of a room: all who are online are counted, the first hundred listed; `recent` were here lately."""
    return {
        "room": room,
        "count": len(users),
        "users": list(users[: limits.PRESENCE_ONLINE]),
        "recent": list(recent),
    }


def sync(record: RoomRecord, page: Sequence[Event], start: int, end: int, head: int, more: bool, reset: bool) -> Event:
    """The events of the slots `start..end`. `more`: the log goes on; `reset`: what the client held is not this log."""
    return {
        "type": "sync",
        "room": record.room,
        "epoch": record.epoch,
        "events": list(page),
        "from": start,
        "to": end,
        "head": max(head, end),
        "more": more,
        "reset": reset,
    }


def welcome(
    request: Request,
    user: Mapping[str, Any],
    token: str | None,
    states: Sequence[Event],
    told: Mapping[str, int],
    now: int,
) -> Event:
    """The greeting. If it would not fit into a frame, the last messages and then the topics are left out."""
    event = answer("welcome", request, v=limits.VERSION, now=now, user=dict(user))
    if token is not None:
        event["token"] = token
    event |= {"limits": dict(told), "rooms": list(states)}
    if len(frame(event)) > limits.FRAME_BYTES:
        event["rooms"] = [{key: value for key, value in state.items() if key != "last"} for state in states]
    if len(frame(event)) > limits.FRAME_BYTES:
        event["rooms"] = [state | {"topic": ""} for state in event["rooms"]]
    return event


def rooms(request: Request, found: Sequence[tuple[Mapping[str, Any], Head | None]], more: bool) -> Event:
    """A page of the directory with each room's head, as much as fits; `next` is the `after` of the next page."""
    listed: list[Event] = []
    size = 0
    for one, head in found:
        entry = {
            "room": one["roomId"],
            "title": one["title"],
            "topic": one.get("topic", ""),
            "createdAt": one["createdAt"],
        }
        if head is not None:
            entry |= {"headN": head.n, "headTs": head.ts}
        size += len(frame(entry)) + 1
        if size > limits.PAGE_BYTES:
            more = True
            break
        listed.append(entry)
    event = answer("rooms", request, rooms=listed)
    return event | {"next": listed[-1]["room"]} if more and listed else event


def limits_told(rate: Rate) -> dict[str, int]:
    """`welcome.limits`: what a page must know instead of hard-coding it. `perMin` 0 means no rate limit."""
    return {
        "text": limits.TEXT_CHARACTERS,
        "textBytes": limits.TEXT_BYTES,
        "frame": limits.FRAME_BYTES,
        "rooms": limits.ROOMS_PER_CONNECTION,
        "perMin": rate.per_minute,
        "burst": rate.burst,
        "readsPerMin": rate.reads_per_minute,
        "readBurst": rate.read_burst,
        "idle": limits.IDLE_PING_SECONDS,
        "maxAge": limits.MAX_AGE_SECONDS,
        "edits": limits.EDITS,
        "editable": limits.EDITABLE,
        "emoji": limits.EMOJI_PER_MESSAGE,
        "typingOnline": limits.TYPING_ONLINE,
    }
