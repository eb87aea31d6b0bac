"""Events as lines for a terminal. Nothing that a stranger wrote may steer the terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def line(event: Mapping[str, Any], room: str) -> str | None:
    """One line, or several for a text of several; None for what needs none. `room`: the one that is looked at."""
    said = _SAID.get(event["type"])
    text = None if said is None else said(event)
    if text is None:
        return None
    place = "" if event.get("room") in (None, room) else f"#{event['room']} "
    return safe(f"{place}{text}")


def safe(text: str) -> str:
    """Without what terminals obey."""
    return _STEERING.sub("\ufffd", text)


def _message(event: Mapping[str, Any]) -> str:
    if event.get("deleted"):
        return f"{_head(event)} (deleted)"
    reply = f" (to {event['replyTo']})" if "replyTo" in event else ""
    edited = " (edited)" if event.get("rev") else ""
    reactions = "".join(f"  {emoji} {len(users)}" for emoji, users in event.get("rx", {}).items())
    return f"{_head(event)}{reply} {event['text']}{edited}{reactions}"


def _head(event: Mapping[str, Any]) -> str:
    clock = time.strftime("%H:%M", time.localtime(event["ts"] / 1000))
    return f"{clock} {event['seq']:>4} <{event['user']['name']}>"


def _edit(event: Mapping[str, Any]) -> str:
    return f"      {event['target']:>4} <{event['user']['name']}> now: {event['text']}"


def _delete(event: Mapping[str, Any]) -> str:
    return f"      {event['target']:>4} was deleted by {event['user']['name']}"


def _reaction(event: Mapping[str, Any]) -> str:
    word = "likes" if event["op"] == "add" else "takes back"
    return f"      {event['target']:>4} {event['user']['name']} {word} {event['emoji']}"


def _room(event: Mapping[str, Any]) -> str:
    closed = ", closed" if event.get("closed") else ""
    return f"* {event['user']['name']} set this room to {event['title']!r}, topic {event['topic']!r}{closed}"


def _presence(event: Mapping[str, Any]) -> str:
    return f"* {event['user']['name']} is {event['state']}; {event['online']} online"


def _error(event: Mapping[str, Any]) -> str:
    return f"! {event['code']}: {event['message']}"


_SAID = {
    "message": _message,
    "edit": _edit,
    "delete": _delete,
    "reaction": _reaction,
    "room": _room,
    "presence": _presence,
    "error": _error,
}
