"""DynamoDB's numbers: 38 significant digits, 1E-130 to 9.99E+125, and one spelling for each value."""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache

from pingbox.emulator.services.dynamodb.answers import invalid

_ANY = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")

# Wide enough that no sum of two valid numbers is rounded before it is looked at.
_WIDE = Context(prec=400, Emax=999999, Emin=-999999)


@lru_cache(maxsize=1024)
def canonical(text: object) -> str:
    """The spelling in which DynamoDB gives the number back: `1.0`, `007` and `1e3` are `1`, `7` and `1000`.

    Raises a `Refusal` for what is no number, for more than 38 digits and for magnitudes out of range.
    """
    try:
        if isinstance(text, str) and _ANY.fullmatch(text):
            return spelled(Decimal(text))
    except InvalidOperation:  # an exponent beyond all bounds
        pass
    raise invalid(f"The parameter cannot be converted to a numeric value: {text}")


def spelled(number: Decimal) -> str:
    """`number` in DynamoDB's spelling; raises a `Refusal` when it does not fit."""
    if not number:
        return "0"
    sign, all_digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    digits = all_digits
    while not digits[-1]:
        digits, exponent = digits[:-1], exponent + 1
    magnitude = len(digits) + exponent - 1
    if magnitude > 125:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if magnitude < -130:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    if len(digits) > 38:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    return format(Decimal((sign, digits, exponent)), "f")


def plus(left: str, right: str) -> str:
    """The sum of two numbers of the wire, in canonical spelling."""
    return spelled(_WIDE.add(Decimal(left), Decimal(right)))


def minus(left: str, right: str) -> str:
    """The difference of two numbers of the wire, in canonical spelling."""
    return spelled(_WIDE.subtract(Decimal(left), Decimal(right)))


def stored_size(canonical_text: str) -> int:
    """Bytes a number counts for: one for two significant digits, and one (guide: CapacityUnitCalculations)."""
    digits = canonical_text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + canonical_text.startswith("-")
