"""A function's layers at `/opt`, mounted where this machine allows it, else redirected; and the exec wrapper."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import FunctionError, Returned
from pingbox.emulator.services.lambda_.process import opt
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec

App = Callable[..., Path]
Make = Callable[..., ProcessFunctions]

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
ways = pytest.mark.parametrize(
    "mounts",
    [
        pytest.param(True, marks=pytest.mark.skipif(not opt.can_mount(), reason="no mount namespaces here")),
        False,
    ],
    ids=["mounted", "redirected"],
)

READS = """
import json, os, pathlib
def handler(event, context):
    return {
        "open": open("/opt/data.txt").read(),
        "path": pathlib.Path("/opt/data.txt").read_text(),
        "exists": [os.path.exists("/opt/data.txt"), os.path.exists("/opt/other.txt")],
        "later": open("/opt/both.txt").read(),
        "listed": sorted(os.listdir("/opt/nested")),
    }
"""


@ways
async def test_python_reads_the_files_of_its_layers(processes: Make, app: App, mounts: bool) -> None:
    first = app({"data.txt": "one", "both.txt": "first", "nested/a": ""})
    second = app({"both.txt": "second"})
    spec = FunctionSpec("f", "app.handler", str(app(app_py=READS)), layers=(str(first), str(second)), timeout=20)
    outcome = await processes(spec, mounts=mounts).invoke("f", {})
    assert outcome == Returned(
        {"open": "one", "path": "one", "exists": [True, False], "later": "second", "listed": ["a"]}
    )


@ways
async def test_python_imports_from_its_layers_and_runs_their_programs(processes: Make, app: App, mounts: bool) -> None:
    version = "3.11"
    layer = app({
        "python/common.py": "NAME = 'common'\n",
        f"python/lib/python{version}/site-packages/deep.py": "NAME = 'deep'\n",
        "bin/greet": "#!/bin/sh\necho hello\n",
    })  # fmt: skip
    (layer / "bin" / "greet").chmod(0o755)
    code = app(
        app_py="""
        import common, deep, subprocess
        def handler(event, context):
            return [common.NAME, deep.NAME, subprocess.run(["greet"], capture_output=True, text=True).stdout]
        """
    )
    spec = FunctionSpec("f", "app.handler", str(code), f"python{version}", layers=(str(layer),), timeout=20)
    assert await processes(spec, mounts=mounts).invoke("f", {}) == Returned(["common", "deep", "hello\n"])


@needs_node
@ways
@pytest.mark.parametrize(
    "files",
    [
        {"app.js": "const c = require('/opt/nodejs/common'); exports.handler = async () => [c.name, c.read()];"},
        {"app.mjs": "import c from '/opt/nodejs/common.js'; export const handler = async () => [c.name, c.read()];"},
    ],
    ids=["require", "import"],
)
async def test_node_requires_and_reads_from_its_layers(
    processes: Make, app: App, mounts: bool, files: dict[str, str]
) -> None:
    layer = app({
        "nodejs/common.js": """
            const fs = require('node:fs');
            exports.name = 'common';
            exports.read = () => fs.readFileSync('/opt/data.txt', 'utf8') + fs.existsSync('/opt/none');
            """,
        "data.txt": "one ",
    })  # fmt: skip
    spec = FunctionSpec("f", "app.handler", str(app(files)), "nodejs20.x", layers=(str(layer),), timeout=20)
    assert await processes(spec, mounts=mounts).invoke("f", {}) == Returned(["common", "one false"])


@pytest.mark.skipif(not opt.can_mount(), reason="no mount namespaces here")
async def test_a_child_process_sees_mounted_layers_and_this_machine_does_not(processes: Make, app: App) -> None:
    layer, odd = app({"only_here.txt": "one"}), app({"odd:a,b/x": "two"}) / "odd:a,b"
    code = app(
        app_py="""
        import subprocess
        def handler(event, context):
            return subprocess.run(["cat", "/opt/only_here.txt"], capture_output=True, text=True).stdout
        """
    )
    spec = FunctionSpec("f", "app.handler", str(code), layers=(str(layer), str(odd)), timeout=20)
    assert await processes(spec).invoke("f", {}) == Returned("one")
    assert "only_here.txt" not in os.listdir("/opt")


@pytest.mark.fact("LM-42")
class TestTheExecWrapper:
    WRAPPER = '#!/bin/sh\nexport WRAPPED="$(basename $1)"\nexec "$@"\n'

    async def run(self, functions: ProcessFunctions) -> Any:
        return await functions.invoke("f", {})

    @ways
    async def test_runs_before_the_runtime(self, processes: Make, app: App, mounts: bool) -> None:
        layer = app({"wrapper": self.WRAPPER})
        (layer / "wrapper").chmod(0o755)
        code = app(app_py="import os\ndef handler(event, context):\n    return os.environ['WRAPPED']\n")
        variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
        spec = FunctionSpec("f", "app.handler", str(code), environment=variables, layers=(str(layer),), timeout=20)
        outcome = await self.run(processes(spec, mounts=mounts))
        assert isinstance(outcome, Returned)
        assert outcome.value.startswith("python")

    async def test_that_is_missing_ends_the_runtime_with_127(self, processes: Make, app: App) -> None:
        code = app(app_py="def handler(event, context): ...\n")
        variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/nothing-here"}
        outcome = await self.run(processes(FunctionSpec("f", "app.handler", str(code), environment=variables)))
        assert isinstance(outcome, FunctionError)
        assert outcome.error_type == "Runtime.ExitError"
        assert outcome.message.endswith("Runtime exited with error: exit status 127")
