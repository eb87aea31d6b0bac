"""What goes to clients: log events, answers and signals as JSON values (chat.md B5), and their bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pingbox_core import limits
from pingbox_core.errors import Request
from pingbox_core.log import Head, RoomRecord, Row

Event = dict[str, Any]


def frame(event: Mapping[str, Any]) -> bytes:
    """The event as it is posted. Non-ASCII stays as it is: half the bytes, and the frame limit counts bytes."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def message(room: str, row: Row) -> Event:
    """A row as an event: the same live, in `sync` and in `history`."""
    event: Event = {
        "type": row.kind,
        "room": room,
        "seq": row.seq,
        "n": row.n,
        "ts": row.ts,
        "user": {"id": row.user, "name": row.name},
        "cid": row.cid,
        "text": row.text,
    }
    if row.reply_to is not None:
        event["replyTo"] = row.reply_to
    return event


def fitting(room: str, rows: Sequence[Row]) -> list[Event]:
    """The events of the first rows, as many as fit into a page of 28 KB; at least one if there is a row."""
    events: list[Event] = []
    size = 0
    for row in rows:
        event = message(room, row)
        size += len(frame(event)) + 1
        if events and size > limits.PAGE_BYTES:
            break
        events.append(event)
    return events


def answer(kind: str, request: Request, **fields: Any) -> Event:
    """An answer of this type, with the `id` of its request if there was one."""
    return {"type": kind, **({} if request.id is None else {"id": request.id}), **fields}


def duplicate(request: Request, room: str, cid: str, seq: int) -> Event:
    """The answer to a `cid` that is stored already."""
    return answer("ok", request, cid=cid, room=room, seq=seq, dup=True)


def presence(room: str, user: Mapping[str, str], online: int, last_seen: int | None = None) -> Event:
    """An arrival, or with `last_seen` (milliseconds) a leave. `online`: how many people are there now."""
    event: Event = {"type": "presence", "room": room, "user": {"id": user["id"], "name": user["name"]}}
    if last_seen is None:
        return event | {"state": "online", "online": online}
    return event | {"state": "offline", "online": online, "lastSeen": last_seen}


def bye(code: str, text: str, *, reconnect: bool) -> Event:
    """What precedes a close by the server, because API Gateway cannot carry a close code."""
    return {"type": "bye", "code": code, "message": text, "reconnect": reconnect}


def room_state(record: RoomRecord, head: Head, floor: int, read: Mapping[str, int], online: int | None) -> Event:
    """A room as `welcome` and `joined` describe it. `read`: the user's marker, with the numbers `s` and `n`."""
    state: Event = {
        "room": record.room,
        "title": record.title,
        "topic": record.topic,
        "epoch": record.epoch,
        "head": head.seq,
        "headN": head.n,
        "headTs": head.ts,
        "floor": floor,
        "read": read.get("s", 0),
        "readN": read.get("n", 0),
    }
    return state if online is None else state | {"online": online}


def who(room: str, users: Sequence[Mapping[str, Any]]) -> Event:
    """The people of a room: all are counted, the first hundred listed."""
    return {"room": room, "count": len(users), "users": list(users[: limits.PRESENCE_ONLINE])}


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
    limits_told: Mapping[str, int],
    now: int,
) -> Event:
    """The greeting. If it would not fit into a frame, the topics are left out of the rooms' states."""
    event = answer("welcome", request, v=limits.VERSION, now=now, user=dict(user))
    if token is not None:
        event["token"] = token
    event |= {"limits": dict(limits_told), "rooms": list(states)}
    if len(frame(event)) > limits.FRAME_BYTES:
        event["rooms"] = [state | {"topic": ""} for state in states]
    return event


def rooms(request: Request, found: Sequence[Mapping[str, Any]], more: bool) -> Event:
    """A page of the directory, as much as fits; `next` is the `after` of the next page."""
    listed: list[Event] = []
    size = 0
    for one in found:
        entry = {
            "room": one["roomId"],
            "title": one["title"],
            "topic": one.get("topic", ""),
            "createdAt": one["createdAt"],
        }
        size += len(frame(entry)) + 1
        if size > limits.PAGE_BYTES:
            more = True
            break
        listed.append(entry)
    event = answer("rooms", request, rooms=listed)
    return event | {"next": listed[-1]["room"]} if more and listed else event
