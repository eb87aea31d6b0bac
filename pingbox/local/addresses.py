"""Where a running server answers."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Addresses:
    """URLs of a running server. `page` is None for an app without a page; `websocket` has one URL for each stage."""

    websocket: str
    management: str
    endpoint: str
    page: str | None = None

    def write(self, file: Path) -> None:
        """Write them as JSON, all at once: whoever finds the file finds it whole."""
        half = file.with_name(f".{file.name}.{os.getpid()}")
        half.write_text(json.dumps(asdict(self) | {"pid": os.getpid()}, indent=2) + "\n")
        half.replace(file)
