"""An app's functions for the emulator's own process (`--in-process`): code loaded apart, variables their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial
from importlib import metadata

from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction
from pingbox.emulator.services.lambda_.in_process.scoped_import import load_handler
from pingbox.emulator.services.lambda_.packages import requirements
from pingbox.emulator.services.lambda_.process.launch import (
    EXEC_WRAPPER,
    CannotRun,
    HostEnvironment,
    check,
    layer_folders,
    runtime_kind,
    variables,
)
from pingbox.model.function import FunctionSpec


def in_process_function(spec: FunctionSpec, host: HostEnvironment, *, tmp: str, now: float) -> InProcessFunction:
    """`spec` as a function for `InProcessFunctions`. `tmp` is the folder for its temporary files, `now` names its log
    stream (seconds since the epoch). Raises `CannotRun` for what Lambda would refuse, and for all but Python.
    """
    check(spec)
    if runtime_kind(spec) != "python":
        raise CannotRun(f"function {spec.name} has the runtime {spec.runtime}: only Python runs in process")
    if EXEC_WRAPPER in (spec.environment or {}):
        raise CannotRun(f"function {spec.name} has {EXEC_WRAPPER}, which starts a process")
    if others := requested_otherwise(spec):
        raise CannotRun(f"function {spec.name} needs {', '.join(others)}; this process has another")
    load = partial(load_handler, spec, layer_folders(spec))
    return InProcessFunction(load, spec.timeout, spec.memory, variables(spec, host, tmp=tmp, now=now))


def requested_otherwise(spec: FunctionSpec) -> list[str]:
    """What was installed for it because this process has another version (`pydantic<2`).

    Libraries expect to be imported by their own names, and a process has one module of a name.
    """
    if not spec.packages:
        return []
    asked = [requirements.read_requirements(file) for file in requirements.files(spec)]
    return [each for wanted in asked for each in requirements.in_other_versions(wanted, _here(wanted.names))]


def _here(names: Iterable[str]) -> dict[str, str]:
    """As the process stands: with the packages of functions that were loaded before."""
    found = {}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
