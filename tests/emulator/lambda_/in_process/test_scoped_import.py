"""Users' code inside the emulator's process, each environment with modules of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.in_process.scoped_import import load_handler
from pingbox.emulator.services.lambda_.outcome import FunctionError, Returned
from pingbox.model.function import FunctionSpec

App = Callable[..., Path]
Make = Callable[..., InProcessFunctions]


def function(code: Path, handler: str = "app.handler", name: str = "f") -> InProcessFunction:
    return InProcessFunction(partial(load_handler, FunctionSpec(name, handler, str(code))))


async def test_two_functions_called_app_do_not_meet(in_process: Make, app: App) -> None:
    source = """
        import shared
        from shared import NAME
        def handler(event, context):
            import lazily
            return [NAME, shared.NAME, lazily.NAME]
    """
    codes = [app(app_py=source, shared_py=f"NAME = '{n}'", lazily_py=f"NAME = 'lazy {n}'") for n in ("one", "two")]
    functions = in_process({str(number): function(code) for number, code in enumerate(codes)})
    outcomes = await asyncio.gather(*(functions.invoke(name, {}) for name in "01" for _ in range(5)))
    assert outcomes[0] == Returned(["one", "one", "lazy one"])
    assert outcomes[5] == Returned(["two", "two", "lazy two"])
    assert not {"app", "shared", "lazily"} & set(sys.modules)
    functions.close()
    assert not [name for name in sys.modules if name.startswith("pingbox_function_")]


IMPORTS = {
    "import pkg.sub.leaf\nresult = pkg.sub.leaf.NAME": "leaf",
    "import pkg.sub.leaf as leaf\nresult = leaf.NAME": "leaf",
    "from pkg.sub import leaf\nresult = leaf.NAME": "leaf",
    "from pkg import sub\nresult = sub.VALUE": 7,
    "from pkg.sub.leaf import *\nresult = NAME": "leaf",
    "from pkg.uses import up, absolute\nresult = [up, absolute]": ["leaf", "leaf"],
    "from namespace.inner import NAME as result": "inner",
    "import json, os.path\nresult = json.loads('1')": 1,
    "import dataclasses_user\nresult = dataclasses_user.made.x": 3,
}


@pytest.mark.parametrize(("statement", "value"), IMPORTS.items())
async def test_every_way_of_importing_works(in_process: Make, app: App, statement: str, value: Any) -> None:
    code = app(
        {
            "app.py": f"{statement}\ndef handler(event, context):\n    return result\n",
            "pkg/__init__.py": "",
            "pkg/sub/__init__.py": "VALUE = 7\n",
            "pkg/sub/leaf.py": "NAME = 'leaf'\n",
            "pkg/uses.py": "from .sub.leaf import NAME as up\nfrom pkg.sub import leaf\nabsolute = leaf.NAME\n",
            "namespace/inner.py": "NAME = 'inner'\n",
            "dataclasses_user.py": """
                from __future__ import annotations
                from dataclasses import dataclass
                from typing import ClassVar
                @dataclass
                class Made:
                    x: int
                    y: ClassVar[int] = 1
                made = Made(3)
            """,
        }
    )
    outcome = await in_process({"f": function(code)}).invoke("f", {})
    assert outcome == Returned(value)


@pytest.mark.fact("LM-26")
async def test_module_globals_are_an_environments_own_and_survive(in_process: Make, app: App) -> None:
    code = app(app_py="n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n")
    functions = in_process({"a": function(code), "b": function(code)})
    outcomes = [await functions.invoke(name, {}) for name in ("a", "a", "b")]
    assert outcomes == [Returned(1), Returned(2), Returned(1)]


async def test_a_reload_runs_what_is_on_disk_now(in_process: Make, app: App) -> None:
    code = app(app_py="from lib import N\ndef handler(event, context):\n    return N\n", lib_py="N = 1\n")
    functions = in_process({"f": function(code)})
    first = await functions.invoke("f", {})
    (code / "lib.py").write_text("N = 2\n")
    functions.reload("f")
    assert (first, await functions.invoke("f", {})) == (Returned(1), Returned(2))


@pytest.mark.fact("LM-20")
@pytest.mark.parametrize(
    ("handler", "files", "error_type", "message"),
    [
        (
            "nodot",
            {},
            "Runtime.MalformedHandlerName",
            "Bad handler 'nodot': not enough values to unpack (expected 2, got 1)",
        ),
        ("gone.handler", {}, "Runtime.ImportModuleError", "Unable to import module 'gone': No module named 'gone'"),
        ("app.gone", {"app.py": ""}, "Runtime.HandlerNotFound", "Handler 'gone' missing on module 'app'"),
        ("sys.handler", {}, "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
        (
            "app.handler",
            {"app.py": "import lib\n", "lib.py": "import missing_one\n"},
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'missing_one'",
        ),
        (
            "app.handler",
            {"app.py": "from lib import missing_one\n", "lib.py": ""},
            "Runtime.ImportModuleError",
            "Unable to import module 'app': cannot import name 'missing_one' from 'lib'",
        ),
        (
            "app.handler",
            {"app.py": "def handler(:\n"},
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
    ],
)
async def test_errors_are_worded_as_lambda_words_them(
    in_process: Make, app: App, handler: str, files: dict[str, str], error_type: str, message: str
) -> None:
    outcome = await in_process({"f": function(app(files), handler)}).invoke("f", {})
    assert isinstance(outcome, FunctionError)
    assert outcome.error_type == error_type
    assert outcome.message.startswith(message)
    assert not [name for name in sys.modules if name.startswith("pingbox_function_")]
