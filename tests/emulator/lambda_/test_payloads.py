"""Events and results are copies, and results are what JSON makes of them, whichever way is taken."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.services.lambda_.outcome import FunctionError, Returned
from pingbox.emulator.services.lambda_.payloads import copier, from_posted, outcome_of, returned
from pingbox.emulator.services.lambda_.platform_log import new_request_id
from pingbox.emulator.services.lambda_.runtimes.python import marshalling

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
NEARLY_JSON = st.recursive(
    SCALARS | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.booleans() | st.none(), inner)
    ),
    max_leaves=20,
)


@given(NEARLY_JSON)
@pytest.mark.fact("LM-22")
def test_a_result_is_the_same_by_the_short_way_as_through_text(value: Any) -> None:
    assert outcome_of(value) == returned(marshalling.dumps(value))


@given(JSON)
def test_a_copied_event_equals_the_event_and_shares_nothing(event: Any) -> None:
    copy = copier(event)()
    assert copy == event
    assert not shared(event) & shared(copy)


def shared(value: Any) -> set[int]:
    """The ids of everything in `value` that can be changed."""
    match value:
        case dict():
            return {id(value)}.union(*(shared(member) for member in value.values()))
        case list():
            return {id(value)}.union(*(shared(member) for member in value))
        case _:
            return set()


def test_an_event_that_cannot_be_json_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        copier({"x": object()})


def test_a_handler_may_go_on_changing_what_it_returned() -> None:
    kept = {"list": [1]}
    outcome = outcome_of(kept)
    kept["list"].append(2)
    assert outcome == Returned({"list": [1]})


@pytest.mark.fact("LM-24")
@pytest.mark.parametrize(("size", "fits"), [(6_291_554, True), (6_291_555, False)])
def test_the_size_limit_is_exact_in_bytes(size: int, fits: bool) -> None:
    assert isinstance(outcome_of("x" * size), Returned) == fits
    assert isinstance(outcome_of("ü" * (size // 2) + "x" * (size % 2)), Returned) == fits


@pytest.mark.fact("LM-32")
@pytest.mark.parametrize(
    ("posted", "error"),
    [
        ({"errorType": "T", "errorMessage": "m", "stackTrace": ["a"]}, ("T", "m", ("a",))),
        ({"errorType": "T", "errorMessage": "m", "trace": ["a", "b"]}, ("T", "m", ("a", "b"))),
        ({"errorMessage": "m"}, ("Unhandled", "m", ())),
        ("text", ("Unhandled", "text", ())),
        (None, ("Unhandled", "", ())),
    ],
)
def test_runtimes_of_any_make_post_errors(posted: Any, error: tuple[str, str, tuple[str, ...]]) -> None:
    outcome = from_posted(posted)
    assert outcome == FunctionError(*error, posted=posted)


@pytest.mark.fact("LM-10")
def test_request_ids_are_random_uuids() -> None:
    ids = {new_request_id() for _ in range(1000)}
    assert len(ids) == 1000
    uuid4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(uuid4.fullmatch(request_id) for request_id in ids)


def test_an_outcome_knows_its_payload() -> None:
    assert FunctionError("T", "m").payload() == {"errorMessage": "m", "errorType": "T"}
    assert FunctionError("T", "m", ("line",)).payload()["stackTrace"] == ["line"]
    assert json.dumps(FunctionError("T", "m", posted={"any": 1}).payload()) == '{"any": 1}'
