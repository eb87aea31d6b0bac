"""`--durability full`: every answered write is on the disk, not only with the operating system."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pingbox.emulator.services.dynamodb.storage.store import Durability, Store

WRITES = 20

PROGRAM = """
import sys
from pathlib import Path
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
dynamodb = LocalDynamoDB.open(Path(sys.argv[1]), clock=SystemClock(), durability=sys.argv[2])
key = {"AttributeName": "id"}
made = dynamodb.call("CreateTable", {
    "TableName": "Things", "KeySchema": [{**key, "KeyType": "HASH"}],
    "AttributeDefinitions": [{**key, "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"})
assert made.status == 200, made
for n in range(int(sys.argv[3])):
    assert dynamodb.call("PutItem", {"TableName": "Things", "Item": {"id": {"S": str(n)}}}).status == 200
dynamodb.close()
"""


@pytest.mark.parametrize(("durability", "synchronous"), [("normal", 1), ("full", 2)])
def test_sqlite_is_told(tmp_path: Path, durability: Durability, synchronous: int) -> None:
    store = Store.open(tmp_path, durability)
    try:
        assert store.db.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        assert store.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        store.close()


def syncs(folder: Path, durability: str, writes: int) -> int:
    """How often the program asked the kernel to write through."""
    counted = folder / f"strace-{durability}-{writes}"
    program = [sys.executable, "-c", PROGRAM, str(folder / f"{durability}-{writes}"), durability, str(writes)]
    traced = ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", str(counted)]
    done = subprocess.run([*traced, *program], capture_output=True, text=True)
    if "Operation not permitted" in done.stderr:
        pytest.skip("processes cannot be traced here")
    assert done.returncode == 0, done.stderr
    return len(re.findall(r"\bf(?:data)?sync\(", counted.read_text()))


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_each_write_is_synced_when_full_and_not_when_normal(tmp_path: Path) -> None:
    full = syncs(tmp_path, "full", 2 * WRITES) - syncs(tmp_path, "full", WRITES)
    normal = syncs(tmp_path, "normal", 2 * WRITES) - syncs(tmp_path, "normal", WRITES)
    assert full >= WRITES
    assert normal < WRITES
