"""Whatever is done, in whatever order, with restarts and crashes in between: the tables are what a dict would be."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import Answer, LocalDynamoDB

rooms = st.sampled_from(["general", "random", "@u-ana"])
seqs = st.integers(min_value=-3, max_value=12)
members = st.sets(st.sampled_from(["ana", "bo", "cy"]), min_size=1)


class TablesAsADict(RuleBasedStateMachine):
    """The model: (room, seq) -> {"n": int, "who": set of str}; both attributes may be missing."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="pingbox-model-"))
        self.db = self.open()
        self.model: dict[tuple[str, int], dict[str, Any]] = {}

    def open(self) -> LocalDynamoDB:
        return LocalDynamoDB.open(self.folder / "data", clock=SystemClock())

    def teardown(self) -> None:
        self.db.close()
        shutil.rmtree(self.folder)

    def call(self, operation: str, **request: Any) -> Answer:
        return self.db.call(operation, {"TableName": "Messages", **request})

    @initialize()
    def table(self) -> None:
        answer = self.call(
            "CreateTable",
            KeySchema=[{"AttributeName": "roomId", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "roomId", "AttributeType": "S"},
                {"AttributeName": "seq", "AttributeType": "N"},
                {"AttributeName": "n", "AttributeType": "N"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "byN",
                    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        assert answer.status == 200

    @rule(room=rooms, seq=seqs, n=st.none() | st.integers(0, 3), who=st.none() | members)
    def put(self, room: str, seq: int, n: int | None, who: set[str] | None) -> None:
        item = {**({} if n is None else {"n": n}), **({} if who is None else {"who": set(who)})}
        assert self.call("PutItem", Item=wire(room, seq, item)).status == 200
        self.model[room, seq] = item

    @rule(room=rooms, seq=seqs)
    def put_if_absent(self, room: str, seq: int) -> None:
        answer = self.call(
            "PutItem",
            Item=wire(room, seq, {"n": 0}),
            ConditionExpression="attribute_not_exists(roomId)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if (room, seq) in self.model:
            assert unwire(answer.body["Item"]) == ((room, seq), self.model[room, seq])
        else:
            assert answer.status == 200
            self.model[room, seq] = {"n": 0}

    @rule(room=rooms, seq=seqs, step=st.integers(-2, 2), who=members, joins=st.booleans())
    def update(self, room: str, seq: int, step: int, who: set[str], joins: bool) -> None:
        answer = self.call(
            "UpdateItem",
            Key=wire(room, seq, {}),
            UpdateExpression=f"SET n = if_not_exists(n, :zero) + :step {'ADD' if joins else 'DELETE'} who :who",
            ExpressionAttributeValues={":zero": {"N": "0"}, ":step": {"N": str(step)}, ":who": {"SS": sorted(who)}},
            ReturnValues="ALL_NEW",
        )
        item = self.model.setdefault((room, seq), {})
        item["n"] = item.get("n", 0) + step
        left = item.get("who", set()) | who if joins else item.get("who", set()) - who
        item.pop("who", None)
        if left:
            item["who"] = left
        assert unwire(answer.body["Attributes"]) == ((room, seq), item)

    @rule(room=rooms, seq=seqs)
    def delete(self, room: str, seq: int) -> None:
        old = self.call("DeleteItem", Key=wire(room, seq, {}), ReturnValues="ALL_OLD").body.get("Attributes")
        gone = self.model.pop((room, seq), None)
        assert (old and unwire(old)) == (gone if gone is None else ((room, seq), gone))

    @rule(room=rooms, keys=st.lists(seqs, min_size=2, max_size=3, unique=True), fails=st.booleans())
    def transaction(self, room: str, keys: list[int], fails: bool) -> None:
        puts: list[dict[str, Any]] = [{"Put": {"TableName": "Messages", "Item": wire(room, k, {"n": 9})}} for k in keys]
        if fails:
            puts[-1]["Put"]["ConditionExpression"] = "n = :never"
            puts[-1]["Put"]["ExpressionAttributeValues"] = {":never": {"N": "99"}}
        answer = self.db.call("TransactWriteItems", {"TransactItems": puts})
        assert answer.status == (400 if fails else 200)
        if not fails:
            self.model.update({(room, k): {"n": 9} for k in keys})

    @rule(room=rooms, since=seqs, backwards=st.booleans(), limit=st.integers(1, 4))
    def query_in_pages(self, room: str, since: int, backwards: bool, limit: int) -> None:
        found: list[Any] = []
        more: dict[str, Any] = {}
        while True:
            page = self.call(
                "Query",
                KeyConditionExpression="roomId = :r AND seq >= :s",
                ExpressionAttributeValues={":r": {"S": room}, ":s": {"N": str(since)}},
                ScanIndexForward=not backwards,
                Limit=limit,
                **more,
            ).body
            found += map(unwire, page["Items"])
            if "LastEvaluatedKey" not in page:
                break
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        wanted = sorted((key, item) for key, item in self.model.items() if key[0] == room and key[1] >= since)
        assert found == (wanted[::-1] if backwards else wanted)

    @rule()
    def restart(self) -> None:
        self.db.close()
        self.db = self.open()

    @rule()
    def crash(self) -> None:
        """The files as they are while the tables are open: what a killed process leaves behind."""
        copy = self.folder / "copy"
        shutil.copytree(self.folder / "data", copy)
        self.db.close()
        shutil.rmtree(self.folder / "data")
        copy.rename(self.folder / "data")
        self.db = self.open()

    @invariant()
    def the_index_holds_what_has_its_key(self) -> None:
        found = {
            unwire(item)[0]
            for n in range(4)
            for item in self.call(
                "Query",
                IndexName="byN",
                KeyConditionExpression="n = :n",
                ExpressionAttributeValues={":n": {"N": str(n)}},
            ).body.get("Items", ())
        }
        assert found == {key for key, item in self.model.items() if item.get("n") in range(4)}

    @invariant()
    def the_count_is_right(self) -> None:
        described = self.call("DescribeTable").body
        assert not described.get("Table") or described["Table"]["ItemCount"] == len(self.model)


def wire(room: str, seq: int, item: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"roomId": {"S": room}, "seq": {"N": str(seq)}}
    if "n" in item:
        out["n"] = {"N": str(item["n"])}
    if "who" in item:
        out["who"] = {"SS": sorted(item["who"])}
    return out


def unwire(item: dict[str, Any]) -> tuple[tuple[str, int], dict[str, Any]]:
    out: dict[str, Any] = {}
    if "n" in item:
        out["n"] = int(item["n"]["N"])
    if "who" in item:
        out["who"] = set(item["who"]["SS"])
    return (item["roomId"]["S"], int(item["seq"]["N"])), out


TestTablesAsADict = TablesAsADict.TestCase
TestTablesAsADict.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
