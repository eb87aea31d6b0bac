"""`--switch NAME=VALUE`: the gateway's other plausible answers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.settings import SettingsError

_CHOICES: dict[str, dict[str, Any]] = {
    "message_order": {"concurrent": "concurrent", "serial": "serial"},
    "throttled": {"frame": "frame", "close": "close"},
    "pings_reset_idle": {"yes": True, "no": False},
    "unsigned_management": {"accept": "accept", "refuse": "refuse"},
}
_NUMBERS = ("idle_timeout", "connection_duration", "connect_rate")


def switches(chosen: Mapping[str, str]) -> Switches:
    """The gateway's switches. Raises `SettingsError` for a name or a value that there is not."""
    return Switches(**{name: _value(name, text) for name, text in chosen.items()})


def _value(name: str, text: str) -> Any:
    if name in _NUMBERS:
        return _number(name, text)
    if name not in _CHOICES:
        known = ", ".join([*_CHOICES, *_NUMBERS])
        raise SettingsError(f"--switch {name} is not known; expected one of {known}")
    if text not in _CHOICES[name]:
        raise SettingsError(f"--switch {name}={text} is not an answer; expected {' or '.join(_CHOICES[name])}")
    return _CHOICES[name][text]


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise SettingsError(f"--switch {name}={text} is not a number above 0")
    return number
