"""What moto lets through and AWS refuses: requests about tables, looked at before moto sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pingbox.emulator.services.dynamodb.answers import Refusal, Request, invalid
from pingbox.emulator.services.dynamodb.validation.request_form import counted
from pingbox.emulator.services.dynamodb.validation.table_rules import INVALID, table_name_problem, table_problems
from pingbox.emulator.services.dynamodb.validation.update_rules import (
    check_time_to_live,
    check_update,
    check_update_form,
)

MAX_TAGS = 50

Describe = Callable[[str], Mapping[str, Any] | None]
"""A table's name or ARN to its description, as DescribeTable answers it, None without such a table."""

_ARN = re.compile(r"arn:aws[a-z-]*:dynamodb:[^:]*:\d+:table/[^/]{3,255}(/.*)?")

_OF_A_TABLE = frozenset({"DeleteTable", "DescribeTable", "DescribeTimeToLive", "UpdateTable", "UpdateTimeToLive"})
_OF_TAGS = frozenset({"ListTagsOfResource", "TagResource", "UntagResource"})


def check_table_request(operation: str, request: Request, describe: Describe) -> None:
    """Raise the `Refusal` that AWS answers this request with, if it does; operations on items are none of this."""
    if operation == "CreateTable":
        _check_create(request)
    elif operation in _OF_A_TABLE:
        _check_of_a_table(operation, request, describe)
    elif operation in _OF_TAGS:
        _check_tags(request, describe)


def _check_create(request: Request) -> None:
    problems = table_problems(request)
    if problems:
        raise invalid(counted(problems) if problems[0].startswith("Value ") else problems[0])
    _check_tag_list(request.get("Tags") or ())


def _check_of_a_table(operation: str, request: Request, describe: Describe) -> None:
    name = request.get("TableName")
    if problem := table_name_problem(name):
        raise invalid(problem)
    if operation == "UpdateTable":
        check_update_form(request)
    assert isinstance(name, str)
    table = describe(name)
    if table is None:
        raise Refusal("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
    if operation == "UpdateTable":
        check_update(request, table)
    elif operation == "UpdateTimeToLive":
        check_time_to_live(request["TimeToLiveSpecification"], table["TimeToLiveDescription"])


def _check_tags(request: Request, describe: Describe) -> None:
    arn = request.get("ResourceArn")
    if not isinstance(arn, str) or not _ARN.fullmatch(arn):
        raise invalid(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    for name, what in (("Tags", "Tag"), ("TagKeys", "Tag Key")):
        if request.get(name) == []:
            raise invalid(f"Atleast one {what} needs to be provided as Input.")
    table = describe(arn)
    if table is None:
        raise Refusal("ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found")
    tags = request.get("Tags") or ()
    _check_tag_list(tags)
    keys = {tag["Key"] for tag in (*table["Tags"], *tags)}
    if len(keys) > MAX_TAGS:
        raise invalid(f"{INVALID}Too many tags: a table has at most {MAX_TAGS}, this request makes it {len(keys)}")


def _check_tag_list(tags: Any) -> None:
    keys = [tag["Key"] for tag in tags]
    for key in keys:
        if key.lower().startswith("aws:"):
            raise invalid(f"{INVALID}Tag keys starting with 'aws:' are reserved for system use: {key}")
        if keys.count(key) > 1:
            raise invalid(f"{INVALID}Tags should not contain duplicate keys: {key}")
    if len(keys) > MAX_TAGS:
        raise invalid(f"{INVALID}Too many tags: a table has at most {MAX_TAGS}, this request has {len(keys)}")
