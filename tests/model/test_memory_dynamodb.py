"""The model's DynamoDB answers as moto and our own engine do, for the expressions the handlers use.

Random calls are made to all three at once; every answer and every error must be the same. What must differ is left
out: where a page ends (moto and AWS differ there), so pages are put together before they are compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.chat.interference import Meddler
from support.chat.model_dynamodb import MemoryDynamoDB
from support.chat.tables import ENGINES, chat_tables
from support.chat.world import World

Call = tuple[str, dict[str, Any]]


def S(text: str) -> dict[str, str]:
    return {"S": text}


def N(number: int) -> dict[str, str]:
    return {"N": str(number)}


@pytest.fixture(scope="module", params=ENGINES)
def real(request: pytest.FixtureRequest) -> Iterator[Any]:
    with chat_tables(request.param) as client:
        yield client


def connections_call(r: random.Random, c: str) -> Call:
    """A call on the Connections table, in the words of `handlers/storage/connections.py`."""
    key = {"topic": S(f"conn#{c}"), "connectionId": S(c)}
    table = {"TableName": "Connections"}
    update = {**table, "Key": key}
    all_old = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD", "ReturnValues": "ALL_NEW"}
    tat, now = N(r.randint(0, 9)), N(r.randint(0, 9))
    rooms = {"SS": sorted(r.sample(["a", "b", "c"], r.randint(1, 2)))}
    record = {
        **key,
        "userId": S("u"),
        "name": S("n"),
        "tat": tat,
        "lastSeen": now,
        "expiresAt": N(9),
        "plain": {"BOOL": True},
    }
    exists = "attribute_exists(topic)"
    calls: list[Call] = [
        ("put_item", {**table, "Item": record, "ConditionExpression": "attribute_not_exists(topic)"}),
        ("update_item", {**update, **all_old, "UpdateExpression": "SET lastSeen = :now, tat = :tat",
                         "ConditionExpression": f"{exists} AND tat <= :bound",
                         "ExpressionAttributeValues": {":now": now, ":tat": tat, ":bound": N(r.randint(0, 9))}}),
        ("update_item", {**update, **all_old,
                         "UpdateExpression": "SET lastSeen = :now, tat = :tat, currentRoom = :focus",
                         "ConditionExpression": f"{exists} AND tat = :bound AND contains(rooms, :focus)",
                         "ExpressionAttributeValues": {":now": now, ":tat": tat, ":bound": tat, ":focus": S("a")}}),
        ("update_item", {**update, "ReturnValues": "ALL_NEW", "ConditionExpression": exists,
                         "UpdateExpression": "ADD rooms :rooms SET currentRoom = :focus, #name = :name REMOVE plain",
                         "ExpressionAttributeNames": {"#name": "name"},
                         "ExpressionAttributeValues": {":rooms": rooms, ":focus": S("a"), ":name": S("m")}}),
        ("update_item", {**update, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                         "UpdateExpression": "SET tat = :new0, tatEnter = :new1, expiresAt = :expires",
                         "ConditionExpression": "(attribute_not_exists(tat) OR tat <= :now) AND "
                                                "(attribute_not_exists(tatEnter) OR tatEnter <= :now)",
                         "ExpressionAttributeValues": {":new0": tat, ":new1": now, ":expires": N(9), ":now": N(5)}}),
        ("update_item", {**update, "ReturnValues": "ALL_NEW", "ConditionExpression": exists,
                         "UpdateExpression": "DELETE rooms :rooms", "ExpressionAttributeValues": {":rooms": rooms}}),
        ("delete_item", {**update, "ReturnValues": "ALL_OLD"}),
        ("delete_item", {**update, "ReturnValues": "ALL_OLD", "ConditionExpression": "expiresAt < :bound",
                         "ExpressionAttributeValues": {":bound": N(r.choice([9, 10]))}}),
        ("get_item", {**update, "ConsistentRead": True}),
        ("batch_write_item", {"RequestItems": {"Connections": [
            {"PutRequest": {"Item": {**record, "topic": S("room#a")}}},
            {"DeleteRequest": {"Key": {"topic": S("room#b"), "connectionId": S(c)}}}]}}),
        ("query", {**table, "KeyConditionExpression": "topic = :topic", "ConsistentRead": True,
                   "ExpressionAttributeValues": {":topic": S("room#a")},
                   "ProjectionExpression": "connectionId, expiresAt"}),
        ("scan", {**table, "FilterExpression": "begins_with(topic, :records) AND lastSeen < :moment",
                  "ExpressionAttributeValues": {":records": S("conn#"), ":moment": now},
                  "ProjectionExpression": "connectionId"}),
    ]  # fmt: skip
    return r.choice(calls)


def messages_call(r: random.Random, room: str) -> Call:
    """A call on the Messages table, in the words of `handlers/storage/messages.py`."""
    table = {"TableName": "Messages"}
    seq = N(r.randint(0, 6))
    row = {"roomId": S(room), "seq": seq, "kind": S("message"), "lastSeq": N(r.randint(0, 3)), "text": S("t"),
           "rooms": {"M": {}}}  # fmt: skip
    document = {**table, "Key": {"roomId": S(room), "seq": seq}, "ConditionExpression": "attribute_exists(roomId)"}
    slots = {**table, "ConsistentRead": True, "ScanIndexForward": r.random() < 0.5, "Limit": r.randint(1, 9)}
    mark = {"M": {"s": N(r.randint(0, 9))}}
    calls: list[Call] = [
        ("put_item", {**table, "Item": row, "ConditionExpression": "attribute_not_exists(roomId)",
                      "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
        ("update_item", {**document, "ReturnValues": "ALL_NEW",
                         "ExpressionAttributeNames": {"#name": "name", "#r0": "x"},
                         "UpdateExpression": "SET #name = :name, rooms.#r0 = if_not_exists(rooms.#r0, :m0)",
                         "ExpressionAttributeValues": {":name": S("n"), ":m0": mark}}),
        ("update_item", {**document, "UpdateExpression": "REMOVE rooms.#room", "ReturnValues": "ALL_NEW",
                         "ExpressionAttributeNames": {"#room": "x"}}),
        ("update_item", {**document, "ConditionExpression": "attribute_exists(roomId) AND lastSeq < :seq",
                         "UpdateExpression": "SET lastSeq = :seq, lastN = :n, lastTs = :ts", "ReturnValues": "ALL_NEW",
                         "ExpressionAttributeValues": {":seq": N(r.randint(0, 9)), ":n": N(1), ":ts": N(2)}}),
        ("update_item", {**document, "ConditionExpression": "rooms.#room.#seq < :seq", "ReturnValues": "ALL_NEW",
                         "UpdateExpression": "SET rooms.#room = :mark",
                         "ExpressionAttributeNames": {"#room": "x", "#seq": "s"},
                         "ExpressionAttributeValues": {":mark": mark, ":seq": N(r.randint(0, 9))}}),
        ("update_item", {**document, "ConditionExpression": "attribute_exists(rooms.#room)", "ReturnValues": "ALL_NEW",
                         "UpdateExpression": "SET rooms.#room = :mark", "ExpressionAttributeNames": {"#room": "x"},
                         "ExpressionAttributeValues": {":mark": mark}}),
        ("transact_write_items", {"TransactItems": [
            {"Put": {**table, "Item": row | {"seq": N(2), "amended": N(1)},
                     "ConditionExpression": "attribute_exists(roomId) AND attribute_not_exists(amended)"}},
            {"Put": {**table, "Item": row | {"seq": N(r.randint(3, 6))},
                     "ConditionExpression": "attribute_not_exists(roomId)",
                     "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}]}),
        ("query", {**slots, "KeyConditionExpression": "roomId = :room",
                   "ExpressionAttributeValues": {":room": S(room)}}),
        *(("query", {**slots, "KeyConditionExpression": f"roomId = :room AND seq {sign} :seq",
                     "ExpressionAttributeValues": {":room": S(room), ":seq": seq}}) for sign in (">=", "<")),
        ("batch_get_item", {"RequestItems": {"Messages": {"ConsistentRead": True, "Keys": [
            {"roomId": S(one), "seq": seq} for one in ("a", "b")]}}}),
    ]  # fmt: skip
    return r.choice(calls)


def answer(client: Any, call: Call) -> Any:
    """What came back, without what the comparison leaves out."""
    operation, arguments = call
    try:
        given = getattr(client, operation)(**arguments)
    except ClientError as error:
        cancelled = error.response.get("CancellationReasons", ())
        reasons = [(one["Code"], _sets_in_order(one.get("Item"))) for one in cancelled]
        return error.response["Error"]["Code"], _sets_in_order(error.response.get("Item")), reasons
    if operation == "query":
        return [_sets_in_order(item) for item in _whole(client, arguments, given)]
    if operation == "scan":
        return sorted(str(item) for item in given["Items"])
    if operation == "batch_get_item":
        return sorted(str(_sets_in_order(item)) for item in given["Responses"].get("Messages", []))
    return _sets_in_order(given.get("Attributes")), _sets_in_order(given.get("Item"))


def _whole(client: Any, arguments: dict[str, Any], page: dict[str, Any]) -> list[Any]:
    items = list(page["Items"])
    while "LastEvaluatedKey" in page:
        page = client.query(**arguments, ExclusiveStartKey=page["LastEvaluatedKey"])
        items += page["Items"]
    return items


def _sets_in_order(item: Any) -> Any:
    if item is None:
        return None
    return {
        name: {"SS": sorted(value["SS"])} if "SS" in value else value for name, value in sorted(item.items())
    } or None


@pytest.mark.parametrize(
    ("make", "names"), [(connections_call, ("c1", "c2")), (messages_call, ("a", "b"))], ids=["connections", "messages"]
)
def test_it_answers_as_the_real_ones(
    real: Any, make: Callable[[random.Random, str], Call], names: tuple[str, str]
) -> None:
    """400 random calls in a row; one difference and the model would prove nothing."""
    r = random.Random(7)
    memory = MemoryDynamoDB(page_items=3)
    for _ in range(400):
        call = make(r, r.choice(names))
        assert answer(memory, call) == answer(real, call), call


def test_the_handlers_use_nothing_else() -> None:
    """A whole conversation runs over it; an expression it does not know would be an error."""
    meddler = Meddler(MemoryDynamoDB())
    world = World(meddler)
    world.page("c1", "Ana")
    world.connect("c2")
    world.ask("c1", action="sendMessage", room="general", text="hi", cid="abcdefgh", seen=0)
    for i, emoji in enumerate("\u2764\u2705"):
        reaction = {"action": "react", "room": "general", "target": 1, "emoji": emoji, "cid": f"react-{i:03}"}
        assert world.ask("c1", **reaction)["type"] == "reaction"
    for seq in (1, 3):
        assert world.ask("c1", action="markRead", room="general", seq=seq, id="m")["type"] != "error"
    for action in ("joinRoom", "who", "sync", "history", "leaveRoom"):
        assert world.ask("c1", action=action, room="general", id=action)["type"] != "error"
    world.disconnect("c2")
    world.now += 10**6
    world.with_settings(retention_days=None).sweep()
    assert [line for line in world.log if "error" in line] == []
    assert len(set(meddler.names())) == 9
