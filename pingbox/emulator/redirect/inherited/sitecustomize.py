"""Run by every Python that a function starts, before its own code: the guard of the function holds for it, too.

It needs no PingBox to be installed for this interpreter, leaves no name behind, and runs the `sitecustomize` that would
have been found without it.
"""

import importlib
import importlib.machinery
import importlib.util
import json
import os
import sys
from types import ModuleType

_MINE = os.path.dirname(os.path.abspath(__file__))


def _guard(config: str) -> None:
    folder = os.path.dirname(_MINE)
    emulator = os.path.dirname(folder)
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "pingbox"}
    names = (("pingbox", os.path.dirname(emulator)), ("pingbox.emulator", emulator))
    for name, path in (*names, ("pingbox.emulator.redirect", folder)):
        package = ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package
    targets = importlib.import_module("pingbox.emulator.redirect.targets").Targets(**json.loads(config))
    guard = importlib.import_module("pingbox.emulator.redirect.guard")
    guard.install(targets.endpoint, targets=targets, with_children=True)
    for name in [name for name in sys.modules if name.split(".")[0] == "pingbox"]:
        del sys.modules[name]
    sys.modules.update(before)


def _next() -> None:
    """The sitecustomize that this one hides."""
    others = [path for path in sys.path if os.path.abspath(path or ".") != _MINE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if "PINGBOX_GUARD" in os.environ:
    _guard(os.environ["PINGBOX_GUARD"])
_next()
