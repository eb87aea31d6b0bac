"""The public keys of an issuer of tokens, fetched over HTTPS and kept (RFC 7517)."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Callable, Mapping
from typing import Final

from pingbox_core import limits
from pingbox_core.identity import jwt

_KEPT: Final = 10 * limits.MINUTE
_AT_MOST_EVERY: Final = limits.MINUTE  # a made-up `kid` must not make us ask the issuer for each handshake
_TIMEOUT: Final = 3.0  # seconds
_LARGEST: Final = 200_000  # bytes


def fetch(url: str) -> bytes:
    """The document at an https address; plain http is for tests on this machine only. Raises `OSError`."""
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 - settings allow http(s) only
        document: bytes = answer.read(_LARGEST)
    return document


class IssuerKeys:
    """The keys at one address. Thread-safe; `clock` in milliseconds."""

    def __init__(self, url: str, clock: Callable[[], int], get: Callable[[str], bytes] = fetch) -> None:
        self._url, self._clock, self._get = url, clock, get
        self._lock = threading.Lock()
        self._keys: Mapping[str, jwt.RsaKey] = {}
        self._fetched_at: int | None = None

    def __call__(self, *, newer: bool = False) -> Mapping[str, jwt.RsaKey]:
        """The keys, at most ten minutes old; with `newer` at most one minute. Old ones if the issuer does not answer.

        Raises `OSError` or `BadTokenError` if there never was an answer.
        """
        with self._lock:
            now = self._clock()
            age = None if self._fetched_at is None else now - self._fetched_at
            if age is None or age >= (_AT_MOST_EVERY if newer else _KEPT):
                self._refresh(now)
            return self._keys

    def _refresh(self, now: int) -> None:
        try:
            self._keys = jwt.key_set(self._get(self._url))
        except (OSError, jwt.BadTokenError):
            if not self._keys:
                raise
        self._fetched_at = now
