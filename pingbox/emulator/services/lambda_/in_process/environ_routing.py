"""Environment variables of in-process functions: each environment sees its own in `os.environ`, as on Lambda (LM-1..3).

`os.environ` is exchanged for one that asks the current thread whose variables are meant; threads that belong to no
function with variables of its own see the process's. Who took `os.environ` apart before (`from os import environ`)
keeps the process's variables, and so do child processes a handler starts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, MutableMapping
from typing import cast

from pingbox.emulator.services.lambda_.in_process.current import on_thread


class _Routed(MutableMapping[str, str]):
    """As `os.environ`, for whoever asks."""

    def __init__(self, process: os._Environ[str]) -> None:
        self.process = process

    def _meant(self) -> MutableMapping[str, str]:
        execution = on_thread.execution
        return self.process if execution is None or execution.variables is None else execution.variables

    def __getitem__(self, key: str) -> str:
        return self._meant()[key]

    def __setitem__(self, key: str, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"str expected, not {type(value).__name__}")
        self._meant()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._meant()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._meant()))

    def __len__(self) -> int:
        return len(self._meant())

    def __or__(self, other: MutableMapping[str, str]) -> dict[str, str]:
        return {**self, **other}

    def __ror__(self, other: MutableMapping[str, str]) -> dict[str, str]:
        return {**other, **self}

    def __ior__(self, other: MutableMapping[str, str]) -> _Routed:
        self.update(other)
        return self

    def copy(self) -> dict[str, str]:
        return dict(self)

    def __repr__(self) -> str:
        return f"environ({dict(self)!r})"


class EnvironRouting:
    """The exchange of `os.environ`, shared by all who need it in this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0

    def install(self) -> None:
        """Begin to route. Each `install` needs a `remove`."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                os.environ = cast("os._Environ[str]", _Routed(os.environ))  # noqa: B003 -- the exchange is the point

    def remove(self) -> None:
        """Put the process's own back once the last user is gone."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and isinstance(routed := cast(object, os.environ), _Routed):
                os.environ = routed.process  # noqa: B003


routing = EnvironRouting()
