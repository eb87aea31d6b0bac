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
from pingbox.emulator.services.lambda_.packages.interpreters import interpreter_for, mismatch, node_for
from pingbox.emulator.services.lambda_.packages.packages import other_versions
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


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


OTHER = "3.12" if sys.version_info[:2] != (3, 12) else "3.13"


class TestADeclaredVersion:
    """`Runtime: python3.12` on a machine whose own Python is another."""

    @pytest.mark.parametrize(
        "place",
        [
            f"bin/python{OTHER}",
            f".pyenv/versions/{OTHER}.18/bin/python",
            f".local/share/uv/python/cpython-{OTHER}.18-linux-x86_64-gnu/bin/python{OTHER}",
            f".asdf/installs/python/{OTHER}.18/bin/python",
            f".local/share/mise/installs/python/{OTHER}/bin/python",
        ],
    )
    def test_is_found_where_version_managers_keep_it(self, app: App, tmp_path: Path, place: str) -> None:
        python = program(tmp_path / place)
        environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
        found = interpreter_for(app(app_py=""), environ, f"python{OTHER}")
        assert (found.executable, found.version) == (python, OTHER)

    def test_is_not_a_shim_of_a_version_manager(self, app: App, tmp_path: Path) -> None:
        program(tmp_path / "shims" / f"python{OTHER}", "#!/bin/sh\nexit 127\n")
        environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "shims")}
        assert interpreter_for(app(app_py=""), environ, f"python{OTHER}").executable == Path(sys.executable)

    def test_that_is_ours_is_run_by_ours(self, app: App, tmp_path: Path) -> None:
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        program(tmp_path / f"python{own}")
        environ = {"PATH": str(tmp_path)}
        assert interpreter_for(app(app_py=""), environ, f"python{own}").executable == Path(sys.executable)
        assert mismatch(FunctionSpec("f", "app.handler", str(app(app_py="")), f"python{own}"), environ) is None

    def test_that_is_nowhere_is_told_with_what_to_install(self, app: App) -> None:
        spec = FunctionSpec("f", "app.handler", str(app(app_py="")), "python3.99")
        told = mismatch(spec, {"PATH": ""})
        assert told is not None
        assert "not on the declared 3.99: install Python 3.99, for instance with uv python install 3.99" in told

    def test_of_a_venv_is_told_if_it_is_another(self, app: App) -> None:
        code = app(app_py="")
        python = venv(code / ".venv")
        (code / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.8.18\n")
        told = mismatch(FunctionSpec("f", "app.handler", str(code), "python3.12"), {"PATH": ""})
        assert told is not None
        assert told.startswith(f"runs on Python 3.8 ({python}, {code / '.venv'}), not on the declared 3.12")

    @pytest.mark.parametrize(
        "place",
        [
            ".nvm/versions/node/v22.11.0/bin/node",
            ".local/share/fnm/node-versions/v22.1.0/installation/bin/node",
            ".volta/tools/image/node/22.2.0/bin/node",
            ".asdf/installs/nodejs/22.2.0/bin/node",
        ],
    )
    def test_of_node_is_found_too(self, tmp_path: Path, place: str) -> None:
        other = program(tmp_path / "bin" / "node", "#!/bin/sh\necho v18.0.1\n")
        environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
        found = node_for("nodejs22.x", environ)
        assert found is not None
        assert (found.executable, found.version) == (other, "18")
        program(tmp_path / place)
        found = node_for("nodejs22.x", environ)
        assert found is not None
        assert (found.executable, found.version) == (tmp_path / place, "22")

    def test_of_node_that_is_not_here_is_told(self, app: App, tmp_path: Path) -> None:
        program(tmp_path / "bin" / "node", "#!/bin/sh\necho v18.0.1\n")
        environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
        told = mismatch(FunctionSpec("f", "app.handler", str(app(app_js="")), "nodejs22.x"), environ)
        assert told is not None
        assert told.startswith("runs on Node.js 18 (")
        assert told.endswith("install Node.js 22, for instance with nvm install 22")

    def test_is_told_once_for_all_functions_of_a_runtime(self, app: App) -> None:
        code = str(app(app_py=""))
        specs = [FunctionSpec(name, "app.handler", code, "python3.99") for name in ("a", "b")]
        [told] = other_versions(specs, {"PATH": ""}, None)
        assert told.startswith("a, b each: runs on Python ")

    def test_stands_beside_the_error(self, app: App) -> None:
        spec = FunctionSpec("f", "app.handler", str(app(app_py="")), "python3.99")
        error = {"errorType": "Runtime.UserCodeSyntaxError", "errorMessage": "Syntax error in module 'app'"}
        assert str(hint(spec, error, {"PATH": ""})).startswith("pingbox: f runs on Python ")

    @pytest.mark.skipif(
        interpreter_for(Path("/"), dict(os.environ), f"python{OTHER}").version != OTHER, reason=f"no Python {OTHER}"
    )
    async def test_runs_the_function(self, processes: Callable[..., ProcessFunctions], app: App) -> None:
        code = app(
            app_py="""
            import sys, boto3
            def handler(event, context):
                return [sys.version_info[:2], boto3.__name__]
            """
        )
        spec = FunctionSpec("f", "app.handler", str(code), f"python{OTHER}", timeout=20)
        assert await processes(spec).invoke("f", {}) == Returned([[int(n) for n in OTHER.split(".")], "boto3"])


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
