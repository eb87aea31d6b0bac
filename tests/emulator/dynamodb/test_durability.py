"""What was answered is there after `kill -9`; a data folder has one master; foreign files stay as they are."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB, StoreError
from pingbox.emulator.services.dynamodb.storage.store import FILE_NAME, FORMAT

# PINGBOX_KILLS=20 PINGBOX_PUTS=10000 is the long version.
KILLS = int(os.environ.get("PINGBOX_KILLS", "3"))
PUTS = int(os.environ.get("PINGBOX_PUTS", "300"))

TABLE = {
    "TableName": "Messages",
    "KeySchema": [{"AttributeName": "roomId", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "roomId", "AttributeType": "S"},
        {"AttributeName": "seq", "AttributeType": "N"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}

WRITER = """
import sys
from pathlib import Path
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB

local = LocalDynamoDB.open(Path(sys.argv[1]), clock=SystemClock(), durability=sys.argv[2])
for seq in range(int(sys.argv[3]), 10**9):
    item = {"roomId": {"S": "general"}, "seq": {"N": str(seq)}, "text": {"S": "hello " * 20}}
    put = {"TableName": "Messages", "Item": item, "ConditionExpression": "attribute_not_exists(roomId)"}
    answer = local.call("PutItem", put)
    assert answer.status == 200, answer
    print(seq, flush=True)
"""


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_every_acknowledged_put_survives_kill_9(tmp_path: Path, durability: str) -> None:
    chance = random.Random(durability)
    data = tmp_path / "data"
    local = LocalDynamoDB.open(data, clock=SystemClock())
    assert local.call("CreateTable", TABLE).status == 200
    local.close()
    acknowledged = 0
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(data), durability, str(acknowledged)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        enough = acknowledged + chance.randint(PUTS // 2, PUTS)
        for line in writer.stdout:
            acknowledged = int(line) + 1
            if acknowledged >= enough:
                writer.send_signal(signal.SIGKILL)
                break
        # What it wrote down between the order to die and its death was acknowledged, too; half a line was not.
        rest = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        acknowledged = max([acknowledged, *(int(line) + 1 for line in rest)])
        writer.wait()
        writer.stdout.close()
        acknowledged = stored_without_gaps(data, acknowledged)


def stored_without_gaps(data: Path, acknowledged: int) -> int:
    """Check that all acknowledged messages are there; returns where the log really ends (one more may be stored)."""
    local = LocalDynamoDB.open(data, clock=SystemClock())
    seqs: list[int] = []
    more: dict[str, object] = {}
    while True:
        page = local.call(
            "Query",
            {
                "TableName": "Messages",
                "KeyConditionExpression": "roomId=:r",
                "ExpressionAttributeValues": {":r": {"S": "general"}},
                "ProjectionExpression": "seq",
                **more,
            },
        ).body
        seqs += [int(item["seq"]["N"]) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    local.close()
    assert seqs == list(range(len(seqs))), "the log has a gap"
    assert len(seqs) in (acknowledged, acknowledged + 1)
    return len(seqs)


def test_a_second_process_is_refused_and_told_why(tmp_path: Path) -> None:
    local = LocalDynamoDB.open(tmp_path, clock=SystemClock())
    script = (
        "import sys; from pathlib import Path; from pingbox.emulator.clock import SystemClock\n"
        "from pingbox.emulator.services.dynamodb import LocalDynamoDB, StoreError\n"
        "try: LocalDynamoDB.open(Path(sys.argv[1]), clock=SystemClock())\n"
        "except StoreError as refused: print(refused)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60
    ).stdout
    assert "in use by another process" in told
    assert str(tmp_path / FILE_NAME) in told
    local.close()


def test_a_second_opening_in_the_same_process_is_refused(opened: Callable[[], LocalDynamoDB]) -> None:
    opened()
    with pytest.raises(StoreError, match="in use"):
        opened()


def test_after_closing_the_folder_is_free(opened: Callable[[], LocalDynamoDB]) -> None:
    opened().close()
    opened().close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not a database at all, but long enough to be looked at, is it not? yes it is", "not a PingBox data file"),
        (b"x", "not a PingBox"),
    ],
)
def test_a_foreign_file_stays_untouched(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(content)
    with pytest.raises(StoreError, match=told):
        LocalDynamoDB.open(tmp_path, clock=SystemClock())
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_another_programs_database_stays_untouched(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE precious(x)")
    db.commit()
    db.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match="belongs to another program"):
        LocalDynamoDB.open(tmp_path, clock=SystemClock())
    assert file.read_bytes() == before


def test_a_file_of_a_newer_format_stays_untouched(tmp_path: Path) -> None:
    LocalDynamoDB.open(tmp_path, clock=SystemClock()).close()
    file = tmp_path / FILE_NAME
    db = sqlite3.connect(file)
    db.execute(f"PRAGMA user_version={FORMAT + 1}")
    db.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match=f"data format {FORMAT + 1}.*Upgrade PingBox"):
        LocalDynamoDB.open(tmp_path, clock=SystemClock())
    assert file.read_bytes() == before


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    local = LocalDynamoDB.open(tmp_path, clock=SystemClock())
    local.call("CreateTable", TABLE)
    local.close()
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:100] + b"\xff" * 4000)
    with pytest.raises(StoreError, match="damaged"):
        LocalDynamoDB.open(tmp_path, clock=SystemClock())


def test_declarations_survive_a_restart(opened: Callable[[], LocalDynamoDB]) -> None:
    """Tables, indexes, time to live, tags and creation time are what they were."""
    local = opened()
    local.call("CreateTable", {**TABLE, "Tags": [{"Key": "team", "Value": "chat"}]})
    ttl = {"TableName": "Messages", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expiresAt"}}
    local.call("UpdateTimeToLive", ttl)
    before = local.call("DescribeTable", {"TableName": "Messages"}).body
    local.close()
    local = opened()
    assert local.table_names() == ["Messages"]
    assert local.call("DescribeTable", {"TableName": "Messages"}).body == before
    told = local.call("DescribeTimeToLive", {"TableName": "Messages"}).body["TimeToLiveDescription"]
    assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}
    tags = local.call("ListTagsOfResource", {"ResourceArn": before["Table"]["TableArn"]}).body["Tags"]
    assert tags == [{"Key": "team", "Value": "chat"}]


def test_reset_leaves_nothing(opened: Callable[[], LocalDynamoDB]) -> None:
    local = opened()
    local.call("CreateTable", TABLE)
    local.call("PutItem", {"TableName": "Messages", "Item": {"roomId": {"S": "a"}, "seq": {"N": "1"}}})
    local.reset()
    assert local.call("ListTables", {}).body["TableNames"] == []
    assert local.call("CreateTable", TABLE).status == 200
    assert local.call("Scan", {"TableName": "Messages"}).body["Count"] == 0


def test_a_closed_one_says_so(db: LocalDynamoDB) -> None:
    db.close()
    with pytest.raises(StoreError, match="closed"):
        db.call("ListTables", {})


def test_a_restart_over_old_tables_does_not_load_moto(tmp_path: Path) -> None:
    """moto takes half a second to load; a chat that finds its tables there never needs it."""
    local = LocalDynamoDB.open(tmp_path, clock=SystemClock())
    local.call("CreateTable", TABLE)
    local.close()
    script = (
        "import sys; from pathlib import Path; from pingbox.emulator.clock import SystemClock\n"
        "from pingbox.emulator.services.dynamodb import LocalDynamoDB\n"
        "local = LocalDynamoDB.open(Path(sys.argv[1]), clock=SystemClock())\n"
        "assert local.call('ListTables', {}).body == {'TableNames': ['Messages']}\n"
        "item = {'roomId': {'S': 'a'}, 'seq': {'N': '1'}}\n"
        "assert local.call('PutItem', {'TableName': 'Messages', 'Item': item}).status == 200\n"
        "local.close()\n"
        "print([name for name in ('moto', 'botocore', 'aiohttp') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
