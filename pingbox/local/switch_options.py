"""`--switch NAME=VALUE`: the gateway's other plausible answers, by the names and types of `Switches` itself."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.settings import SettingsError

_YES_OR_NO = {"yes": True, "no": False}


def switches(chosen: Mapping[str, str]) -> Switches:
    """The gateway's switches. Raises `SettingsError` for a name or a value that there is not."""
    kinds = get_type_hints(Switches)
    unknown = [name for name in chosen if name not in kinds]
    if unknown:
        raise SettingsError(f"--switch {unknown[0]} is not known; expected one of {', '.join(kinds)}")
    return Switches(**{name: _value(name, text, kinds[name]) for name, text in chosen.items()})


def _value(name: str, text: str, kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):  # `float | None`: who names a switch gives a value
        [kind] = [each for each in get_args(kind) if each is not type(None)]
    if kind in (float, int):
        return _number(name, text, kind)
    answers = _YES_OR_NO if kind is bool else {answer: answer for answer in _answers(kind)}
    if text not in answers:
        raise SettingsError(f"--switch {name}={text} is not an answer; expected {' or '.join(answers)}")
    return answers[text]


def _answers(kind: Any) -> tuple[str, ...]:
    assert get_origin(kind) is Literal, f"a switch is a number, a bool or a Literal, not {kind}"
    return get_args(kind)


def _number(name: str, text: str, kind: type[float] | type[int]) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not 0 < number < float("inf"):
        wanted = "a whole number above 0" if kind is int else "a number above 0"
        raise SettingsError(f"--switch {name}={text} is not {wanted}")
    return number
