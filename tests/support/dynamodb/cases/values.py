"""Attribute values: what is stored, how it comes back, what is refused."""

from __future__ import annotations

from typing import Any

from support.dynamodb.cases.bench import FULLER, Bench, N, S, T, case, invalid

PLAIN = "AWS's wording, as its SDK users report it; DynamoDB Local has a wording of its own"


@case("empty strings and binaries are values")
def _(t: Bench) -> Any:
    t.put(e=S(""), b={"B": b""})
    return t.get()


@case("null, booleans, lists and maps come back as they went")
def _(t: Bench) -> Any:
    t.put(z={"NULL": True}, b={"BOOL": False}, m={"M": {"l": {"L": [{"M": {"x": N(1)}}]}}}, e={"L": []}, f={"M": {}})
    return t.get()


@case("binary comes back as it went, nested and in sets")
def _(t: Bench) -> Any:
    t.put(b={"B": b"\x00\xff\xfe"}, s={"BS": [b"\x01", b"\x02"]}, m={"M": {"l": {"L": [{"B": b"\x80"}]}}})
    return t.get()


@case("every letter there is")
def _(t: Bench) -> Any:
    t.put(text=S('grüße 👍🏽 \u2028 "quoted" \\ \x00 \u200f'), ключ=S("ö"))
    return t.get()


@case("numbers have one spelling")
def _(t: Bench) -> Any:
    t.put(a=N("1.0"), b=N("007"), c=N("1e3"), d=N("-0"), e=N("0.10"), f=N("+5"), g=N("1E-5"), h=N(".5"), i=N("5."))
    return t.get()


@case("large and small numbers are spelled out")
def _(t: Bench) -> Any:
    t.put(a=N("1E40"), b=N("-1.5E-40"), c=N("9.9999999999999999999999999999999999999E+125"), d=N("1E-130"))
    return t.get()


@case(
    "numbers in sets, lists and maps have one spelling",
    aws={"s": {"NS": ["1", "20"]}, "l": {"L": [{"N": "3"}]}, "m": {"M": {"x": {"N": "4.5"}}}},
    why="guide, DataTypes: leading and trailing zeroes are trimmed; DynamoDB Local leaves those inside lists and maps",
)
def _(t: Bench) -> Any:
    t.put(s={"NS": ["1.0", "2e1"]}, l={"L": [N("03")]}, m={"M": {"x": N("4.50")}})
    return t.get()


@case("38 digits")
def _(t: Bench) -> Any:
    t.put(n=N("1" * 38), z=N("1" * 38 + "000"))
    return t.get()


TOO_LONG = invalid("Attempting to store more than 38 significant digits in a Number")
NO_NUMBER = "The parameter cannot be converted to a numeric value"


def refused(
    name: str, value: dict[str, Any], aws: tuple[str, str] | None = None, why: str = PLAIN, *, counted: bool = False
) -> None:
    @case(f"refused value: {name}", error=aws, why=why if aws else "", counted=counted)
    def _(t: Bench) -> Any:
        t.put(v=value)
        return "accepted"


refused("39 digits", N("1" * 39), TOO_LONG)
refused("1E126", N("1E126"))
refused("1E-131", N("1E-131"))
refused("a word for a number", N("abc"), invalid(f"{NO_NUMBER}: abc"))
refused("no number", N(""), invalid(f"{NO_NUMBER}: "))
refused("a number with a space", N(" 1"), invalid(f"{NO_NUMBER}:  1"))
refused("infinity", N("Infinity"), invalid(f"{NO_NUMBER}: Infinity"))
refused("not a number", N("NaN"), invalid(f"{NO_NUMBER}: NaN"))
refused("a number with underscores", N("1_000"), invalid(f"{NO_NUMBER}: 1_000"))
refused("empty string set", {"SS": []}, counted=True)
refused("empty number set", {"NS": []}, counted=True)
refused("empty binary set", {"BS": []})
refused(
    "the same string twice in a set",
    {"SS": ["a", "a"]},
    invalid("One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
)
refused(
    "the same number twice in a set",
    {"NS": ["1", "1.0"]},
    invalid("One or more parameter values were invalid: Input collection [1, 1.0] contains duplicates."),
)
refused("a null that is false", {"NULL": False})
refused("a word in a number set", {"NS": ["1", "x"]}, invalid(f"{NO_NUMBER}: x"))
refused("a number of 39 digits inside a map", {"M": {"a": N("1" * 39)}}, TOO_LONG)


def nested(levels: int) -> dict[str, Any]:
    value = N(1)
    for _ in range(levels):
        value = {"M": {"a": value}}
    return value


refused("33 levels", nested(33), invalid("Nesting Levels have exceeded supported limits"))


@case("31 levels")
def _(t: Bench) -> Any:
    t.put(v=nested(31))
    return "accepted"


@case("an item just below 400 KB")
def _(t: Bench) -> Any:
    t.put(d=S("x" * (409_600 - len(t.pk) - 6)))
    return "accepted"


@case("an item just above 400 KB")
def _(t: Bench) -> Any:
    t.put(d=S("x" * (409_600 - len(t.pk) - 5)))
    return "accepted"


@case("an item above 400 KB in UTF-8")
def _(t: Bench) -> Any:
    t.put(d=S("ü" * 204_900))
    return "accepted"


VERIFIED = "moto's tests that were verified against AWS have it so, missing blank included"
TOO_LONG_HASH = (
    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
)
TOO_LONG_RANGE = (
    "One or more parameter values were invalid: "
    "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
)


@case("a sort key of 1024 bytes")
def _(t: Bench) -> Any:
    t.put("s" * 1024)
    return "accepted"


@case("a sort key of 1025 bytes", error=invalid(TOO_LONG_RANGE), why=VERIFIED)
def _(t: Bench) -> Any:
    t.put("s" * 1025)
    return "accepted"


@case("a partition key of 2049 bytes", error=invalid(TOO_LONG_HASH), why=VERIFIED)
def _(t: Bench) -> Any:
    t.c.put_item(TableName=T, Item={"pk": S("p" * 2049), "sk": S("a")})
    return "accepted"


@case("an empty key")
def _(t: Bench) -> Any:
    t.c.put_item(TableName=T, Item={"pk": S(""), "sk": S("a")})
    return "accepted"


@case("an empty key in a get")
def _(t: Bench) -> Any:
    return t.c.get_item(TableName=T, Key={"pk": S(""), "sk": S("a")})


@case("an empty index key")
def _(t: Bench) -> Any:
    t.put(gpk=S(""), gsk=N(1))
    return "accepted"


MISMATCH = (
    "One or more parameter values were invalid: Type mismatch for Index Key gpk Expected: S Actual: {} IndexName: gix"
)


@case("an index key of the wrong type", error=invalid(MISMATCH.format("N")), why=FULLER)
def _(t: Bench) -> Any:
    t.put(gpk=N(1), gsk=N(1))
    return "accepted"


@case("a null for an index key", error=invalid(MISMATCH.format("NULL")), why=FULLER)
def _(t: Bench) -> Any:
    t.put(gpk={"NULL": True}, gsk=N(1))
    return "accepted"
