"""Who a guest was at each address, so that the same person comes back."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any


def default_file() -> Path:
    """In the user's own data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("pingbox", appauthor=False)) / "chat-identities.json"


class Identities:
    """One file for all addresses; only its owner reads it, because tokens are in it."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or default_file()

    def of(self, address: str) -> dict[str, Any]:
        """`token` and `name`; empty if this address is new, or the file cannot be read."""
        found = self._read().get(address)
        return found if isinstance(found, dict) else {}

    def keep(self, address: str, identity: dict[str, Any]) -> None:
        """Remember; one that cannot be written is forgotten, which costs a name and nothing else."""
        known = self._read() | {address: identity}
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            new = self._file.with_suffix(f".{os.getpid()}.new")
            new.touch(mode=0o600)
            new.write_text(json.dumps(known))
            new.replace(self._file)

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
