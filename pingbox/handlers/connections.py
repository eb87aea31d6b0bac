"""The Connections table: records, subscriptions, tabs, and the gate (chat.md C1, C2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from pingbox.handlers.attributes import from_item, to_item
from pingbox.handlers.dynamodb import Item, is_refusal, pages, refused_item, write_all
from pingbox.handlers.ports import Ports
from pingbox_core import gate, rate
from pingbox_core.errors import Code, Refusal, Request
from pingbox_core.members import Member, Presence, row_expiry

_GATE_TRIES = 4  # frames of one connection that race for `tat`


class Connections:
    """The calls on the Connections table. Cheap to make; holds nothing but names."""

    def __init__(self, ports: Ports) -> None:
        self._dynamodb = ports.dynamodb
        self._table = ports.settings.connections_table
        self._pause = ports.pause

    def open(self, member: Member, now: int) -> None:
        """Write the record of a new connection.

        One that is there already is our own: botocore repeats a request whose answer was lost, ids are not reused.
        """
        record = {
            **_key_values(f"conn#{member.connection}", member.connection),
            "userId": member.user,
            "name": member.name,
            "currentRoom": member.current_room,
            "lastSeen": now,
            "rooms": member.rooms,
            "connectedAt": member.connected_at,
            "tat": 0,
            "plain": True if member.plain else None,
            "expiresAt": row_expiry(member.connected_at),
        }
        try:
            self._dynamodb.put_item(
                TableName=self._table, Item=to_item(record), ConditionExpression="attribute_not_exists(topic)"
            )
        except ClientError as error:
            if not is_refusal(error):
                raise

    def pass_gate(
        self, connection: str, cost: int, now: int, limit: rate.Rate, request: Request, focus: str | None = None
    ) -> Member | gate.Unknown | Refusal:
        """Identity, rate limit and lastSeen in one conditional update; a second one only in a burst.

        `focus`: also make this room the current one, which must be joined.
        """
        condition, tat = "attribute_exists(topic) AND tat <= :bound", rate.advanced(0, now, cost, limit)
        bound = now
        for _ in range(_GATE_TRIES):
            answer = self._try_gate(connection, condition, bound, tat, now, focus)
            if isinstance(answer, Member):
                return answer
            if answer is not None and focus is not None and focus not in answer.get("rooms", ()):
                return Refusal(Code.NOT_JOINED, f"join {focus} before you focus it", request, focus)
            again = gate.refused(None if answer is None else answer["tat"], cost, now, limit, request)
            if not isinstance(again, gate.Again):
                return again
            condition, bound, tat = "attribute_exists(topic) AND tat = :bound", again.expected, again.tat
        return Refusal(Code.BUSY, "too many frames at once; send again", request)

    def _try_gate(
        self, connection: str, condition: str, bound: int, tat: int, now: int, focus: str | None
    ) -> Member | dict[str, Any] | None:
        """The member; or the record as it is, None if there is none."""
        update = "SET lastSeen = :now, tat = :tat"
        values: dict[str, Any] = {":now": now, ":tat": tat, ":bound": bound}
        if focus is not None:
            update += ", currentRoom = :focus"
            condition += " AND contains(rooms, :focus)"
            values[":focus"] = focus
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(f"conn#{connection}", connection),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=to_item(values),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            old = refused_item(error)
            return None if old is None else from_item(old)
        return _member(from_item(answer["Attributes"]))

    def record(self, connection: str) -> Member | None:
        """The record, read strongly."""
        answer = self._dynamodb.get_item(
            TableName=self._table, Key=_key(f"conn#{connection}", connection), ConsistentRead=True
        )
        return _member(from_item(answer["Item"])) if "Item" in answer else None

    def enter(self, connection: str, rooms: Sequence[str], focus: str, name: str, *, greeted: bool) -> bool:
        """Note rooms, focus and name in the record; `greeted`: it said `hello` and is no plain client any more.

        False if the record is gone; an unconditional update would bring it back to life.
        """
        return self._update(
            connection,
            "ADD rooms :rooms SET currentRoom = :focus, #name = :name" + (" REMOVE plain" if greeted else ""),
            {":rooms": frozenset(rooms), ":focus": focus, ":name": name},
            {"#name": "name"},
        )

    def forget_room(self, connection: str, room: str) -> bool:
        """Take a room out of the record. False if the record is gone."""
        return self._update(connection, "DELETE rooms :rooms", {":rooms": frozenset({room})}, None)

    def _update(
        self, connection: str, update: str, values: dict[str, Any], attribute_names: dict[str, str] | None
    ) -> bool:
        aliases = {} if attribute_names is None else {"ExpressionAttributeNames": attribute_names}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(f"conn#{connection}", connection),
                UpdateExpression=update,
                ConditionExpression="attribute_exists(topic)",
                ExpressionAttributeValues=to_item(values),
                **aliases,
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            return False
        return True

    def subscribe(self, member: Member, rooms: Sequence[str], *, tab: bool) -> None:
        """Write the subscription rows, and with `tab` the user's row."""
        expires_at = row_expiry(member.connected_at)
        row = {"connectionId": member.connection, "userId": member.user, "expiresAt": expires_at}
        plain = {"plain": True} if member.plain else {}
        rows = [{"topic": f"room#{room}", **row, "name": member.name, **plain} for room in rooms]
        if tab:
            rows.append({"topic": f"user#{member.user}", **row, "connectedAt": member.connected_at})
        if len(rows) == 1:
            self._dynamodb.put_item(TableName=self._table, Item=to_item(rows[0]))
        else:
            requests = [{"PutRequest": {"Item": to_item(values)}} for values in rows]
            write_all(self._dynamodb.batch_write_item, self._table, requests, self._pause)

    def unsubscribe(self, member: Member, rooms: Sequence[str], *, tab: bool) -> None:
        """Delete the subscription rows, and with `tab` the user's row."""
        topics = [f"room#{room}" for room in rooms] + ([f"user#{member.user}"] if tab else [])
        requests = [{"DeleteRequest": {"Key": _key(topic, member.connection)}} for topic in topics]
        write_all(self._dynamodb.batch_write_item, self._table, requests, self._pause)

    def unsubscribe_one(self, room: str, connection: str) -> bool:
        """Delete one subscription row; whether there was one."""
        answer = self._dynamodb.delete_item(
            TableName=self._table, Key=_key(f"room#{room}", connection), ReturnValues="ALL_OLD"
        )
        return bool(answer.get("Attributes"))

    def delete_orphan(self, room: str, connection: str, connected_before: int) -> Presence | None:
        """Delete a subscription whose record is gone, if it is older than that (ms); None if there was none so old."""
        try:
            answer = self._dynamodb.delete_item(
                TableName=self._table,
                Key=_key(f"room#{room}", connection),
                ConditionExpression="expiresAt < :bound",
                ExpressionAttributeValues=to_item({":bound": row_expiry(connected_before)}),
                ReturnValues="ALL_OLD",
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            return None
        return _presence(from_item(answer["Attributes"]))

    def close(self, connection: str) -> Member | None:
        """Delete the record and return it; None if another was faster."""
        answer = self._dynamodb.delete_item(
            TableName=self._table, Key=_key(f"conn#{connection}", connection), ReturnValues="ALL_OLD"
        )
        return _member(from_item(answer["Attributes"])) if answer.get("Attributes") else None

    def receivers(self, room: str, now: int) -> list[str]:
        """The connections that hear a room, read strongly: after the put, or somebody who joined is missed (I3)."""
        items = pages(
            self._dynamodb.query,
            self._topic(f"room#{room}", True) | {"ProjectionExpression": "connectionId, expiresAt"},
        )
        return [item["connectionId"]["S"] for item in items if int(item["expiresAt"]["N"]) * 1000 > now]

    def present(self, room: str, now: int, *, strong: bool = True) -> list[Presence]:
        """The subscriptions of a room that still count."""
        items = pages(self._dynamodb.query, self._topic(f"room#{room}", strong))
        return [one for one in map(_presence, map(from_item, items)) if one.expires_at * 1000 > now]

    def tabs(self, user: str, now: int) -> list[tuple[int, str]]:
        """The user's connections as (connected at, connection id)."""
        found = map(from_item, pages(self._dynamodb.query, self._topic(f"user#{user}", True)))
        return [(row["connectedAt"], row["connectionId"]) for row in found if row["expiresAt"] * 1000 > now]

    def silent_since(self, moment: int) -> Iterator[str]:
        """The connections whose last frame is older than `moment` (ms). The only scan there is."""
        arguments = {
            "TableName": self._table,
            "FilterExpression": "begins_with(topic, :records) AND lastSeen < :moment",
            "ExpressionAttributeValues": to_item({":records": "conn#", ":moment": moment}),
            "ProjectionExpression": "connectionId",
        }
        for item in pages(self._dynamodb.scan, arguments):
            yield item["connectionId"]["S"]

    def _topic(self, topic: str, strong: bool) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "topic = :topic",
            "ExpressionAttributeValues": {":topic": {"S": topic}},
            "ConsistentRead": strong,
        }


def _key_values(topic: str, connection: str) -> dict[str, str]:
    return {"topic": topic, "connectionId": connection}


def _key(topic: str, connection: str) -> Item:
    return {"topic": {"S": topic}, "connectionId": {"S": connection}}


def _member(record: dict[str, Any]) -> Member:
    expires = record.get("authExp")
    return Member(
        connection=record["connectionId"],
        user=record["userId"],
        name=record["name"],
        rooms=record.get("rooms", frozenset()),
        current_room=record.get("currentRoom"),
        plain=record.get("plain", False),
        connected_at=record["connectedAt"],
        auth_expires=None if expires is None else expires * 1000,
    )


def _presence(row: dict[str, Any]) -> Presence:
    return Presence(row["connectionId"], row["userId"], row["name"], row["expiresAt"], row.get("plain", False))
