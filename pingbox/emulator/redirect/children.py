"""The processes that a function starts are guarded as it is: Python by `sitecustomize`, Node by `--require`.

What they need is put into the environment that children inherit, not into `os.environ`, which is the function's own.
"""

from __future__ import annotations

import json
import os

from pingbox.emulator.redirect.after_import import AfterImport
from pingbox.emulator.redirect.targets import Targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

CONFIG = "PINGBOX_GUARD"
_ENV = 10  # the place of `env` among the arguments of Popen
_HERE = os.path.dirname(os.path.abspath(__file__))
_INHERITED = os.path.join(_HERE, "inherited")  # the folder of sitecustomize.py
_NODE_GUARD = os.path.join(os.path.dirname(_HERE), "services", "lambda_", "runtimes", "node", "guard.cjs")


def install(targets: Targets) -> None:
    """Guard every child that this process starts from now on, for as long as it lives."""
    config = json.dumps(targets.as_json())
    for name, value in variables(config, os.environ).items():
        os.putenv(name, value)
    _guard_popen(config)


def variables(config: str, environ: Any) -> dict[str, str]:
    """What guards a child that would otherwise have `environ`."""
    node_options = f'--require "{_NODE_GUARD}"'
    return {
        CONFIG: config,
        "PYTHONPATH": os.pathsep.join(filter(None, (_INHERITED, environ.get("PYTHONPATH", "")))),
        "NODE_OPTIONS": " ".join(filter(None, (node_options, environ.get("NODE_OPTIONS", "")))),
    }


def _guard_popen(config: str) -> None:
    """`subprocess` with an environment of its own."""

    def guarded(environ: Any) -> Any:
        if environ is None or CONFIG in environ:
            return environ
        return {**environ, **variables(config, environ)}

    def patch(module: ModuleType) -> None:
        original = module.Popen.__init__

        def init(self: Any, *args: Any, **options: Any) -> None:
            if "env" in options:
                options["env"] = guarded(options["env"])
            elif len(args) > _ENV:
                args = (*args[:_ENV], guarded(args[_ENV]), *args[_ENV + 1 :])
            original(self, *args, **options)

        module.Popen.__init__ = init

    AfterImport({"subprocess": patch}).install()
