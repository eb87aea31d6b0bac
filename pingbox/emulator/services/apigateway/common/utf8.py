"""A text as the bytes that leave the gateway."""

from __future__ import annotations


def encoded(text: str) -> bytes:
    """UTF-8, with `?` for half of a surrogate pair, as Java writes it.

    JSON can hold such a half, UTF-8 cannot; JavaScript makes them by cutting an emoji in two.
    """
    return text.encode("utf-8", "replace")
