"""An app's own virtual environment runs its functions; what it lacks is named, with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.packages.hints import hint
from pingbox.emulator.services.lambda_.packages.interpreters import interpreter_for
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec

App = Callable[..., Path]


def venv(folder: Path) -> Path:
    """What looks like one; returns its interpreter."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return python


class TestTheInterpreter:
    def test_is_that_of_the_venv_beside_the_code(self, app: App) -> None:
        code = app(app_py="")
        python = venv(code / ".venv")
        assert interpreter_for(code, {}).executable == python

    def test_or_above_it_in_the_project(self, tmp_path: Path) -> None:
        (tmp_path / "project" / "src").mkdir(parents=True)
        (tmp_path / "project" / "template.yaml").touch()
        (tmp_path / "project" / "requirements.txt").touch()
        python = venv(tmp_path / "project" / "venv")
        venv(tmp_path / ".venv")
        found = interpreter_for(tmp_path / "project" / "src", {})
        assert found.executable == python
        assert found.requirements == tmp_path / "project" / "requirements.txt"

    def test_or_the_active_one_or_pingboxes_own(self, app: App, tmp_path: Path) -> None:
        code = app(app_py="")
        python = venv(tmp_path / "active")
        assert interpreter_for(code, {"VIRTUAL_ENV": str(tmp_path / "active")}).executable == python
        assert interpreter_for(code, {"VIRTUAL_ENV": "/gone"}).executable == Path(sys.executable)


async def test_an_apps_venv_without_boto3_and_pingbox_runs_its_functions(
    processes: Callable[..., ProcessFunctions], app: App
) -> None:
    """Its own packages are found; boto3 comes from PingBox, as on Lambda it just is there; nothing else does."""
    code = app(
        app_py="""
        import sys, boto3, only_here
        try:
            import aiohttp
        except ImportError:
            aiohttp = None
        def handler(event, context):
            return [sys.prefix, boto3.__name__, only_here.NAME, aiohttp]
        """
    )
    # Off the loop's thread it would be no faster, and nothing else happens meanwhile.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(code / ".venv")], check=True)  # noqa: ASYNC221
    [site_packages] = (code / ".venv").glob("lib/python*/site-packages")
    (site_packages / "only_here.py").write_text("NAME = 'venv'\n")
    spec = FunctionSpec("f", "app.handler", str(code), timeout=20)
    outcome = await processes(spec, endpoint="http://127.0.0.1:9").invoke("f", {})
    assert outcome == Returned([str(code / ".venv"), "boto3", "venv", None])


def missing(message: str) -> dict[str, Any]:
    return {"errorType": "Runtime.ImportModuleError", "errorMessage": message}


class TestTheHint:
    def test_names_the_command_for_a_requirement_that_is_not_installed(self, app: App) -> None:
        code = app({"requirements.txt": "# ours\nRequests[socks]>=2\n"})
        spec = FunctionSpec("f", "app.handler", str(code))
        text = hint(spec, missing("Unable to import module 'app': No module named 'requests.adapters'"), {})
        assert text is not None
        assert text.startswith(f"pingbox: requests is listed in {code / 'requirements.txt'} but not installed for ")
        assert text.endswith(f"-m pip install -r {code / 'requirements.txt'}")

    @pytest.mark.parametrize(
        ("module", "package"),
        [
            ("numpy.linalg", "numpy"),
            ("aws_lambda_powertools", "aws-lambda-powertools"),
            ("jwt", "pyjwt"),
            ("PIL", "pillow"),
        ],
    )
    def test_or_names_the_package_the_file_to_write_it_into_and_the_command(
        self, app: App, module: str, package: str
    ) -> None:
        code = app()
        text = hint(FunctionSpec("f", "app.handler", str(code)), missing(f"…: No module named '{module}'"), {})
        assert text is not None
        assert f"there is no {module.partition('.')[0]} for" in text
        assert f"write {package} into {code / 'requirements.txt'}" in text
        assert text.endswith(f"-m pip install {package}")

    def test_knows_a_listed_package_whose_module_has_another_name(self, app: App) -> None:
        code = app({"requirements.txt": "PyJWT[crypto]==2.9\n"})
        text = hint(FunctionSpec("f", "app.handler", str(code)), missing("…: No module named 'jwt'"), {})
        assert text is not None
        assert text.startswith(f"pingbox: jwt is listed in {code / 'requirements.txt'} but not installed for ")

    def test_sends_node_to_npm(self, app: App) -> None:
        code = app({"package.json": "{}"})
        spec = FunctionSpec("f", "app.handler", str(code), runtime="nodejs20.x")
        text = hint(spec, missing("Error: Cannot find module 'uuid'\nRequire stack:"), {})
        assert text == f"pingbox: there is no uuid here; run npm install in {code}"

    @pytest.mark.parametrize(
        "error",
        [
            missing("Unable to import module 'app': No module named 'app'"),
            missing("Unable to import module 'app': cannot import name 'x' from 'y'"),
            {"errorType": "ValueError", "errorMessage": "No module named 'x'"},
            None,
        ],
    )
    def test_is_silent_where_it_knows_nothing_better(self, app: App, error: Any) -> None:
        assert hint(FunctionSpec("f", "app.handler", str(app())), error, {}) is None


async def test_the_hint_stands_in_the_functions_log(
    processes: Callable[..., ProcessFunctions], app: App, log: Any
) -> None:
    code = app({"app.py": "import nothing_called_so\n", "requirements.txt": "nothing-called-so\n"})
    await processes(FunctionSpec("f", "app.handler", str(code)), environ=os.environ).invoke("f", {})
    assert f"pingbox: nothing_called_so is listed in {code / 'requirements.txt'}" in log.own()[-1]
