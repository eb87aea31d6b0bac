"""The chat is an app like any other: what runs here is what its template declares."""

from __future__ import annotations

import pytest

from pingbox.chat.app import chat_app
from pingbox.chat.declaration import FUNCTIONS, ROUTES, TABLES
from pingbox.model.api import LambdaProxy, Throttle
from pingbox.templates import TemplateError


def test_every_function_runs_with_the_handler_the_time_and_the_variables_of_its_declaration() -> None:
    declared = {one.name: (one.handler, one.timeout, one.memory, set(one.environment)) for one in FUNCTIONS}
    read = {
        one.name: (one.handler, one.timeout, one.memory, set(one.environment or {})) for one in chat_app().functions
    }
    assert read == declared


def test_every_route_calls_the_function_of_its_declaration() -> None:
    [api] = chat_app().apis
    assert {route.route_key: route.integration for route in api.routes} == {
        route.route_key: LambdaProxy(route.function) for route in ROUTES
    }


def test_every_table_and_every_schedule_is_there() -> None:
    app = chat_app()
    assert {table.name: table.ttl_attribute for table in app.tables} == {table.name: table.ttl for table in TABLES}
    scheduled = {one.name: one.schedule for one in FUNCTIONS if one.schedule}
    assert {one.function: one.expression for one in app.schedules} == scheduled
    assert [one.seconds for one in app.schedules] == [300.0]


def test_a_parameter_of_the_template_reaches_the_functions() -> None:
    message = chat_app(parameters={"RetentionDays": "30"}).function("MessageLambda")
    assert message is not None
    assert (message.environment or {})["RETENTION_DAYS"] == "30"


def test_a_parameter_that_the_template_does_not_allow_is_refused() -> None:
    with pytest.raises(TemplateError, match="RetentionDays"):
        chat_app(parameters={"RetentionDays": "1"})


def test_the_throttle_of_the_deployed_stage_is_left_out_unless_asked_for() -> None:
    """It protects a bill, and a laptop has none."""
    assert chat_app().apis[0].stages[0].throttle == Throttle()
    assert chat_app(throttled=True).apis[0].stages[0].throttle == Throttle(100.0, 200)


def test_the_stage_is_the_one_that_is_asked_for() -> None:
    assert [stage.name for stage in chat_app("my-stage").apis[0].stages] == ["my-stage"]


def test_there_is_nothing_to_warn_of() -> None:
    assert chat_app().warnings == ()
