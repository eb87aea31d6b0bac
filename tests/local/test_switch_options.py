"""`--switch NAME=VALUE`: every switch of the gateway can be set by its name, and nothing else."""

from dataclasses import fields
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.local.switch_options import switches
from pingbox.settings import SettingsError

OTHER_ANSWERS = {
    "message_order": ("serial", "serial"),
    "throttled": ("close", "close"),
    "pings_reset_idle": ("yes", True),
    "unsigned_management": ("refuse", "refuse"),
    "idle_timeout": ("2.5", 2.5),
    "connection_duration": ("30", 30.0),
    "connect_rate": ("0.5", 0.5),
    "connect_burst": ("2", 2),
}


@pytest.mark.parametrize("name", [field.name for field in fields(Switches)])
def test_every_switch_of_the_gateway_is_taken_by_its_name(name: str):
    kind = get_type_hints(Switches)[name]
    text, value = OTHER_ANSWERS.get(name) or _any_answer(kind)
    assert getattr(switches({name: text}), name) == value


def _any_answer(kind: object) -> tuple[str, object]:
    """For a switch that is newer than this test: one of its answers, or a number."""
    answers = getattr(kind, "__args__", ())
    if kind is bool:
        return "yes", True
    return (str(answers[-1]), answers[-1]) if answers and isinstance(answers[0], str) else ("3", 3)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("connect_bursts", "2", r"connect_bursts is not known; expected one of .*connect_burst"),
        ("connect_burst", "2.5", "connect_burst=2.5 is not a whole number above 0"),
        ("connect_burst", "0", "is not a whole number above 0"),
        ("connect_rate", "nan", "is not a number above 0"),
        ("connect_rate", "inf", "is not a number above 0"),
        ("connect_rate", "fast", "is not a number above 0"),
        ("pings_reset_idle", "true", "expected yes or no"),
        ("message_order", "random", "expected concurrent or serial"),
    ],
)
def test_another_name_or_answer_is_refused_with_what_there_is(name: str, text: str, told: str):
    with pytest.raises(SettingsError, match=told):
        switches({name: text})


@given(st.sampled_from([field.name for field in fields(Switches)]), st.text(max_size=8))
def test_any_text_is_an_answer_or_refused(name: str, text: str):
    refused = ""
    try:
        switches({name: text})
    except SettingsError as error:
        refused = str(error)
    assert not refused or f"--switch {name}={text}" in refused
