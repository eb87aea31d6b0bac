"""An app's functions for the emulator's own process (`--in-process`): code loaded apart, variables their own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pingbox.emulator.functions.in_process import InProcessFunction
from pingbox.emulator.functions.launch import CannotRun, Surroundings, check, layer_folders, runtime_kind, variables
from pingbox.emulator.functions.outcome import FunctionSpec
from pingbox.emulator.functions.scoped_import import load_handler


def in_process_function(spec: FunctionSpec, surroundings: Surroundings, *, tmp: str, now: float) -> InProcessFunction:
    """`spec` as a function for `InProcessFunctions`. `tmp` is the folder for its temporary files, `now` names its log
    stream (seconds since the epoch). Raises `CannotRun` for what Lambda would refuse, and for all but Python.
    """
    check(spec)
    if runtime_kind(spec) != "python":
        raise CannotRun(f"function {spec.name} has the runtime {spec.runtime}: only Python runs in process")
    load = partial(load_handler, spec, layer_folders(spec))
    return InProcessFunction(load, spec.timeout, spec.memory, variables(spec, surroundings, tmp=tmp, now=now))


def runnable(specs: Iterable[FunctionSpec]) -> tuple[list[FunctionSpec], list[FunctionSpec]]:
    """Those that can run in process, and those that need a process of their own (Node and custom runtimes)."""
    python = [spec for spec in specs if spec.runtime.startswith("python")]
    return python, [spec for spec in specs if spec not in python]
