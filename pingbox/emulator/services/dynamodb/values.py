"""Attribute values: checked, counted and ordered as DynamoDB does, numbers brought to one spelling.

Checking returns the value to store. It is the same object where nothing had to be changed, so plain items cost one
pass and no copy.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pingbox.emulator.services.dynamodb.answers import COUNTED, AttributeValue, Item, Refusal, invalid
from pingbox.emulator.services.dynamodb.decimals import canonical, stored_size

ITEM_LIMIT = 400 * 1024
_CANONICAL = re.compile(r"-?[1-9][0-9]{0,17}|0")  # most numbers: integers in the spelling that is stored
NESTING_LIMIT = 32

_EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
_INVALID = "One or more parameter values were invalid: "


def checked_item(attributes: Mapping[str, Any]) -> Item:
    """Every value of an item (or of ExpressionAttributeValues) checked; raises a `Refusal`."""
    out: Item = {}
    if "" in attributes:
        raise invalid("Empty attribute name")
    for name, value in attributes.items():
        # Strings are what chats are made of: do not pay a call for each.
        if type(value) is dict and len(value) == 1 and type(value.get("S")) is str:
            out[name] = value
        else:
            out[name] = checked(value)
    return out


def checked(value: Any, depth: int = 0) -> AttributeValue:
    """One attribute value, as it is to be stored; `depth` counts the lists and maps around it."""
    if value is None:
        raise invalid(_EMPTY)
    if type(value) is not dict:
        raise Refusal("SerializationException", "Unexpected value type in payload")
    if None in value.values():  # JSON's null is the same as a member that is not there
        value = {kind: content for kind, content in value.items() if content is not None}
    if len(value) != 1:
        raise invalid(
            "Supplied AttributeValue "
            + ("has more than one datatypes set" if value else "is empty")
            + ", must contain exactly one of the supported datatypes"
        )
    ((kind, content),) = value.items()
    return _checked_content(value, kind, content, depth)


def _checked_content(value: AttributeValue, kind: str, content: Any, depth: int) -> AttributeValue:
    match kind:
        case "S":
            _expect(content, str, "String")
            return value
        case "N":
            if type(content) is str and _CANONICAL.fullmatch(content):
                return value
            _expect(content, str, "String")
            spelling = canonical(content)
            return value if spelling is content else {"N": spelling}
        case "BOOL":
            _expect(content, bool, "Boolean")
            return value
        case "NULL":
            _expect(content, bool, "Boolean")
            if not content:
                raise invalid(_INVALID + "Null attribute value types must have the value of true")
            return value
        case "B":
            _expect_base64(content)
            return value
        case "M" | "L":
            return _checked_nest(kind, content, depth + 1)
        case "SS" | "NS" | "BS":
            return {kind: _checked_set(kind, content)}
    raise invalid(_EMPTY)


def _checked_nest(kind: str, content: Any, depth: int) -> AttributeValue:
    if depth > NESTING_LIMIT:
        raise invalid("Nesting Levels have exceeded supported limits")
    if kind == "M":
        _expect(content, dict, "Map")
        if "" in content:
            raise invalid("Empty attribute name")
        return {"M": {name: checked(inner, depth) for name, inner in content.items()}}
    _expect(content, list, "List")
    return {"L": [checked(inner, depth) for inner in content]}


EMPTY_SET = " set  may not be empty"  # two blanks, as AWS has them
_SET_KIND = {"SS": "string", "NS": "number"}


def _checked_set(kind: str, members: Any) -> list[str]:
    _expect(members, list, "List")
    if not members:
        if kind == "BS":
            raise invalid(f"{_INVALID}Binary sets should not be empty")
        raise invalid(f"{COUNTED}{_INVALID}An {_SET_KIND[kind]}{EMPTY_SET}")
    for member in members:
        if kind == "BS":
            _expect_base64(member)
        else:
            _expect(member, str, "String")
    out = [canonical(member) for member in members] if kind == "NS" else list(members)
    if len(set(out)) != len(out):
        raise invalid(f"{_INVALID}Input collection [{', '.join(members)}] contains duplicates.")
    return out


_JSON_NAMES = {bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", str: "STRING_VALUE"}


def _expect(content: Any, wanted: type, named: str) -> None:
    if type(content) is not wanted:
        if isinstance(content, dict | list):
            raise Refusal("SerializationException", "Start of structure or map found where not expected")
        told = _JSON_NAMES.get(type(content), "NULL_VALUE")
        raise Refusal("SerializationException", f"{told} cannot be converted to {named}")


def _expect_base64(content: Any) -> None:
    _expect(content, str, "Binary")
    try:
        decoded = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Refusal("SerializationException", "Base64 encoded length is expected a multiple of 4 bytes") from problem
    if base64.b64encode(decoded).decode() != content:  # two spellings of one value would not be equal
        raise Refusal("SerializationException", "Invalid last non-pad Base64 character detected")


def size_of(value: AttributeValue) -> int:
    """Bytes a value counts for in limits and capacity (developer guide, CapacityUnitCalculations)."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content) if content.isascii() else len(content.encode())
        case "N":
            return stored_size(content)
        case "B":
            return _binary_size(content)
        case "SS":
            return sum(len(member.encode()) for member in content)
        case "NS":
            return sum(map(stored_size, content))
        case "BS":
            return sum(map(_binary_size, content))
        case "L":
            return 3 + sum(1 + size_of(inner) for inner in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_of(inner) for name, inner in content.items())
    return 1  # BOOL, NULL


def _binary_size(base64_text: str) -> int:
    return len(base64_text) // 4 * 3 - base64_text.count("=", -2)


def item_size(item: Item) -> int:
    """Bytes of an item: its attribute names, in UTF-8, and values."""
    return sum(len(name.encode()) + size_of(value) for name, value in item.items())


# -- values as bytes: strings sort by UTF-8, binary by byte, numbers by value, as DynamoDB sorts keys ---------------

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
