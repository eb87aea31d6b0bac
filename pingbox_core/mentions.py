"""Who is called in a text: `@` and the name of somebody who is here or was lately (chat.md A22)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from pingbox_core import limits

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
Person = tuple[str, str]
"""A user id and the name that the user goes by."""


def calls_somebody(text: str) -> bool:
    """Whether the text may call anybody at all; if not, nobody's name has to be looked up."""
    return "@" in text


def mentioned(text: str, people: Iterable[Person], wished: Sequence[str] = ()) -> tuple[str, ...]:
    """The ids of those who are called, sorted, each once; of the first twenty.

    A name is compared without regard to case and must end where a word ends; the longest name wins. What stands in
    code calls nobody. If several people have the name, those among `wished` are meant, else all of them.
    """
    by_name: dict[str, list[str]] = {}
    for user, name in people:
        users = by_name.setdefault(_folded(name), [])
        if user not in users:
            users.append(user)
    longest_first = sorted(by_name, key=len, reverse=True)
    folded = _folded(_CODE.sub(" ", text))
    found: list[str] = []
    for at, character in enumerate(folded):
        if character == "@" and (at == 0 or not _is_word(folded[at - 1])):
            called = next((one for one in longest_first if _is_at(folded, at + 1, one)), None)
            found += [] if called is None else _meant(by_name[called], wished)
    return tuple(sorted(list(dict.fromkeys(found))[: limits.MENTIONS]))


def _is_at(text: str, at: int, name: str) -> bool:
    end = at + len(name)
    return text.startswith(name, at) and not (end < len(text) and _is_word(name[-1]) and _is_word(text[end]))


def _meant(users: list[str], wished: Sequence[str]) -> list[str]:
    return [user for user in users if user in wished] or users


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
