"""The append as a conversation of values (chat.md B8, C3, C4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox_core import limits, log
from pingbox_core.log import (
    Already,
    Behind,
    Busy,
    Closed,
    Draft,
    Head,
    LookAtRecord,
    NoRoom,
    Ours,
    Put,
    Reread,
    RoomRecord,
    Row,
    Tail,
)

NOW = 1_764_000_000_000
DAY = 86_400_000
RECORD = RoomRecord("general", "k7", "General", "", "u-x", NOW - DAY)
DRAFT = Draft("general", "u-a", "Ana", "cid-aaaa", "hi")


def row(seq: int, user: str = "u-b", cid: str = "", ts: int = NOW - 1000) -> Row:
    return Row(seq, seq, ts, user, "Bo", cid or f"cid-{seq}", "text")


def mine(seq: int, ts: int = NOW) -> Row:
    return Row(seq, seq, ts, "u-a", "Ana", "cid-aaaa", "hi")


def test_the_first_message_follows_the_room_record() -> None:
    assert log.from_tail(Tail((RECORD,)), 0, DRAFT, NOW) == Put(mine(1))


def test_a_message_follows_the_last_row_of_a_whole_tail() -> None:
    assert log.from_tail(Tail((row(4), row(5), row(6))), 4, DRAFT, NOW) == Put(mine(7))


@pytest.mark.parametrize("at", [4, 5, 6])
def test_the_same_cid_anywhere_in_the_tail_is_found(at: int) -> None:
    tail = Tail(tuple(row(seq, "u-a", "cid-aaaa") if seq == at else row(seq) for seq in (4, 5, 6)))
    assert log.from_tail(tail, 4, DRAFT, NOW) == Already(at)


def test_another_users_cid_is_another_cid() -> None:
    assert log.from_tail(Tail((row(4, "u-b", "cid-aaaa"),)), 4, DRAFT, NOW) == Put(mine(5))


@pytest.mark.parametrize(
    "tail",
    [
        Tail((row(5), row(6))),  # `seen` itself is gone
        Tail((row(4), row(6))),  # thinned by expiry
        Tail(tuple(row(4 + i) for i in range(101)), more=True),  # more than 100 events ago
    ],
)
def test_a_tail_that_proves_nothing_is_behind(tail: Tail) -> None:
    assert log.from_tail(tail, 4, DRAFT, NOW) == Behind()


def test_an_empty_tail_asks_the_record() -> None:
    assert log.from_tail(Tail(()), 9, DRAFT, NOW) == LookAtRecord(None)
    assert log.from_record(None, None, 9, DRAFT, NOW) == NoRoom()
    assert log.from_record(RECORD, None, 9, DRAFT, NOW) == Behind()
    remembered = replace(RECORD, last_seq=9, last_n=7, last_ts=NOW - 5)
    assert log.from_record(remembered, None, 9, DRAFT, NOW) == Put(replace(mine(10), n=8))


def test_a_record_that_remembers_expired_rows_is_no_proof_for_seen_0() -> None:
    assert log.from_tail(Tail((replace(RECORD, last_seq=9),)), 0, DRAFT, NOW) == Behind()


def test_a_quiet_room_is_asked_twice() -> None:
    """C4: a newer row could have expired before an older one, but no row does within a day."""
    old = row(4, ts=NOW - DAY)
    assert log.from_tail(Tail((old,)), 4, DRAFT, NOW) == LookAtRecord(Head(4, 4, old.ts))
    assert log.from_record(RECORD, Head(4, 4, old.ts), 4, DRAFT, NOW) == Put(mine(5))
    remembered = replace(RECORD, last_seq=6, last_n=6, last_ts=NOW - 1)
    assert log.from_record(remembered, Head(4, 4, old.ts), 4, DRAFT, NOW) == Behind()
    assert log.from_record(remembered, Head(4, 4, old.ts), None, DRAFT, NOW) == Put(mine(7))


def test_scripts_start_from_the_newest_row() -> None:
    assert log.from_newest([], DRAFT, NOW) == NoRoom()
    assert log.from_newest([RECORD], DRAFT, NOW) == Put(mine(1))
    assert log.from_newest([row(6), row(5)], DRAFT, NOW) == Put(mine(7))
    assert log.from_newest([row(6), row(5, "u-a", "cid-aaaa")], DRAFT, NOW) == Already(5)


def test_a_lost_race_goes_on_behind_the_winner() -> None:
    later = row(7, ts=NOW + 9)
    assert log.after_refusal(Put(mine(7)), later, DRAFT, NOW) == Put(mine(8, ts=NOW + 9), tries=2)


def test_the_winner_may_be_the_same_message() -> None:
    """By another attempt: a duplicate. The very same row: our own write, repeated by the SDK."""
    assert log.after_refusal(Put(mine(7)), mine(7, ts=NOW - 3), DRAFT, NOW) == Already(7)
    assert log.after_refusal(Put(mine(7)), mine(7), DRAFT, NOW) == Ours(mine(7))


def test_a_transaction_in_the_way_repeats_the_slot() -> None:
    assert log.after_refusal(Put(mine(7)), None, DRAFT, NOW) == Put(mine(7), tries=2)


@pytest.mark.parametrize("tries", range(1, 25))
def test_every_second_refusal_reads_the_tail_again(tries: int) -> None:
    """One walk to the winner's successor, then a look at where the head is by now; after 24 tries it is busy."""
    decided = log.after_refusal(Put(mine(7), tries), row(7), DRAFT, NOW)
    if tries == 24:
        assert decided == Busy()
    elif tries % 2:
        assert decided == Put(mine(8), tries + 1)
    else:
        assert decided == Reread(7, tries)


def test_after_twenty_four_tries_it_is_busy() -> None:
    assert log.after_refusal(Put(mine(7), tries=24), None, DRAFT, NOW) == Busy()
    assert log.after_refusal(Put(mine(7), tries=24), mine(7), DRAFT, NOW) == Ours(mine(7))
    assert log.after_refusal(Put(mine(7), tries=2), mine(7, ts=NOW - 3), DRAFT, NOW) == Already(7)


def test_what_a_second_look_at_the_tail_leads_to() -> None:
    """It starts at the last row examined: a higher start could step over the same cid."""
    reread = Reread(7, 2)
    assert log.from_reread(Tail((row(7), row(8), row(9))), reread, DRAFT, NOW) == Put(mine(10), 3)
    assert log.from_reread(Tail((row(7), mine(8))), reread, DRAFT, NOW) == Already(8)
    for torn in (Tail(()), Tail((row(8),)), Tail((row(7), row(9))), Tail((row(7),), more=True)):
        assert log.from_reread(torn, reread, DRAFT, NOW) == Behind()


def test_pauses_grow_to_a_fifth_of_a_second() -> None:
    assert [limits.append_pause(tries) for tries in (2, 10, 22, 80)] == [0.01, 0.05, 0.11, 0.2]


def test_a_closed_room_takes_no_message() -> None:
    """Whoever closes writes the row that all who append must examine: there is no moment in between."""
    closing = replace(row(7), kind="room", closed=True)
    assert log.from_tail(Tail((row(6), closing)), 6, DRAFT, NOW) == Closed()
    assert log.after_refusal(Put(mine(7)), closing, DRAFT, NOW) == Closed()
    assert log.from_newest([closing], DRAFT, NOW) == Closed()
    assert log.from_reread(Tail((closing,)), Reread(7, 2), DRAFT, NOW) == Closed()


def test_what_a_closed_room_takes_keeps_it_closed_until_it_is_opened() -> None:
    closing = replace(row(7), kind="room", closed=True)
    delete, topic = replace(DRAFT, kind="delete"), replace(DRAFT, kind="room")
    for draft, closed in ((delete, True), (topic, True), (replace(topic, closed=False), False)):
        step = log.from_tail(Tail((closing,)), 7, draft, NOW)
        assert isinstance(step, Put)
        assert step.row.closed is closed


def test_only_messages_are_counted() -> None:
    edit = log.slotted(replace(DRAFT, kind="edit", target=3), Head(7, 5, NOW), NOW)
    assert (edit.seq, edit.n, edit.text) == (8, 5, "")


def test_retention_gives_a_row_its_last_day() -> None:
    assert log.slotted(replace(DRAFT, retention=2), Head(0, 0, 0), NOW).expires_at == (NOW + 2 * DAY) // 1000


@given(st.lists(st.integers(NOW - 10_000, NOW + 10_000), max_size=30))
def test_numbers_count_and_times_never_run_backwards(clocks: list[int]) -> None:
    """Whatever the clocks of the Lambdas say."""
    head = Head(0, 0, 0)
    for expected, now in enumerate(clocks, start=1):
        written = log.slotted(DRAFT, head, now)
        assert (written.seq, written.n) == (expected, expected)
        assert written.ts >= max(head.ts, now)
        head = log.head_of(written)
