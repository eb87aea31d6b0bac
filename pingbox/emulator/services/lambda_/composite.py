"""Functions of one app in several places: Python in process, the rest in processes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pingbox.emulator.services.lambda_.outcome import Functions, Outcome, unknown


class NamedFunctions(Functions, Protocol):
    """Functions that know their names."""

    @property
    def names(self) -> Sequence[str]:
        """The functions there are."""
        ...


class CompositeFunctions:
    """`Functions` made of others; the first that knows a name runs it."""

    def __init__(self, *parts: NamedFunctions) -> None:
        self._parts = parts

    @property
    def names(self) -> list[str]:
        """The functions there are."""
        return [name for part in self._parts for name in part.names]

    async def invoke(self, function: str, event: Any) -> Outcome:
        """As `Functions.invoke` has it."""
        for part in self._parts:
            if function in part.names:
                return await part.invoke(function, event)
        return unknown(function, self.names)
