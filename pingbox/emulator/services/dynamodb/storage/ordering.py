"""Keys as bytes that sort as DynamoDB sorts: strings by UTF-8, binary by byte, numbers by value."""

from __future__ import annotations

import base64
from decimal import Decimal

from pingbox.emulator.services.dynamodb.answers import AttributeValue

# A number is: sign, exponent, digits, end. Sign and exponent put magnitudes in order, the digits decide the rest.
_NEGATIVE, _ZERO, _POSITIVE = b"\x01", b"\x80", b"\xff"
_EXPONENT_BIAS = 200  # exponents run from -130 to 126


def sortable(value: AttributeValue) -> bytes:
    """The bytes of a key attribute (`S`, `N`, `B`): SQLite compares them as DynamoDB compares keys."""
    for kind, text in value.items():
        if kind == "S":
            return text.encode()  # type: ignore[no-any-return]
        if kind == "N":
            return _sortable_number(text)
        return base64.b64decode(text)
    raise ValueError("an attribute value has exactly one entry, got an empty one")


_DIGITS = bytes.maketrans(b"0123456789", bytes(range(1, 11)))


def _sortable_number(text: str) -> bytes:
    if text.isdecimal() and text.isascii() and text[0] != "0":  # times and sequence numbers: no need for Decimal
        exponent_bytes = (len(text) + _EXPONENT_BIAS).to_bytes(2, "big")
        return _POSITIVE + exponent_bytes + text.rstrip("0").encode().translate(_DIGITS) + b"\x00"
    number = Decimal(text).normalize()
    if not number:
        return _ZERO
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    # Digits are shifted by one, so that the end marker 0 sorts before every digit: 1 < 1.1
    body = (len(digits) + exponent + _EXPONENT_BIAS).to_bytes(2, "big") + bytes(d + 1 for d in digits) + b"\x00"
    return _NEGATIVE + bytes(255 - byte for byte in body) if sign else _POSITIVE + body


def ended(encoded: bytes) -> bytes:
    """`encoded` with an end that sorts before everything longer: attributes of a key can follow one another."""
    return escaped(encoded) + b"\x00\x01"


def escaped(encoded: bytes) -> bytes:
    """The beginning of `ended`: no byte of it can be taken for the end."""
    return encoded.replace(b"\x00", b"\x00\xff")


def after_prefix(prefix: bytes) -> bytes | None:
    """The least bytes greater than everything that begins with `prefix`; None when there are none (all bytes 255)."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else None
