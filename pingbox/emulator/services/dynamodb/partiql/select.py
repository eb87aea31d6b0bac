"""SELECT: a query where the statement fixes the partition, else a scan; both of one page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from pingbox.emulator.services.dynamodb.answers import Item, Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter
from pingbox.emulator.services.dynamodb.expressions.conditions import (
    And,
    BeginsWith,
    Between,
    Comparison,
    Condition,
    In,
    PathOperand,
    ValueOperand,
)
from pingbox.emulator.services.dynamodb.expressions.key_conditions import key_bounds
from pingbox.emulator.services.dynamodb.expressions.paths import Path, Placeholders, follow
from pingbox.emulator.services.dynamodb.expressions.projections import Projection
from pingbox.emulator.services.dynamodb.operations.pages import Reading, index_of_request, page_of, start_of_page
from pingbox.emulator.services.dynamodb.partiql.statements import Select
from pingbox.emulator.services.dynamodb.schema import IndexSchema, KeyAttribute, TableSchema
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, KeyRange

Position = tuple[int, Item | None]
"""Where the next page begins: the number of a partition of the statement, and the last key seen there."""


@dataclass(frozen=True)
class NamedProjection(Projection):
    """A projection whose values stand under the last name of their path, as PartiQL returns them."""

    paths: tuple[Path, ...] = ()

    def of(self, item: Item) -> Item:
        out: Item = {}
        for path in self.paths:
            root = item.get(str(path.steps[0]))
            found = None if root is None else follow(root, path.steps[1:])
            if found is not None:
                out[_name_of(path)] = found
        return out


def _name_of(path: Path) -> str:
    name = ""
    for step in path.steps:
        name = f"{name}[{step}]" if isinstance(step, int) else step
    return name


def projection_of(paths: tuple[Path, ...] | None) -> NamedProjection | None:
    """The projection of a SELECT; None for `*`."""
    if paths is None:
        return None
    names = [_name_of(path) for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise invalid(f"Duplicate identifiers in select clause: {name}")
    return NamedProjection(flat=tuple(dict.fromkeys(str(path.steps[0]) for path in paths)), deep=(), paths=paths)


def selected(
    table: ItemTable, select: Select, scope: Placeholders, request: Request, meter: Meter, position: Position
) -> tuple[list[Item], Position | None]:
    """One page of items, and where the next one begins (None: there is none)."""
    index = index_of_request(table, {"IndexName": select.index, "ConsistentRead": request.get("ConsistentRead")})
    keys = index or table.schema
    parts = list(_conjuncts(select.where))
    on_keys = [part for part in parts if _is_on(part, keys, scope)]
    partitions = _partitions(on_keys, keys)
    _check_order(select, keys, bool(partitions))
    if not partitions:
        reading = Reading(select.where, projection_of(select.paths), scope, fetches_for_filter=True)
        within = KeyRange(None, (), start_of_page(table, index, position[1]))
        page = page_of(table, index, request, within, reading, meter)
        last = page.get("LastEvaluatedKey")
        return page["Items"], None if last is None else (0, last)
    ranges = _on_ranges(on_keys, keys)
    used = {id(part) for part in (*ranges, *_hash_tests(on_keys, keys))}
    rest = [part for part in parts if id(part) not in used]
    reading = Reading(reduce(And, rest) if rest else None, projection_of(select.paths), scope, fetches_for_filter=True)
    queries = _Queries(table, index, scope, select, reading, partitions, ranges)
    return queries.page(request, meter, position)


@dataclass(frozen=True)
class _Queries:
    """One query for each partition that the statement names, in their order."""

    table: ItemTable
    index: IndexSchema | None
    scope: Placeholders
    select: Select
    reading: Reading
    partitions: Sequence[Sequence[Condition]]
    ranges: Sequence[Condition]

    def page(self, request: Request, meter: Meter, position: Position) -> tuple[list[Item], Position | None]:
        keys = self.index or self.table.schema
        number, after = position
        items: list[Item] = []
        limit = request.get("Limit")
        while number < len(self.partitions):
            condition = reduce(And, [*self.partitions[number], *self.ranges])
            bounds = key_bounds(condition, {}, self.scope.values, keys.hashes, keys.ranges)
            start = start_of_page(self.table, self.index, after)
            within = KeyRange(bounds.hash, bounds.bounds, start, backwards=self.select.descending)
            page = page_of(self.table, self.index, {**request, "Limit": limit}, within, self.reading, meter)
            items += page["Items"]
            if limit is not None:
                limit -= page["ScannedCount"]
            if (last := page.get("LastEvaluatedKey")) is not None:
                return items, (number, last)
            number, after = number + 1, None
            if limit == 0 and number < len(self.partitions):
                return items, (number, None)
        return items, None


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    if isinstance(condition, And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    elif condition is not None:
        yield condition


def _attribute(part: Condition) -> str | None:
    """The top-level attribute that a comparison with values is about."""
    match part:
        case Comparison(_, PathOperand(path), ValueOperand(_)):
            pass
        case Between(PathOperand(path), ValueOperand(_), ValueOperand(_)):
            pass
        case BeginsWith(PathOperand(path), ValueOperand(_)):
            pass
        case In(PathOperand(path), choices) if all(isinstance(choice, ValueOperand) for choice in choices):
            pass
        case _:
            return None
    return str(path.steps[0]) if len(path.steps) == 1 else None


def _values(part: Condition) -> list[str]:
    return [name for name in part.parts() if isinstance(name, str)]


def _is_on(part: Condition, keys: IndexSchema | TableSchema, scope: Placeholders) -> bool:
    """Whether this part is about a key attribute; refused when it compares it with a value of another type."""
    name = _attribute(part)
    for key in keys.keys:
        if key.name == name:
            if any(key.type not in scope.values[value] for value in _values(part)):
                raise invalid(f"Key attribute's data type should match its data type in table's schema: Key {key.name}")
            return True
    return False


def _hash_tests(on_keys: Sequence[Condition], keys: IndexSchema | TableSchema) -> list[Condition]:
    """The equalities (or the choice) that fix the partition; empty when it is not fixed."""
    found = []
    for key in keys.hashes:
        tests = [part for part in on_keys if _attribute(part) == key.name and _fixes(part)]
        if not tests:
            return []
        found.append(tests[0])
    return found


def _fixes(part: Condition) -> bool:
    return isinstance(part, In) or (isinstance(part, Comparison) and part.operator == "=")


def _partitions(on_keys: Sequence[Condition], keys: IndexSchema | TableSchema) -> list[list[Condition]]:
    """The conditions on the hash key, once for each partition that the statement means."""
    out: list[list[Condition]] = [[]]
    for test in _hash_tests(on_keys, keys):
        choices = [test] if isinstance(test, Comparison) else _each_choice(test)
        out = [[*before, choice] for before in out for choice in choices]
    return [] if out == [[]] else out


def _each_choice(test: Condition) -> list[Condition]:
    assert isinstance(test, In)
    return [Comparison("=", test.operand, choice) for choice in dict.fromkeys(test.choices)]


def _on_ranges(on_keys: Sequence[Condition], keys: IndexSchema | TableSchema) -> list[Condition]:
    """One test for each range attribute from the left, as far as a query can use them."""
    found: list[Condition] = []
    for key in keys.ranges:
        usable = [part for part in on_keys if _attribute(part) == key.name and _bounds_range(part, key)]
        if not usable:
            break
        found.append(usable[0])
        if not (isinstance(usable[0], Comparison) and usable[0].operator == "="):
            break
    return found


def _bounds_range(part: Condition, key: KeyAttribute) -> bool:
    if isinstance(part, BeginsWith):
        return key.type != "N"
    return isinstance(part, Between) or (isinstance(part, Comparison) and part.operator != "<>")


def _check_order(select: Select, keys: IndexSchema | TableSchema, is_query: bool) -> None:
    if not select.order:
        return
    if select.where is None:
        raise invalid("Must have WHERE clause in the statement when using ORDER BY clause.")
    if not is_query:
        raise invalid(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    names = {key.name for key in keys.keys}
    for name in select.order:
        if name not in names:
            raise invalid(f"Variable reference {name} in ORDER BY clause must be part of the primary key")


# -- tokens of the next page -----------------------------------------------------------------------------------------


def next_token(request: Request, position: Position) -> str:
    """The NextToken of a page: where the next one begins, good for this statement only."""
    return base64.urlsafe_b64encode(json.dumps([_digest(request), *position]).encode()).decode()


def position_of(request: Request) -> Position:
    """Where a request's page begins."""
    token = request.get("NextToken")
    if token is None:
        return 0, None
    try:
        digest, number, key = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        raise invalid("Invalid NextToken") from None
    if digest != _digest(request):
        raise invalid("NextToken does not match request")
    return number, key


def _digest(request: Request) -> str:
    told = json.dumps([request["Statement"], request.get("Parameters")], sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
