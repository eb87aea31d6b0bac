"""The Messages table: the rooms' logs, the directory of rooms, the users' documents (chat.md C1, C2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from pingbox.handlers.ports import Ports
from pingbox.handlers.storage.attributes import from_item, to_item
from pingbox.handlers.storage.dynamodb import (
    Item,
    at_most,
    cancelled,
    get_all,
    is_conflict,
    is_refusal,
    pages,
    refused_item,
)
from pingbox_core import limits
from pingbox_core.log import RoomRecord, Row, Tail
from pingbox_core.names import is_public_room

DIRECTORY: Final = "Directory"  # the index of the public rooms
Marks = Mapping[str, Mapping[str, int]]  # per room: `s`, the seq read up to, and `n`, the messages read


@dataclass(frozen=True)
class Refused:
    """A slot was not free. `winner`: the row in it; None: a transaction held it, or what was to change with it had
    changed meanwhile: read that again, and try the same slot.
    """

    winner: Row | None


@dataclass(frozen=True)
class UserDocument:
    """What is kept of a user between connections: the saved rooms with their read markers.

    `last_seen` in milliseconds, None before the user left for the first time. `removed`: by an admin, for good.
    """

    user: str
    name: str
    rooms: Marks = field(default_factory=dict)
    last_seen: int | None = None
    removed: bool = False


class Messages:
    """The calls on the Messages table. Cheap to make; holds nothing but names."""

    def __init__(self, ports: Ports) -> None:
        self._dynamodb = ports.dynamodb
        self._table = ports.settings.messages_table
        self._pause = ports.pause

    # --- the log

    def from_slot(self, room: str, seq: int, limit: int) -> Tail:
        """The slots from `seq` on, ascending, read strongly, at most `limit`."""
        items, more = at_most(limit, self._dynamodb.query, self._slots(room, "roomId = :room AND seq >= :seq", seq))
        return Tail(tuple(map(_slot, items)), more)

    def newest(self, room: str, limit: int) -> list[Row | RoomRecord]:
        """The newest slots, newest first, read strongly; the room record if there are no more rows."""
        arguments = self._slots(room, "roomId = :room") | {"ScanIndexForward": False, "Limit": limit}
        found: list[Row | RoomRecord] = []
        for item in pages(self._dynamodb.query, arguments):
            found.append(_slot(item))
            if len(found) == limit:
                break
        return found

    def before(self, room: str, seq: int, limit: int) -> tuple[list[Row], bool]:
        """The rows below `seq`, newest first, read strongly, at most `limit`; and whether there are more."""
        arguments = self._slots(room, "roomId = :room AND seq < :seq", seq) | {"ScanIndexForward": False}
        items, more = at_most(limit, self._dynamodb.query, arguments)
        rows = [slot for slot in map(_slot, items) if isinstance(slot, Row)]
        return rows, more and not (rows and rows[-1].seq == 1)

    def floor(self, room: str, now: int) -> int:
        """The first number that readers still see. Asked only where retention is on."""
        for item in pages(self._dynamodb.query, self._slots(room, "roomId = :room AND seq >= :seq", 1)):
            slot = _slot(item)
            if isinstance(slot, Row) and (slot.expires_at is None or slot.expires_at * 1000 > now):
                return slot.seq
        record = self.record(room)
        return 1 if record is None else record.last_seq + 1

    def put(self, room: str, row: Row) -> Refused | None:
        """Write a row if its slot is free; None: it is written."""
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=_row_item(room, row),
                ConditionExpression="attribute_not_exists(roomId)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if is_conflict(error):
                return Refused(None)
            if not is_refusal(error):
                raise
            old = refused_item(error)
            winner = None if old is None else _slot(old)
            return Refused(winner if isinstance(winner, Row) else None)
        return None

    def row(self, room: str, seq: int) -> Row | None:
        """One row, read strongly."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(room, seq), ConsistentRead=True)
        slot = _slot(answer["Item"]) if "Item" in answer else None
        return slot if isinstance(slot, Row) else None

    def rows(self, room: str, numbers: Collection[int]) -> dict[int, Row]:
        """Single rows by their numbers, read strongly; those that are gone are missing."""
        keys = [_key(room, seq) for seq in sorted(numbers)]
        slots = map(_slot, get_all(self._dynamodb.batch_get_item, self._table, keys, self._pause))
        return {slot.seq: slot for slot in slots if isinstance(slot, Row)}

    def amend(self, room: str, target: Row, event: Row) -> Refused | None:
        """Write the changed message and the row that says so, both or neither; None: they are written.

        `target.amended` is one more than what was read: whoever changed the message meanwhile has used that number.
        """
        was = target.amended - 1
        condition = {"ConditionExpression": "amended = :was", "ExpressionAttributeValues": to_item({":was": was})}
        if not was:
            condition = {"ConditionExpression": "attribute_exists(roomId) AND attribute_not_exists(amended)"}
        return self._both(
            {"Put": {"TableName": self._table, "Item": _row_item(room, target), **condition}}, room, event
        )

    def update_room(self, record: RoomRecord, event: Row) -> Refused | None:
        """Write the changed title, topic and `closed` and the row that says so; `record.amended` as in `amend`."""
        values = {"title": record.title, "topic": record.topic, "closed": record.closed, "amended": record.amended}
        update = {
            "TableName": self._table,
            "Key": _key(record.room),
            "UpdateExpression": "SET title = :title, topic = :topic, closed = :closed, amended = :amended",
            "ConditionExpression": "attribute_exists(roomId) AND amended = :was"
            if record.amended > 1
            else "attribute_exists(roomId) AND attribute_not_exists(amended)",
            "ExpressionAttributeValues": to_item(
                {f":{name}": value for name, value in values.items()}
                | ({":was": record.amended - 1} if record.amended > 1 else {})
            ),
        }
        return self._both({"Update": update}, record.room, event)

    def _both(self, change: Item, room: str, event: Row) -> Refused | None:
        put = {
            "TableName": self._table,
            "Item": _row_item(room, event),
            "ConditionExpression": "attribute_not_exists(roomId)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            self._dynamodb.transact_write_items(TransactItems=[change, {"Put": put}])
        except ClientError as error:
            reasons = cancelled(error)
            if reasons is None:
                raise
            old = reasons[1].get("Item")
            winner = _slot(old) if old else None
            return Refused(winner if isinstance(winner, Row) else None)
        return None

    # --- rooms

    def record(self, room: str) -> RoomRecord | None:
        """The room record, read strongly."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(room), ConsistentRead=True)
        return _record(answer["Item"]) if "Item" in answer else None

    def create(self, record: RoomRecord) -> bool:
        """Write a room record; False if the room exists. Direct rooms are in no directory."""
        item = to_item(
            {
                "roomId": record.room,
                "seq": 0,
                "kind": "room",
                "epoch": record.epoch,
                "title": record.title,
                "topic": record.topic,
                "createdBy": record.created_by,
                "createdAt": record.created_at,
                "listed": "1" if is_public_room(record.room) else None,
                "lastSeq": 0,
                "lastN": 0,
                "lastTs": 0,
            }
        )
        try:
            self._dynamodb.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(roomId)"
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            return False
        return True

    def directory(self, after: str | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """The public rooms with an id above `after`, in order; and whether there are more. Eventually consistent."""
        condition, values = "listed = :one", {":one": "1"}
        if after:
            condition, values = "listed = :one AND roomId > :after", {":one": "1", ":after": after}
        arguments = {
            "TableName": self._table,
            "IndexName": DIRECTORY,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": to_item(values),
        }
        items, more = at_most(limit, self._dynamodb.query, arguments)
        return [from_item(item) for item in items], more

    def note_head(self, room: str, seq: int, n: int, ts: int) -> None:
        """Keep the head in the record for when the rows have expired (chat.md C4); never backwards."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(room),
                UpdateExpression="SET lastSeq = :seq, lastN = :n, lastTs = :ts",
                ConditionExpression="attribute_exists(roomId) AND lastSeq < :seq",
                ExpressionAttributeValues=to_item({":seq": seq, ":n": n, ":ts": ts}),
            )
        except ClientError as error:
            if not is_refusal(error):
                raise

    # --- users

    def documents(self, users: Collection[str]) -> dict[str, UserDocument]:
        """The documents of those users who have one."""
        keys = [_key(f"@{user}") for user in sorted(users)]
        found = map(_document, get_all(self._dynamodb.batch_get_item, self._table, keys, self._pause))
        return {document.user: document for document in found}

    def load(self, user: str | None, rooms: Sequence[str]) -> tuple[UserDocument | None, dict[str, RoomRecord]]:
        """The user's document (None: not asked for, or none) and the records of those rooms that exist, strongly."""
        keys: list[Item] = [_key(room) for room in rooms] + ([] if user is None else [_key(f"@{user}")])
        document: UserDocument | None = None
        records: dict[str, RoomRecord] = {}
        for item in get_all(self._dynamodb.batch_get_item, self._table, keys, self._pause):
            if item["kind"]["S"] == "user":
                document = _document(item)
            else:
                record = _record(item)
                records[record.room] = record
        return document, records

    def remember(self, user: str, name: str, marks: Marks) -> UserDocument:
        """Add rooms to the user's document, keeping the markers of those it has; make the document if there is none."""
        for _ in range(2):
            document = self._extend(user, name, marks) or self._found(user, name, marks)
            if document is not None:
                return document
        raise RuntimeError("a user's document neither exists nor can be created")

    def _extend(self, user: str, name: str, marks: Marks) -> UserDocument | None:
        sets = ["#name = :name"]
        aliases = {"#name": "name"}
        values: dict[str, Item] = {":name": {"S": name}}
        for i, (room, mark) in enumerate(marks.items()):
            sets.append(f"rooms.#r{i} = if_not_exists(rooms.#r{i}, :m{i})")
            aliases[f"#r{i}"] = room
            values[f":m{i}"] = {"M": to_item(mark)}
        return self._update_document(user, "SET " + ", ".join(sets), aliases, values)

    def _found(self, user: str, name: str, marks: Marks) -> UserDocument | None:
        item = {"roomId": f"@{user}", "seq": 0, "kind": "user", "name": name, "rooms": marks}
        try:
            self._dynamodb.put_item(
                TableName=self._table, Item=to_item(item), ConditionExpression="attribute_not_exists(roomId)"
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            return None
        return UserDocument(user, name, marks)

    def call(self, user: str, room: str, mark: Mapping[str, int]) -> None:
        """Add a room to the list of a user who has a document, unless it is there."""
        update = "SET rooms.#room = if_not_exists(rooms.#room, :mark)"
        self._update_document(user, update, {"#room": room}, {":mark": {"M": to_item(mark)}})

    def mark_read(self, user: str, room: str, mark: Mapping[str, int], *, back: bool) -> bool:
        """Move a read marker forward, with `back` also backward. False if it is there or further, or not kept."""
        aliases = {"#room": room} | ({} if back else {"#seq": "s"})
        values = {":mark": {"M": to_item(mark)}} | ({} if back else {":seq": {"N": str(mark["s"])}})
        condition = "attribute_exists(rooms.#room)" if back else "rooms.#room.#seq < :seq"
        update = "SET rooms.#room = :mark"
        return self._update_document(user, update, aliases, values, condition) is not None

    def remove(self, user: str, name: str) -> None:
        """Note that the user is not welcome any more; the document is made if there is none."""
        values: dict[str, Item] = {":true": {"BOOL": True}}
        if self._update_document(user, "SET removed = :true", {}, values) is None:
            self._found(user, name, {})
            self._update_document(user, "SET removed = :true", {}, values)

    def forget(self, user: str, room: str) -> None:
        """Take a room out of the saved list, if the user has a document."""
        self._update_document(user, "REMOVE rooms.#room", {"#room": room}, {})

    def note_last_seen(self, user: str, now: int) -> None:
        """Write when the user was last here, if the user has a document (plain clients leave none behind)."""
        self._update_document(user, "SET lastSeen = :now", {}, {":now": {"N": str(now)}})

    def _update_document(
        self,
        user: str,
        update: str,
        aliases: dict[str, str],
        values: dict[str, Item],
        condition: str = "attribute_exists(roomId)",
    ) -> UserDocument | None:
        optional: dict[str, Any] = {}
        if aliases:
            optional["ExpressionAttributeNames"] = aliases
        if values:
            optional["ExpressionAttributeValues"] = values
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(f"@{user}"),
                UpdateExpression=update,
                ConditionExpression=condition,
                ReturnValues="ALL_NEW",
                **optional,
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            return None
        return _document(answer["Attributes"])

    def _slots(self, room: str, condition: str, seq: int | None = None) -> dict[str, Any]:
        values = {":room": {"S": room}} | ({} if seq is None else {":seq": {"N": str(seq)}})
        return {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
        }


def _key(room: str, seq: int = 0) -> Item:
    return {"roomId": {"S": room}, "seq": {"N": str(seq)}}


def _slot(item: Item) -> Row | RoomRecord:
    return _record(item) if item["kind"]["S"] == "room" and item["seq"]["N"] == "0" else _row(item)


def _row(item: Item) -> Row:
    values = from_item(item)
    fields = {field: values[name] for field, name in _ATTRIBUTES.items() if name in values}
    return Row(**fields | {"mentions": tuple(sorted(values.get("mentions", ())))})


def _row_item(room: str, row: Row) -> Item:
    values = {name: getattr(row, field) for field, name in _ATTRIBUTES.items()}
    kept = {name: value for name, value in values.items() if name in _KEPT or value}
    return to_item({"roomId": room, **kept, "mentions": frozenset(row.mentions)})


# The fields of a row and the names of their attributes. Those that are empty, 0 or False are left out but for a few.
_ATTRIBUTES: Final[Mapping[str, str]] = {
    "seq": "seq", "kind": "kind", "n": "n", "ts": "ts", "user": "userId", "name": "name", "cid": "cid",
    "text": "text", "reply_to": "replyTo", "expires_at": "expiresAt", "target": "target", "rev": "rev",
    "emoji": "emoji", "op": "op", "title": "title", "topic": "topic", "closed": "closed", "edited_at": "editedAt",
    "rx": "rx", "deleted": "deleted", "amended": "amended",
}  # fmt: skip
_KEPT: Final = frozenset({"seq", "kind", "n", "ts", "userId", "name", "cid", "title", "topic"})


def _record(item: Item) -> RoomRecord:
    values = from_item(item)
    return RoomRecord(
        values["roomId"],
        values["epoch"],
        values["title"],
        values["topic"],
        values["createdBy"],
        values["createdAt"],
        values["lastSeq"],
        values["lastN"],
        values["lastTs"],
        values.get("closed", False),
        values.get("amended", 0),
    )


def _document(item: Item) -> UserDocument:
    values = from_item(item)
    return UserDocument(
        values["roomId"][1:],
        values["name"],
        values["rooms"],
        values.get("lastSeen"),
        values.get("removed", False),
    )


TAIL_LIMIT = limits.TAIL_EVENTS + 1  # the row `seen` itself, and what came after it
SYNC_LIMIT = limits.SYNC_ROWS + 1
