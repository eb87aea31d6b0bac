"""The room log under a scheduler that means harm: see `support.chat.model_schedule`.

`MODEL_SCHEDULES` sets how many schedules are run (default 2,000), `MODEL_SEED` with which seed they begin.
"""

from __future__ import annotations

import os

import pytest

from support.chat.model_schedule import check

SCHEDULES = int(os.environ.get("MODEL_SCHEDULES", "2000"))
FIRST = int(os.environ.get("MODEL_SEED", "0"))
BLOCKS = 8  # so that several workers can share them


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_schedule_loses_doubles_or_tears_anything(block: int) -> None:
    """I1-I4 of chat.md B8 hold, and every page equals the log, whatever the order and whatever fails."""
    seeds = range(FIRST + block, FIRST + SCHEDULES, BLOCKS)
    messages = sum(check(seed) for seed in seeds)
    assert messages > len(seeds), "the schedules have become too quiet to prove anything"
