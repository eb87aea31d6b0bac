"""What the chat acknowledged is in the log, once, however often `kill -9` comes; the log has no gap.

The long version: `python -m benchmarks durability` (20 kills during 10,000 messages).
"""

from __future__ import annotations

import pytest

from support.chat.kill_drill import Drill, run_drill
from support.chat.log_verdict import faults


@pytest.mark.parametrize(
    "drill",
    [Drill(messages=300, kills=2, talkers=4, seed=3), Drill(messages=60, kills=1, talkers=3, durability="full")],
    ids=["normal", "full"],
)
async def test_what_was_acknowledged_outlives_kill_9(tmp_path, drill):
    outcome = await run_drill(drill, tmp_path)
    assert outcome.faults == ()
    assert outcome.acknowledged == drill.messages
    assert len(outcome.restarts) == drill.kills + 1


def rows(*cids):
    return [{"seq": i, "n": i, "ts": i, "cid": cid, "text": f"of {cid}"} for i, cid in enumerate(cids, 1)]


TEXTS = {"a": "of a", "b": "of b", "c": "of c"}
GOOD = rows("a", "b", "c")
TOLD = {"a": 1, "b": 2, "c": 3}


def test_the_judge_finds_nothing_in_a_good_log():
    assert faults(GOOD, TOLD, TEXTS) == []
    assert faults(GOOD, {"a": 1}, TEXTS) == [], "what was stored and not acknowledged is no fault"


@pytest.mark.parametrize(
    ("log", "told", "words"),
    [
        (GOOD[:2], TOLD, "1 messages acknowledged and lost, the first c"),
        (rows("a", "b", "c", "a"), TOLD, "1 messages stored twice, the first a"),
        (rows("b", "a", "c"), TOLD, "2 messages acknowledged as another number"),
        ([GOOD[0], GOOD[2]], {"a": 1, "c": 3}, "breaks at ['1->3']"),
        (GOOD[1:], {}, "starts at 2"),
        ([GOOD[0], GOOD[1] | {"n": 1}], {}, "n does not count"),
        ([GOOD[0] | {"ts": 9}, GOOD[1]], {}, "ts runs backwards"),
        ([GOOD[0] | {"text": "of b"}], {}, "hold what nobody wrote"),
        ([], TOLD, "3 messages acknowledged and lost"),
    ],
)
def test_the_judge_sees_every_fault(log, told, words):
    assert any(words in fault for fault in faults(log, told, TEXTS))
