"""Scan."""

from __future__ import annotations

from typing import Any

from pingbox.emulator.services.dynamodb.answers import Request, invalid
from pingbox.emulator.services.dynamodb.capacity import Meter, wanted
from pingbox.emulator.services.dynamodb.expressions.request import Expressions
from pingbox.emulator.services.dynamodb.operations.pages import (
    Reading,
    checked_start,
    index_of_request,
    page_of,
    start_of_page,
)
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import KeyRange


def scan(catalog: Catalog, request: Request) -> dict[str, Any]:
    meter = Meter(wanted(request))
    expressions = Expressions(request)
    condition = expressions.condition("FilterExpression")
    projection = expressions.projection()
    expressions.finish()
    segment = _segment(request)
    start = checked_start(request)
    table = catalog.table(request["TableName"])
    index = index_of_request(table, request)
    within = KeyRange(None, (), start_of_page(table, index, start))
    reading = Reading(condition, projection, expressions.scope, segment, fetches_for_filter=True)
    return page_of(table, index, request, within, reading, meter)


def _segment(request: Request) -> tuple[int, int] | None:
    segment, total = request.get("Segment"), request.get("TotalSegments")
    if segment is None and total is None:
        return None
    if total is None:
        raise invalid(
            "The TotalSegments parameter is required but was not present in the request "
            "when Segment parameter is present"
        )
    if segment is None:
        raise invalid(
            "The Segment parameter is required but was not present in the request "
            "when parameter TotalSegments is present"
        )
    if segment >= total:
        raise invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )
    return (segment, total) if total > 1 else None
