"""What PingBox uses or replaces inside libraries, by name. A new version that moves one of these parts is noticed here.

The tests run at the newest versions that pyproject.toml allows; the upper bounds keep the next major ones out.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from typing import Any

import airspeed
import boto3
import pytest
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.httpsession import URLLib3Session
from websockets.server import ServerProtocol

from support.repository import ROOT


def names(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("part", "parameters"),
    [
        (BaseClient._make_api_call, ["self", "operation_name", "api_params"]),
        (BaseClient._make_request, ["self", "operation_model", "request_dict", "request_context"]),
        (BaseClient._emit_api_params, ["self", "api_params", "operation_model", "context"]),
        (Endpoint._send, ["self", "request"]),
        (URLLib3Session.send, ["self", "request"]),
        (ServerProtocol.recv_frame, ["self", "frame"]),
        (ServerProtocol.fail, ["self", "code", "reason"]),
    ],
    ids=lambda part: getattr(part, "__qualname__", ""),
)
def test_what_is_replaced_is_called_as_we_know_it(part: Any, parameters: list[str]) -> None:
    assert names(part) == parameters


def test_botocore_turns_parameters_into_a_request_as_we_know_it() -> None:
    assert {"endpoint_url", "set_user_agent_header"} <= set(names(BaseClient._convert_to_request_dict))


def test_a_client_of_boto3_has_the_parts_that_are_read() -> None:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    assert isinstance(client._endpoint, Endpoint)
    assert client._service_model.operation_model("GetItem").input_shape is not None
    assert client._serializer._param_validator is not None
    client.close()


@pytest.mark.parametrize("literal", ["StringLiteral", "InterpolatedStringLiteral"])
@pytest.mark.parametrize("part", ["STRING", "ESCAPED_CHAR"])
def test_airspeeds_literals_have_the_patterns_that_are_replaced(literal: str, part: str) -> None:
    assert isinstance(getattr(getattr(airspeed, literal), part), re.Pattern)


def test_every_dependency_has_an_upper_bound_but_those_that_count_years() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    open_ended = [one for one in project["dependencies"] if "<" not in one]
    assert open_ended == ["packaging>=24"]
