"""No fact is forgotten, none is invented, and the page says what the tests prove."""

from __future__ import annotations

from support import conformance


def test_every_mark_names_a_fact_that_there_is():
    known = {fact.id for fact in conformance.facts()}
    assert set(conformance.proofs()) - known == set()
    assert set(conformance.not_emulated()) - known == set()


def test_every_known_fact_is_proved_or_left_out_for_a_reason():
    """Facts of uncertain or recalled evidence may wait; documented, observed and measured ones may not."""
    proved, left_out = conformance.proofs(), conformance.not_emulated()
    owed = [fact.id for fact in conformance.facts() if fact.mark not in ("uncertain", "recalled")]
    assert [fact for fact in owed if fact not in proved and fact not in left_out] == []


def test_the_page_is_up_to_date():
    """Otherwise: make conformance."""
    assert conformance.PAGE.read_text() == conformance.page()
