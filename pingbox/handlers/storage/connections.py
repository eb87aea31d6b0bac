"""The Connections table: records, subscriptions, tabs, and the gate (chat.md C1, C2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from pingbox.handlers.ports import Ports
from pingbox.handlers.storage.attributes import from_item, to_item
from pingbox.handlers.storage.dynamodb import Item, is_refusal, pages, refused_item, write_all
from pingbox_core import gate, limits, rate
from pingbox_core.errors import Code, Refusal, Request
from pingbox_core.members import Member, Presence, row_expiry
from pingbox_core.names import direct_members

_GATE_TRIES = 4  # frames of one user that race for a number
_CHARGES_KEPT = 25 * 60 * limits.MINUTE  # longer than any number lies ahead
_NO_CONNECTION = "-"  # the sort key of rows that belong to no connection


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
            "plain": True if member.plain else None,
            "admin": True if member.admin else None,
            "authExp": None if member.auth_expires is None else member.auth_expires // 1000,
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
        self, connection: str, action: str, now: int, limit: rate.Rate, request: Request
    ) -> Member | gate.Unknown | Refusal:
        """Who is it, and may it do this now? A strong read of the record, and at most one write that succeeds.

        Every two minutes that write renews the record's `lastSeen`, and the frame is free; else it charges the user.
        """
        member = self.record(connection)
        if member is None:
            return gate.Unknown()
        charges = limit.charges(action, guest=member.guest)
        if member.last_seen <= now - limits.TOUCHED:
            alive = self._update(connection, "SET lastSeen = :now", {":now": now}, None)
            return member if alive else gate.Unknown()
        refusal = self.charge(f"rate#{member.user}", charges, now, request) if charges else None
        return refusal or member

    def charge(self, topic: str, charges: Sequence[rate.Charge], now: int, request: Request) -> Refusal | None:
        """Advance the numbers of a user or an address; the refusal if that is too fast. A second write in a burst."""
        values = gate.first(charges, now)
        condition = " AND ".join(f"(attribute_not_exists({kind}) OR {kind} <= :now)" for kind in values)
        bounds: dict[str, int] = {":now": now}
        for _ in range(_GATE_TRIES):
            found = self._try_charge(topic, values, condition, bounds, now)
            if found is None:
                return None
            again = gate.refused(found, charges, now, request)
            if isinstance(again, Refusal):
                return again
            values = again.values
            terms = [
                f"attribute_not_exists({kind})" if old is None else f"{kind} = :old{i}"
                for i, (kind, old) in enumerate(again.expected.items())
            ]
            condition = " AND ".join(terms)
            bounds = {f":old{i}": old for i, old in enumerate(again.expected.values()) if old is not None}
        return Refusal(Code.BUSY, "too many frames at once; send again", request)

    def _try_charge(
        self, topic: str, values: Mapping[rate.Kind, int], condition: str, bounds: Mapping[str, int], now: int
    ) -> dict[str, Any] | None:
        """None if it is done; else the numbers as they are."""
        sets = [f"{kind} = :new{i}" for i, kind in enumerate(values)]
        new = {f":new{i}": value for i, value in enumerate(values.values())}
        expires = {":expires": (now + _CHARGES_KEPT) // 1000}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(topic, _NO_CONNECTION),
                UpdateExpression="SET " + ", ".join([*sets, "expiresAt = :expires"]),
                ConditionExpression=condition,
                ExpressionAttributeValues=to_item({**new, **bounds, **expires}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            old = refused_item(error)
            return {} if old is None else from_item(old)
        return None

    def focus(self, connection: str, room: str) -> bool:
        """Make a joined room the current one; False if it is not joined."""
        return self._update(
            connection, "SET currentRoom = :room", {":room": room}, None, condition="contains(rooms, :room)"
        )

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
        self,
        connection: str,
        update: str,
        values: dict[str, Any],
        attribute_names: dict[str, str] | None,
        condition: str = "attribute_exists(topic)",
    ) -> bool:
        aliases = {} if attribute_names is None else {"ExpressionAttributeNames": attribute_names}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(f"conn#{connection}", connection),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=to_item(values),
                **aliases,
            )
        except ClientError as error:
            if not is_refusal(error):
                raise
            return False
        return True

    def subscribe(self, member: Member, rooms: Sequence[str], *, tab: bool) -> None:
        """Write the subscription rows, and with `tab` the user's row. Direct rooms need none: that row serves them."""
        expires_at = row_expiry(member.connected_at)
        row = {"connectionId": member.connection, "userId": member.user, "expiresAt": expires_at}
        plain = {"plain": True} if member.plain else {}
        named = {**row, "name": member.name, **plain}
        rows = [{"topic": topic, **named} for topic in _subscribed(rooms)]
        if tab:
            rows.append({"topic": f"user#{member.user}", **named, "connectedAt": member.connected_at})
        if len(rows) == 1:
            self._dynamodb.put_item(TableName=self._table, Item=to_item(rows[0]))
        elif rows:
            requests = [{"PutRequest": {"Item": to_item(values)}} for values in rows]
            write_all(self._dynamodb.batch_write_item, self._table, requests, self._pause)

    def unsubscribe(self, member: Member, rooms: Sequence[str], *, tab: bool) -> None:
        """Delete the subscription rows, and with `tab` the user's row."""
        topics = _subscribed(rooms) + ([f"user#{member.user}"] if tab else [])
        requests = [{"DeleteRequest": {"Key": _key(topic, member.connection)}} for topic in topics]
        write_all(self._dynamodb.batch_write_item, self._table, requests, self._pause)

    def forget_tabs(self, user: str, connections: Sequence[str]) -> None:
        """Delete rows of the user's connections, and nothing else of them."""
        requests = [{"DeleteRequest": {"Key": _key(f"user#{user}", one)}} for one in connections]
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
        projected = {"ProjectionExpression": "connectionId, expiresAt"}
        found = [pages(self._dynamodb.query, self._topic(topic, True) | projected) for topic in _hearing(room)]
        items = [item for one in found for item in one]
        return [item["connectionId"]["S"] for item in items if int(item["expiresAt"]["N"]) * 1000 > now]

    def present(self, room: str, now: int, *, strong: bool = True) -> list[Presence]:
        """The subscriptions of a room that still count; of a direct room, the connections of its two users."""
        found = [pages(self._dynamodb.query, self._topic(topic, strong)) for topic in _hearing(room)]
        rows = [_presence(from_item(item)) for one in found for item in one]
        return [one for one in rows if one.expires_at * 1000 > now]

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


def _hearing(room: str) -> list[str]:
    """Where the rows of those are who hear a room."""
    pair = direct_members(room)
    return [f"room#{room}"] if pair is None else [f"user#{user}" for user in pair]


def _subscribed(rooms: Sequence[str]) -> list[str]:
    """Where rows of a connection are written for these rooms."""
    return [f"room#{room}" for room in rooms if direct_members(room) is None]


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
        last_seen=record["lastSeen"],
        admin=record.get("admin", False),
    )


def _presence(row: dict[str, Any]) -> Presence:
    return Presence(row["connectionId"], row["userId"], row["name"], row["expiresAt"], row.get("plain", False))
