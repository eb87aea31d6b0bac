"""Apps that declare themselves: a SAM or CloudFormation template, `serverless.yml`, a `[tool.pingbox]` table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction
from pingbox.emulator.services.lambda_.in_process.scoped_import import load_handler
from pingbox.model.function import FunctionSpec
from pingbox.templates import TemplateError, read_app
from pingbox.testing.apps.tested import AppError, Table, TestedApp

ANYWHERE = "http://127.0.0.1"
"""Outputs of the template name addresses; a test asks the emulator for them."""


def declared_app(source: Path, *, parameters: Mapping[str, str], stage: str | None, in_process: bool) -> TestedApp:
    """Read it. Raises `AppError`, with the reader's own words.

    Python functions run in this process, each with modules of its own. A function of another runtime, one with
    layers, and one whose environment contradicts another's run in processes of their own; all do without `in_process`.
    """
    try:
        app = read_app(source, parameters=parameters, stage=stage, endpoint=ANYWHERE)
    except TemplateError as error:
        raise AppError(str(error)) from error
    here, processes, environment = _parted(app.functions, in_process)
    functions = {spec.name: InProcessFunction(partial(load_handler, spec), spec.timeout, spec.memory) for spec in here}
    tables = tuple(Table(table.parameters, table.ttl_attribute) for table in app.tables)
    return TestedApp(source.name, app.apis, lambda running: functions, tuple(processes), tables, environment)


def _parted(
    specs: Sequence[FunctionSpec], in_process: bool
) -> tuple[list[FunctionSpec], list[FunctionSpec], dict[str, str]]:
    """Those that can run in this process, the others, and the variables of the first."""
    here: list[FunctionSpec] = []
    processes: list[FunctionSpec] = []
    environment: dict[str, str] = {}
    for spec in specs:
        own = dict(spec.environment or {})
        agrees = all(environment.get(name, value) == value for name, value in own.items())
        if in_process and agrees and spec.runtime.startswith("python") and not spec.layers:
            here.append(spec)
            environment.update(own)
        else:
            processes.append(spec)
    return here, processes, environment
