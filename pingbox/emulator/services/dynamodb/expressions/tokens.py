"""Expressions cut into tokens, and the cursor with which the grammars read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<value>:[A-Za-z0-9_]+)|(?P<alias>#[A-Za-z0-9_]+)|(?P<word>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<number>[0-9]+)|(?P<sign><>|<=|>=|[=<>()\[\],.+-]))"
)
_SPACE = re.compile(r"\s*")


class ExpressionError(Exception):
    """What is wrong with an expression, without the words `Invalid ...Expression: ` in front."""


class CountedError(ExpressionError):
    """One that AWS begins with the number of errors, when a single write has it."""


@dataclass(frozen=True)
class Token:
    """A piece of an expression; `kind` is value, alias, word, number, sign or end."""

    kind: str
    text: str
    start: int
    end: int


def tokenised(text: str) -> list[Token]:
    """The tokens of an expression with an `end` token behind them; raises `ExpressionError`."""
    tokens: list[Token] = []
    position = 0
    while (space := _SPACE.match(text, position)) and space.end() < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            bad = space.end()
            behind = _TOKEN.match(text, bad + 1)
            near = text[tokens[-1].start if tokens else bad : behind.end() if behind else bad + 1]
            raise ExpressionError(f'Syntax error; token: "{text[bad]}", near: "{near}"')
        kind = match.lastgroup
        assert kind is not None
        tokens.append(Token(kind, match[kind], match.start(kind), match.end()))
        position = match.end()
    tokens.append(Token("end", "<EOF>", len(text), len(text)))
    return tokens


class Cursor:
    """Reads tokens one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenised(text)
        self._at = 0
        # Where the last bracket of a condition that was closed began, and the token behind it.
        self.bracket = (-1, -1)

    @property
    def position(self) -> int:
        """How many tokens were read."""
        return self._at

    @property
    def here(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def sees(self, *signs: str) -> bool:
        return self.here.kind == "sign" and self.here.text in signs

    def takes(self, sign: str) -> bool:
        """Step over `sign` if it is next."""
        if self.sees(sign):
            self._at += 1
            return True
        return False

    def sees_word(self, *words: str) -> bool:
        """Whether one of these keywords is next; keywords have no case."""
        return self.here.kind == "word" and self.here.text.upper() in words

    def takes_word(self, word: str) -> bool:
        if self.sees_word(word):
            self._at += 1
            return True
        return False

    def sees_call(self) -> bool:
        """Whether a word with an opening bracket behind it is next."""
        after = self._tokens[self._at + 1] if self.here.kind == "word" else self.here
        return after.kind == "sign" and after.text == "("

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            raise self.error()

    def finish(self) -> None:
        if self.here.kind != "end":
            raise self.error()

    def error(self) -> ExpressionError:
        """A syntax error at the next token, told as DynamoDB tells it: with its neighbours."""
        at = self._at
        before = self._tokens[at - 1].start if at else self._tokens[at].start
        after = self._tokens[at + 1].end if at + 1 < len(self._tokens) else self._tokens[at].end
        near = self.text[before:after].rstrip()
        return ExpressionError(f'Syntax error; token: "{self.here.text}", near: "{near}"')
