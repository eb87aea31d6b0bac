"""What a Python worker runs: prepare the process, then serve events until killed.

Started by path, with the app's own interpreter: `python bootstrap.py '{"code": …}'`. The environment is Lambda's own
(`_HANDLER`, `AWS_LAMBDA_RUNTIME_API` …); what Lambda has no word for comes as one JSON argument:

* `code`: the function's folder; `layers`: further folders for imports; `provided`: site-packages with boto3, or null;
* `targets`: the emulator's addresses for AWS calls, and what leads there, or null; `guard`: the folder of the package
  that does it and refuses real AWS.
* `opt`: the folders of the layers where they are not mounted at `/opt`, else empty.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ALIAS = "_pingbox_runtime"


def _main(options: dict[str, Any]) -> None:
    # The user's folder comes first, then layers, as on Lambda; this file's own folder is not to be found at all.
    sys.path[0:1] = [options["code"], *options["layers"]]
    sys.argv[:] = [""]
    _alias(_ALIAS, os.path.dirname(os.path.abspath(__file__)))
    _ours("uncached_source").install([options["code"], *options["layers"]])
    if options["opt"]:
        _ours("opt_paths").install(options["opt"])
    if options["targets"]:
        _guard(options["guard"], options["targets"])
    if options["provided"]:
        _ours("provided").install(options["provided"])
    _ours("serving").serve(os.environ)


def _alias(name: str, directory: str) -> None:
    """Make a folder importable as package `name`, so that its modules can never be mistaken for the user's."""
    package = ModuleType(name)
    package.__path__ = [directory]
    sys.modules[name] = package


def _ours(name: str) -> Any:
    return importlib.import_module(f"{_ALIAS}.{name}")


def _guard(folder: str, targets: dict[str, Any]) -> None:
    """Install PingBox's guard although PingBox may not be installed for this interpreter.

    The names are taken back afterwards, for the app may import a `pingbox` of its own.
    """
    emulator = os.path.dirname(folder)
    _alias("pingbox", os.path.dirname(emulator))
    _alias("pingbox.emulator", emulator)
    _alias("pingbox.emulator.redirect", folder)
    led = importlib.import_module("pingbox.emulator.redirect.targets").Targets(**targets)
    guard = importlib.import_module("pingbox.emulator.redirect.guard")
    guard.install(led.endpoint, targets=led, keep_socket=True, with_children=True)
    for name in [name for name in sys.modules if name.split(".")[0] == "pingbox"]:
        del sys.modules[name]


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
