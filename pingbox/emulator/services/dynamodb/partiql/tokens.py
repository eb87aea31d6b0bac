"""Statements cut into tokens, and the cursor with which the grammar reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pingbox.emulator.services.dynamodb.answers import Refusal, invalid

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<sign><<|>>|<=|>=|<>|!=|[=<>()\[\]{},.:;?*+-]))""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True)
class PartiqlToken:
    """A piece of a statement; `kind` is text, quoted, number, word, sign or end. `text` is without its quotes."""

    kind: str
    text: str


class PartiqlCursor:
    """Reads the tokens of one statement, one after the other."""

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self._tokens = self._tokenised()
        self._at = 0

    def _tokenised(self) -> list[PartiqlToken]:
        tokens: list[PartiqlToken] = []
        position = 0
        while (space := _SPACE.match(self.statement, position)) and space.end() < len(self.statement):
            match = _TOKEN.match(self.statement, position)
            if match is None:
                raise self.malformed()
            kind = match.lastgroup
            assert kind is not None
            text = match[kind]
            if kind in ("text", "quoted"):
                text = text[1:-1].replace(text[0] * 2, text[0])
            tokens.append(PartiqlToken(kind, text))
            position = match.end()
        tokens.append(PartiqlToken("end", ""))
        return tokens

    @property
    def here(self) -> PartiqlToken:
        return self._tokens[self._at]

    def next(self) -> PartiqlToken:
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

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            raise self.malformed()

    def sees_word(self, *words: str) -> bool:
        """Whether one of these keywords is next; keywords have no case."""
        return self.here.kind == "word" and self.here.text.upper() in words

    def takes_word(self, word: str) -> bool:
        if self.sees_word(word):
            self._at += 1
            return True
        return False

    def expect_word(self, word: str) -> None:
        if not self.takes_word(word):
            raise self.malformed()

    def sees_call(self) -> bool:
        """Whether a word with an opening bracket behind it is next."""
        if self.here.kind != "word":
            return False
        after = self._tokens[self._at + 1]
        return after.kind == "sign" and after.text == "("

    def malformed(self) -> Refusal:
        return invalid(f"Statement wasn't well formed, can't be processed: {self.statement}")
