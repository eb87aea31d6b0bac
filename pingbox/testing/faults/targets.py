"""What a fault can be ordered for: a misspelt name would strike nothing, and the test would be green."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pingbox.emulator.services.dynamodb.moto.engine import OPERATIONS
from pingbox.testing.faults.kinds import Fault


@dataclass(frozen=True)
class FaultTargets:
    """The names that there are at the moment. `clients` are names and connection ids of all who have connected."""

    functions: frozenset[str]
    routes: frozenset[str]
    clients: tuple[str, ...]
    tables: tuple[str, ...]

    def check(self, fault: Fault) -> None:
        """Raises `ValueError` for a fault that names something else, with what there is."""
        function = getattr(fault, "function", None)
        _known("function or route key", function, [*sorted(self.functions), *sorted(self.routes)])
        for client in (getattr(fault, "to", None), getattr(fault, "of", None)):
            _known("client", client, self.clients, "; order the fault when it has connected")
        _known("table", getattr(fault, "table", None), self.tables)
        _known("DynamoDB operation", getattr(fault, "operation", None), sorted(OPERATIONS))


def _known(what: str, named: str | None, known: Iterable[str], advice: str = "") -> None:
    if named is not None and named not in known:
        raise ValueError(f"no {what} is called {named!r}; there are: {', '.join(known) or 'none'}{advice}")
