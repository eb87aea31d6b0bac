"""`.env` files, which the Serverless Framework reads when `useDotenv` is true: `KEY=VALUE` lines and comments."""

from __future__ import annotations

import re
from pathlib import Path

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^#]*?))\s*(?:#.*)?")


def read_dotenv(folder: Path, stage: str) -> dict[str, str]:
    """The variables of the folder's `.env` and, over them, of `.env.{stage}`; nothing where there is no such file."""
    values: dict[str, str] = {}
    for file in (folder / ".env", folder / f".env.{stage}"):
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                match = _LINE.fullmatch(line)
                if match:
                    values[match[1]] = next(group for group in match.groups()[1:] if group is not None)
    return values
