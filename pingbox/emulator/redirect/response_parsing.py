"""Answers as botocore would parse them, without walking what needs no change.

botocore's parser visits every attribute of every item. All it changes is: binary becomes bytes, timestamps become
datetimes, and members that the model does not know are dropped. Items without binary are passed on as they are.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from pingbox.emulator.services.port import JsonAnswer


def parsed_output(shape: Any, body: dict[str, Any]) -> dict[str, Any]:
    """`body` as botocore's JSON parser would hand it on; `shape` is the operation's output shape, or None."""
    if shape is None:
        return {}
    members = shape.members
    return {
        name: _parsed(members[name], value) for name, value in body.items() if name in members and value is not None
    }


def _parsed(shape: Any, value: Any) -> Any:
    if shape.name == "AttributeValue":
        return _attribute(value)
    kind = shape.type_name
    if kind == "structure":
        return parsed_output(shape, value)
    if kind == "list":
        return [_parsed(shape.member, one) for one in value]
    if kind == "map":
        if shape.value.name == "AttributeValue":
            return _item(value)
        return {name: _parsed(shape.value, one) for name, one in value.items()}
    if kind == "timestamp":
        from botocore.utils import parse_timestamp

        return parse_timestamp(value)
    return base64.b64decode(value) if kind == "blob" else value


def _item(item: dict[str, Any]) -> dict[str, Any]:
    for value in item.values():
        for kind in value:
            if kind in _MAY_HOLD_BINARY:
                return {name: _attribute(one) for name, one in item.items()}
    return item


_MAY_HOLD_BINARY = frozenset({"B", "BS", "M", "L"})


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    for kind, content in value.items():
        if kind == "B":
            return {"B": base64.b64decode(content)}
        if kind == "BS":
            return {"BS": [base64.b64decode(one) for one in content]}
        if kind == "M":
            return {"M": _item(content)}
        if kind == "L":
            return {"L": [_attribute(one) for one in content]}
    return value


def json_response(model: Any, url: str, answer: JsonAnswer) -> tuple[LocalResponse, dict[str, Any]]:
    """What botocore makes of an answer of the JSON protocol: (response, parsed)."""
    request_id = secrets.token_hex(26).upper()
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": request_id}
    response = LocalResponse(url, answer.status, headers, lambda: json.dumps(answer.body).encode())
    if answer.status >= 300:
        return response, parse(model, response)
    parsed = parsed_output(model.output_shape, answer.body)
    parsed["ResponseMetadata"] = {
        "RequestId": request_id,
        "HTTPStatusCode": answer.status,
        "HTTPHeaders": headers,
        "RetryAttempts": 0,
    }
    return response, parsed


def parse(model: Any, response: Any) -> dict[str, Any]:
    """Botocore's own parser on the bytes; what an HTTP answer would have become."""
    from botocore.parsers import create_parser

    protocol = model.service_model.resolved_protocol
    parser = _parsers.get(protocol)
    if parser is None:
        parser = _parsers.setdefault(protocol, create_parser(protocol))
    raw = {
        "status_code": response.status_code,
        "headers": response.headers,
        "body": response.content,
        "context": {"operation_name": model.name},
    }
    parsed: dict[str, Any] = parser.parse(raw, model.output_shape)
    if response.status_code >= 300:
        _add_modeled_fields(model, parser, raw, parsed)
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    return parsed


def _add_modeled_fields(model: Any, parser: Any, raw: dict[str, Any], parsed: dict[str, Any]) -> None:
    # As botocore.endpoint.Endpoint._add_modeled_parse does: members of the error's own shape, such as Item.
    code = parsed.get("Error", {}).get("Code")
    shape = model.service_model.shape_for_error_code(code) if code else None
    if shape is not None:
        parsed.update(parser.parse(raw, shape))


_parsers: dict[str, Any] = {}


class LocalResponse:
    """What `after-call` handlers see of the HTTP response; the content is only made when it is asked for."""

    def __init__(self, url: str, status: int, headers: Mapping[str, str], content: Callable[[], bytes]) -> None:
        self.url = url
        self.status_code = status
        self.headers = dict(headers)
        self.raw = None
        self._content = content

    @property
    def content(self) -> bytes:
        return self._content()

    @property
    def text(self) -> str:
        return self.content.decode()
