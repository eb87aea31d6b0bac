"""Warnings that are worth one line each, however often their reason comes back."""

from __future__ import annotations

import logging
from collections.abc import Hashable

MAX_REMEMBERED = 1000


class LogOnce:
    """Logs each warning once. Beyond `MAX_REMEMBERED` different ones it is silent: a client may invent any number."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._seen: set[Hashable] = set()

    def warning(self, message: str, *args: Hashable) -> None:
        """As `Logger.warning` has it, unless the same message was logged with the same arguments."""
        key = (message, args)
        if key not in self._seen and len(self._seen) < MAX_REMEMBERED:
            self._seen.add(key)
            self._logger.warning(message, *args)
