"""Apps that declare themselves: a SAM or CloudFormation template, `serverless.yml`, a `[tool.pingbox]` table."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pingbox.emulator.services.lambda_.packages.cache_folders import kept_folders
from pingbox.emulator.services.lambda_.packages.packages import Packages
from pingbox.model.function import FunctionSpec
from pingbox.templates import TemplateError, read_app
from pingbox.testing.apps.tested import AppError, TestedApp

log = logging.getLogger(__name__)

ANYWHERE = "http://127.0.0.1"
"""Outputs of the template name addresses; a test asks the emulator for them."""


def declared_app(
    source: Path,
    *,
    parameters: Mapping[str, str],
    stage: str | None,
    region: str,
    environment: Mapping[str, str],
    in_process: bool,
) -> TestedApp:
    """Read it. Raises `AppError`, with the reader's own words.

    Functions are run as `pingbox serve` runs them: each with modules, layers, packages and variables of its own,
    Python ones in this process unless told otherwise. `environment` comes over the variables of each.
    """
    try:
        app = read_app(source, parameters=parameters, stage=stage, region=region, endpoint=ANYWHERE)
    except TemplateError as error:
        raise AppError(str(error)) from error
    packages = Packages(
        kept_folders(), os.environ, tell=log.warning, interpreter=Path(sys.executable) if in_process else None
    )
    functions = tuple(_with(spec, environment) for spec in packages.prepared(app.functions))
    for note in packages.notes:
        log.warning("%s", note)
    return TestedApp(source.name, replace(app, functions=functions), in_process=in_process)


def _with(spec: FunctionSpec, environment: Mapping[str, str]) -> FunctionSpec:
    return replace(spec, environment={**(spec.environment or {}), **environment}) if environment else spec
