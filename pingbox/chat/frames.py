"""The protocol as JSON Schemas: every frame, both ways. `docs/reference/asyncapi.yaml` is made from them.

What a schema cannot say stands in `docs/reference/protocol.md`: texts are measured after trimming, bidi controls are
taken out, an emoji is one emoji. Both sides ignore fields that they do not know, so nothing here forbids more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pingbox_core import limits

Schema = dict[str, Any]

_USER_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"}
_PUBLIC: Final = "[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?"
_ROOM: Final = {"type": "string", "pattern": f"^(?:{_PUBLIC}|dm:[A-Za-z0-9._~-]{{1,64}}:[A-Za-z0-9._~-]{{1,64}})$"}
_CID: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,36}$"}
_SEQ: Final = {"type": "integer", "minimum": 0, "maximum": limits.HIGHEST_SEQ}
_TARGET: Final = {"type": "integer", "minimum": 1, "maximum": limits.HIGHEST_SEQ}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": limits.TEXT_CHARACTERS}
_STRING: Final = {"type": "string"}
_EMOJI: Final = {"type": "string", "minLength": 1, "maxLength": limits.EMOJI_CHARACTERS}
_OP: Final = {"enum": ["add", "remove"]}
_FLAG: Final = {"type": "boolean"}
_TIME: Final = {"type": "integer", "description": "milliseconds since the epoch"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_USER: Final = {"type": "object", "required": ["id", "name"], "properties": {"id": _USER_ID, "name": _STRING}}
_MENTIONS: Final = {"type": "array", "items": _USER_ID, "maxItems": limits.MENTIONS}
_EPOCH: Final = {"type": "string", "maxLength": limits.EPOCH_CHARACTERS}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any]) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _nullable(optional: Mapping[str, Any]) -> Schema:
    return {field: {"anyOf": [schema, {"type": "null"}]} for field, schema in optional.items()}


def _action(name: str, required: Mapping[str, Any], optional: Mapping[str, Any]) -> Schema:
    request = {"type": "string", "description": f"repeated in the answer, at most {limits.ECHO_CHARACTERS} characters"}
    return _object({"action": {"const": name}, **required}, _nullable({"id": request, **optional}))


def _event(name: str, required: Mapping[str, Any], optional: Mapping[str, Any]) -> Schema:
    return _object({"type": {"const": name}, **required}, {"id": _STRING, **optional})


_POSITION: Final = _object({"room": _ROOM}, _nullable({"epoch": _EPOCH, "seen": _SEQ}))
_WRITTEN: Final = {"room": _ROOM, "cid": _CID, "seen": _SEQ}

_FIELDS: Final[Mapping[str, tuple[Schema, Schema]]] = {  # required, optional
    "hello": ({}, {"v": {"const": limits.VERSION}, "name": {"type": "string", "minLength": 1}, "focus": _ROOM,
                   "rooms": {"type": "array", "items": _POSITION, "maxItems": limits.ROOMS_PER_CONNECTION}}),
    "sendMessage": ({"text": _TEXT}, {**_WRITTEN, "replyTo": _TARGET, "mentions": _MENTIONS}),
    "editMessage": ({"target": _TARGET, "text": _TEXT}, {**_WRITTEN, "mentions": _MENTIONS}),
    "deleteMessage": ({"target": _TARGET}, _WRITTEN),
    "react": ({"target": _TARGET, "emoji": _EMOJI},
              {**_WRITTEN, "op": _OP}),
    "updateRoom": ({"room": _ROOM},
                   {"title": _STRING, "topic": _STRING, "closed": _FLAG, "cid": _CID, "seen": _SEQ}),
    "removeUser": ({"user": _USER_ID}, {}),
    "joinRoom": ({"room": _ROOM}, {"epoch": _EPOCH, "seen": _SEQ}),
    "createRoom": ({"room": {"type": "string", "pattern": f"^{_PUBLIC}$"}}, {"title": _STRING, "topic": _STRING}),
    "openDm": ({"user": _USER_ID}, {}),
    "leaveRoom": ({}, {"room": _ROOM}),
    "focus": ({"room": _ROOM}, {}),
    "listRooms": ({}, {"after": _STRING, "limit": {"type": "integer", "minimum": 1, "maximum": 100}}),
    "sync": ({}, {"room": _ROOM, "epoch": _EPOCH, "after": _SEQ}),
    "history": ({}, {"room": _ROOM, "before": _TARGET,
                     "limit": {"type": "integer", "minimum": 1, "maximum": limits.PAGE_EVENTS}}),
    "who": ({}, {"room": _ROOM}),
    "ping": ({}, {"rooms": {"type": "object", "propertyNames": _ROOM, "additionalProperties": _SEQ,
                            "maxProperties": limits.ROOMS_PER_CONNECTION}}),
    "typing": ({}, {"room": _ROOM}),
    "markRead": ({"room": _ROOM, "seq": _SEQ}, {"back": _FLAG}),
    "bye": ({}, {}),
}  # fmt: skip
ACTIONS: Final[Mapping[str, Schema]] = {name: _action(name, *fields) for name, fields in _FIELDS.items()}
"""What a client sends, by `action`."""

_IN_LOG: Final = {"room": _ROOM, "seq": _TARGET, "n": _COUNT, "ts": _TIME, "user": _USER, "cid": _STRING}
_RX: Final = {"type": "object", "additionalProperties": {"type": "array", "items": _USER_ID}}
LOG_EVENTS: Final[Mapping[str, Schema]] = {
    "message": {
        **_event("message", _IN_LOG, {"text": _STRING, "deleted": {"const": True}, "replyTo": _TARGET,
                                      "mentions": _MENTIONS, "rev": _TARGET, "editedAt": _TIME, "rx": _RX}),
        "oneOf": [{"required": ["text"]}, {"required": ["deleted"]}],
    },
    "edit": _event("edit", {**_IN_LOG, "target": _TARGET, "text": _STRING, "rev": _COUNT},
                   {"editedAt": {"type": ["integer", "null"]}, "mentions": _MENTIONS}),
    "delete": _event("delete", {**_IN_LOG, "target": _TARGET}, {}),
    "reaction": _event("reaction", {**_IN_LOG, "target": _TARGET, "emoji": _STRING, "op": _OP}, {}),
    "room": _event("room", {**_IN_LOG, "title": _STRING, "topic": _STRING}, {"closed": {"const": True}}),
}  # fmt: skip
_ANY_LOG_EVENT: Final = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in LOG_EVENTS]}

_PERSON: Final = _object({"id": _USER_ID, "name": _STRING, "tabs": _COUNT}, {})
_RECENT: Final = _object({"id": _USER_ID, "name": _STRING, "lastSeen": _TIME}, {})
_LAST: Final = _object({"seq": _TARGET, "ts": _TIME, "user": _USER}, {"text": _STRING, "deleted": {"const": True}})
_OTHER: Final = _object({"id": _USER_ID, "name": _STRING, "online": _FLAG}, {"lastSeen": _TIME})
_STATE: Final = _object(
    {"room": _ROOM, "title": _STRING, "topic": _STRING, "createdBy": _USER_ID, "epoch": _STRING, "head": _COUNT,
     "headN": _COUNT, "headTs": _COUNT, "floor": _COUNT, "read": _COUNT, "readN": _COUNT, "online": _COUNT},
    {"closed": {"const": True}, "last": _LAST, "other": _OTHER},
)  # fmt: skip
_SYNC: Final = {
    "room": _ROOM, "epoch": _STRING, "events": {"type": "array", "items": _ANY_LOG_EVENT}, "from": _COUNT,
    "to": {"type": "integer"}, "head": _COUNT, "more": _FLAG, "reset": _FLAG,
}  # fmt: skip
_LISTED: Final = _object(
    {"room": _ROOM, "title": _STRING, "topic": _STRING, "createdAt": _TIME}, {"headN": _COUNT, "headTs": _COUNT}
)
_SELF: Final = _object({"id": _USER_ID, "name": _STRING, "guest": _FLAG}, {"admin": {"const": True}})

EVENTS: Final[Mapping[str, Schema]] = {
    **LOG_EVENTS,
    "welcome": _event("welcome", {"v": {"const": limits.VERSION}, "now": _TIME, "user": _SELF,
                                  "limits": {"type": "object", "additionalProperties": _COUNT},
                                  "rooms": {"type": "array", "items": _STATE}}, {"token": _STRING}),
    "sync": _event("sync", _SYNC, {}),
    "ready": _event("ready", {}, {}),
    "joined": _event("joined", {"room": _STATE, "who": {"type": "array", "items": _PERSON},
                                "recent": {"type": "array", "items": _RECENT}},
                     {"sync": _event("sync", _SYNC, {})}),
    "left": _event("left", {"room": _ROOM}, {}),
    "history": _event("history", {"room": _ROOM, "events": {"type": "array", "items": _ANY_LOG_EVENT},
                                  "more": _FLAG, "floor": _COUNT}, {}),
    "who": _event("who", {"room": _ROOM, "count": _COUNT, "users": {"type": "array", "items": _PERSON},
                          "recent": {"type": "array", "items": _RECENT}}, {}),
    "rooms": _event("rooms", {"rooms": {"type": "array", "items": _LISTED}}, {"next": _ROOM}),
    "pong": _event("pong", {"now": _TIME, "behind": {"type": "object", "additionalProperties": _COUNT}}, {}),
    "ok": _event("ok", {}, {"cid": _STRING, "room": _ROOM, "seq": _TARGET, "dup": _FLAG, "user": _USER_ID}),
    "error": _event("error", {"code": _STRING, "message": _STRING, "retry": _FLAG},
                    {"cid": _STRING, "room": _STRING, "retryAfter": _COUNT}),
    "presence": _event("presence", {"room": _ROOM, "user": _USER, "state": {"enum": ["online", "offline"]},
                                    "online": _COUNT}, {"lastSeen": _TIME}),
    "typing": _event("typing", {"room": _ROOM, "user": _USER}, {}),
    "read": _event("read", {"room": _ROOM, "seq": _COUNT, "n": _COUNT}, {}),
    "bye": _event("bye", {"code": _STRING, "message": _STRING, "reconnect": _FLAG}, {}),
}  # fmt: skip
"""What the server sends, by `type`."""


def self_contained(schema: Schema) -> Schema:
    """The schema with what it refers to, for a validator that has nothing else."""
    return {**schema, "components": {"schemas": dict(LOG_EVENTS)}}
