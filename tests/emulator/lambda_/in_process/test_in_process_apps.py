"""An app's Python functions in the emulator's process: variables as on Lambda, each function's its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.in_process.apps import in_process_function
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunctions
from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.process.launch import CannotRun, HostEnvironment
from pingbox.model.function import FunctionSpec

App = Callable[..., Path]
Make = Callable[..., InProcessFunctions]

MINE = HostEnvironment("eu-west-1", "http://127.0.0.1:9", {"PATH": "/bin", "SECRET": "s3cret"})


@pytest.fixture
def run(in_process: Make, app: App, tmp_path: Path) -> Callable[..., InProcessFunctions]:
    """Functions `a` and `b` with the same code, TABLE being their name."""

    def make(source: str) -> InProcessFunctions:
        code = app(app_py=source)
        specs = [FunctionSpec(name, "app.handler", str(code), environment={"TABLE": f"table {name}"}) for name in "ab"]
        return in_process(
            {spec.name: in_process_function(spec, MINE, tmp=str(tmp_path), now=1_700_000_000.0) for spec in specs}
        )

    return make


@pytest.mark.fact("LM-1", "LM-2", "LM-3")
async def test_every_function_sees_its_own_variables_and_nobody_elses(run: Any) -> None:
    functions = run(
        """
        import os
        AT_IMPORT = os.environ["TABLE"]
        def handler(event, context):
            return [AT_IMPORT, os.getenv("TABLE"), os.environ.get("SECRET"), os.environ["AWS_LAMBDA_FUNCTION_NAME"],
                    os.environ.copy()["AWS_REGION"], "HOME" in os.environ]
        """
    )
    outcomes = await asyncio.gather(*(functions.invoke(name, {}) for name in "ab"))
    assert outcomes == [Returned([f"table {name}", f"table {name}", None, name, "eu-west-1", False]) for name in "ab"]


async def test_what_a_handler_sets_stays_in_its_environment(run: Any) -> None:
    functions = run(
        """
        import os
        def handler(event, context):
            before = os.environ.get("SEEN")
            os.environ["SEEN"] = "yes"
            return before
        """
    )
    outcomes = [await functions.invoke(name, {}) for name in ("a", "a", "b")]
    assert outcomes == [Returned(None), Returned("yes"), Returned(None)]
    assert "SEEN" not in os.environ


async def test_the_process_has_its_own_variables_before_during_and_after(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.environ
    functions = run("def handler(event, context): pass\n")
    await functions.invoke("a", {})
    monkeypatch.setenv("OURS", "1")
    assert os.environ["OURS"] == before["OURS"] == "1"
    functions.close()
    assert os.environ is before


def test_what_cannot_run_in_process_says_so(app: App) -> None:
    node = FunctionSpec("n", "app.handler", str(app(app_js="")), runtime="nodejs20.x")
    with pytest.raises(CannotRun, match=r"function n has the runtime nodejs20\.x: only Python runs in process"):
        in_process_function(node, MINE, tmp="/tmp", now=0.0)


class TestInstalledPackages:
    """Libraries are imported by their own names, so in a process there is one version of each."""

    def test_of_another_version_than_this_process_has_need_a_process_of_their_own(self, app: App) -> None:
        code = app({"app.py": "", "requirements.txt": "click<2\npyyaml\n"})
        spec = FunctionSpec("f", "app.handler", str(code), packages=("/cache/pip/1",))
        with pytest.raises(CannotRun, match="function f needs click<2; this process has another"):
            in_process_function(spec, MINE, tmp="/tmp", now=0.0)

    def test_that_suit_this_process_do_not(self, app: App) -> None:
        code = app({"app.py": "def handler(event, context): ...", "requirements.txt": "click>=8\nnot-here==1\n"})
        spec = FunctionSpec("f", "app.handler", str(code), packages=("/cache/pip/1",))
        assert in_process_function(spec, MINE, tmp="/tmp", now=0.0).timeout == spec.timeout
