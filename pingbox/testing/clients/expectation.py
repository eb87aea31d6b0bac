"""What a test expects of a message, and how to say what came instead. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_SHOWN = 12
"""Messages a failure shows; the first and the last of more."""

_WIDTH = 160  # characters of one message in a failure


@dataclass(frozen=True)
class Mismatch:
    """One place where a message is not as expected. `path` is like `user.name` or `items[2]`, empty for the whole."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path or 'the message'}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True)
class Expectation:
    """A message that is expected: an object that has (at least) these members, or a text that is exactly this.
    Nothing but `{}` is any message at all.

    A member's value may be a mapping (again: at least these), a list (item by item), a compiled regular expression
    (searched in a string), `...` (there, whatever it is), a type (`str`, `int`: an instance of it), or anything else
    that compares equal, `pytest.approx` and `unittest.mock.ANY` among them.
    """

    wanted: Any

    @classmethod
    def of(cls, message: object, members: Mapping[str, Any]) -> Expectation:
        """From the arguments of `expect`: a whole message, members, or both for an object; `...` is any message.

        Raises `TypeError` for a text with members, which no message can be both of.
        """
        if message is ...:
            return cls(dict(members))
        if not members:
            return cls(message)
        if not isinstance(message, Mapping):
            raise TypeError(
                f"expect() got the message {message!r} and members {sorted(members)}; give one of them, or an object"
            )
        return cls({**message, **members})

    def mismatches(self, text: str) -> list[Mismatch]:
        """Where the message `text` differs from what is wanted; empty when it matches."""
        if self.is_any:
            return []
        if isinstance(self.wanted, (str, re.Pattern)):
            return _compare("", self.wanted, text)
        try:
            value = json.loads(text)
        except ValueError:
            return [Mismatch("", "JSON", _shown(text))]
        return _compare("", self.wanted, value)

    @property
    def is_any(self) -> bool:
        """Whether every message is as expected, JSON or not."""
        return isinstance(self.wanted, Mapping) and not self.wanted

    def matches(self, text: str) -> bool:
        return not self.mismatches(text)

    def __str__(self) -> str:
        return "any message" if self.is_any else _shown(self.wanted)


def failure(who: str, expectation: Expectation, came: Sequence[str], within: float) -> str:
    """The story of an expectation that was not met: what was wanted, what came, and where each differs."""
    lines = [f"{who} expected within {within:g} s: {expectation}"]
    if not came:
        return "\n".join([*lines, "no message came"])
    lines.append(f"{_messages(len(came))} came instead:")
    for number, text in shortened(list(enumerate(came, 1))):
        lines.append(f"  {number}. {cut(text)}")
        lines.extend(f"       {mismatch}" for mismatch in expectation.mismatches(text)[:5])
    return "\n".join(lines)


def surprise(who: str, expectation: Expectation, came: Sequence[str]) -> str:
    """The story of messages that should not have come."""
    lines = [f"{who} expected nothing" + ("" if expectation.is_any else f" like {expectation}")]
    lines.append(f"but {_messages(len(came))} came:")
    lines.extend(f"  {number}. {cut(text)}" for number, text in shortened(list(enumerate(came, 1))))
    return "\n".join(lines)


def cut(text: str) -> str:
    """A message on one line, not too long."""
    line = text.replace("\n", "⏎")
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}… ({len(text.encode())} bytes)"


def shortened(numbered: list[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    """At most `MAX_SHOWN` of them, the first and the last."""
    if len(numbered) <= MAX_SHOWN:
        return numbered
    half = MAX_SHOWN // 2
    return [*numbered[:half], *numbered[-half:]]


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


_MISSING = object()


def _compare(path: str, wanted: Any, got: Any) -> list[Mismatch]:
    if got is _MISSING:
        return [Mismatch(path, _shown(wanted), "nothing of that name")]
    if wanted is ...:
        return []
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        deeper = (_compare(_member(path, key), value, got.get(key, _MISSING)) for key, value in wanted.items())
        return [mismatch for found in deeper for mismatch in found]
    if isinstance(wanted, (list, tuple)) and isinstance(got, list):
        return _compare_lists(path, wanted, got)
    return [] if _equal(wanted, got) else [Mismatch(path, _shown(wanted), _shown(got))]


def _compare_lists(path: str, wanted: Sequence[Any], got: Sequence[Any]) -> list[Mismatch]:
    if len(wanted) != len(got):
        return [Mismatch(path, f"{len(wanted)} items {_shown(wanted)}", f"{len(got)}: {_shown(got)}")]
    deeper = (_compare(f"{path}[{at}]", *pair) for at, pair in enumerate(zip(wanted, got, strict=True)))
    return [mismatch for found in deeper for mismatch in found]


def _equal(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, re.Pattern):
        return isinstance(got, str) and wanted.search(got) is not None
    if isinstance(wanted, type):
        return isinstance(got, wanted) and not (isinstance(got, bool) and wanted is not bool)
    # JSON's true is not 1, though Python's is.
    return bool(wanted == got) and (isinstance(wanted, bool) == isinstance(got, bool) or not isinstance(wanted, int))


def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shown(value: Any) -> str:
    if isinstance(value, type):
        return f"any {value.__name__}"
    if isinstance(value, re.Pattern):
        return f"text that matches /{value.pattern}/"
    if value is ...:
        return "anything"
    if isinstance(value, Mapping):
        return cut("{" + ", ".join(f"{json.dumps(str(key))}: {_shown(item)}" for key, item in value.items()) + "}")
    try:
        return cut(json.dumps(value, ensure_ascii=False))
    except TypeError:
        return cut(repr(value))
