"""Whether frames are as the protocol's schemas have them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from pingbox.chat.frames import ACTIONS, EVENTS, self_contained


@cache
def validator(direction: str, name: str) -> Draft202012Validator:
    """Of what a client sends (`action`) or hears (`event`) under this name."""
    known = ACTIONS if direction == "action" else EVENTS
    return Draft202012Validator(self_contained(known[name]))


def check_event(event: Mapping[str, Any]) -> None:
    """Fail unless the event is one that the protocol knows, in its form."""
    assert event["type"] in EVENTS, f"the protocol has no event {event['type']!r}"
    for error in validator("event", event["type"]).iter_errors(event):
        raise AssertionError(f"{event} breaks its schema: {error.message} at {list(error.absolute_path)}")


def is_valid_action(frame: Mapping[str, Any]) -> bool:
    """Whether a frame is in the form of its action."""
    return validator("action", frame["action"]).is_valid(frame)
