"""Ours answers as DynamoDB does: every case against the recorded truth, and plain moto beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from support.dynamodb.cases import CASES, Case, answer_of, create_tables
from support.dynamodb.cases.record import TRUTH
from support.dynamodb.dynamodb_local import DynamoDBLocal
from support.dynamodb.plain_moto import PlainMoto
from support.dynamodb.redirected import redirected_to

truth: dict[str, Any] = json.loads(TRUTH.read_text())
moto_wrong = Path(__file__).with_name("moto_wrong.txt").read_text().splitlines()


def expected(case: Case) -> Any:
    return case.expected(truth[case.slug])


@pytest.fixture(scope="module")
def ours() -> Iterator[Any]:
    local = LocalDynamoDB.open(None, clock=SystemClock())
    client = redirected_to(local).client("dynamodb")
    create_tables(client)
    yield client
    local.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)
def test_ours_answers_as_dynamodb_does(ours: Any, case: Case) -> None:
    assert case.compared(answer_of(case, ours)) == case.compared(expected(case))


def test_there_are_enough_cases_and_each_has_its_own_keys() -> None:
    assert len(CASES) >= 150
    assert len({case.slug for case in CASES}) == len(CASES)
    assert set(truth) == {case.slug for case in CASES}, "run `python -m support.dynamodb.cases.record` in tests/"


def test_where_we_contradict_dynamodb_local_we_say_why() -> None:
    for case in CASES:
        if case.aws is not None:
            assert case.why, case.name
            assert case.aws != truth[case.slug], f"{case.name}: no longer a contradiction, drop `aws`"


def substance(answer: Any) -> Any:
    """An answer without the wording of its error."""
    return answer["error"] if isinstance(answer, dict) and "error" in answer else answer


def test_plain_moto_is_wrong_exactly_where_we_know_it() -> None:
    """A new moto that mends or breaks something is noticed here; the list is the reason for the short lanes' checks."""
    client = redirected_to(PlainMoto()).client("dynamodb")
    create_tables(client)
    wrong = [case.slug for case in CASES if substance(answer_of(case, client)) != substance(expected(case))]
    assert sorted(wrong) == moto_wrong


@pytest.mark.skipif(
    "PINGBOX_DYNAMODB_LOCAL" not in os.environ, reason="opt-in: PINGBOX_DYNAMODB_LOCAL=1, needs Java and npm"
)
def test_the_recorded_truth_is_still_what_dynamodb_local_answers() -> None:
    with DynamoDBLocal() as local:
        client = local.client()
        create_tables(client)
        assert {case.slug: answer_of(case, client) for case in CASES} == truth
        client.close()
