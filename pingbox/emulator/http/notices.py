"""Warnings that are worth saying once."""

from __future__ import annotations

import logging

_MAX = 20  # texts of a kind: whoever makes up new ones does not fill the log


class Notices:
    """Logs each text once, and at most 20 of a kind. Use on one thread."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._said: dict[str, set[str]] = {}

    def warn(self, kind: str, text: str) -> None:
        """Log `text`, if it is new and not too many of its kind were logged."""
        said = self._said.setdefault(kind, set())
        if text in said or len(said) >= _MAX:
            return
        said.add(text)
        self._logger.warning("%s", text)
