"""The wheel in a stranger's project: a test that tested nothing is not green, and every test meets its own app."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


SERVICE = """
    [tool.pingbox]
    app = "app:ROUTES"
"""
APP = """
    ROUTES = {{"$connect": lambda event, context: {{"statusCode": {status}}}}}
"""
CONNECTS = """
    import pytest
    from pingbox.testing import RefusedError

    def test_connect(ws):
        with pytest.raises(RefusedError) as refused:
            ws.connect()
        assert refused.value.status == {status}
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_each_project_of_a_monorepo_tests_its_own_app(run_pytest, project, workers):
    """The table that is nearest above the test counts, and so does the module of that name beside it."""
    for name, status in (("orders", 401), ("chat", 403)):
        write(project / "services" / name, pyproject_toml=SERVICE, app_py=APP.format(status=status))
        write(project / "services" / name / "tests", **{f"test_{name}_py": CONNECTS.format(status=status)})
    done = run_pytest("-q", "--import-mode=importlib", "services", *workers)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_test_whose_app_nobody_names_is_an_error_that_says_how(run_pytest, project):
    """PingBox's own chat in its place would let a stranger's connect test pass on the wrong app."""
    (project / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (project / "conftest.py").unlink()
    write(project / "tests", test_nothing_py="def test_connect(ws):\n    ws.connect()\n")
    done = run_pytest("-q", "tests/test_nothing.py")
    assert "1 error" in done.stdout, done.stdout + done.stderr
    assert "no app is named for test_nothing.py. Write [tool.pingbox] into a pyproject.toml" in done.stdout
    done = run_pytest("-q", "-o", "pingbox_app=pingbox:chat", "tests/test_nothing.py")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


UNUSED = """
    def test_of_a_fault(pingbox, ws):
        ws.connect(name="ana")
        pingbox.faults.drop_posts(to="ana")


    def test_of_a_misspelt_function(pingbox):
        pingbox.faults.kill("sya")
"""


def test_faults_that_never_struck_and_misspelt_ones(run_pytest, project):
    write(project / "tests", test_unused_py=UNUSED)
    done = run_pytest("-q", "tests/test_unused.py")
    assert "2 failed" in done.stdout, done.stdout + done.stderr
    assert "ordered, and never struck; order it for what happens, or call faults.allow_unused():" in done.stdout
    assert "no function or route key is called 'sya'; there are:" in done.stdout
    done = run_pytest("-q", "-o", "pingbox_allow_unused_faults=true", "tests/test_unused.py")
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr


STRICT = """
    import pytest

    def fail(event, context):
        raise KeyError("nothing here")

    @pytest.fixture(scope="session")
    def pingbox_app():
        return {"$default": fail}

    def test_that_does_not_look(pingbox, ws):
        ws.connect(name="ana").send("x")
        pingbox.settle()

    @pytest.mark.pingbox_strict(False)
    def test_that_may_fail(pingbox, ws):
        ws.connect().send("x")
        pingbox.settle()
"""


def test_strict_by_choice(run_pytest, project):
    write(project / "tests", test_strict_py=STRICT)
    done = run_pytest("-q", "tests/test_strict.py")
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    done = run_pytest("-q", "-o", "pingbox_strict=true", "tests/test_strict.py")
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "an invocation failed: $default → fail: KeyError: 'nothing here'" in done.stdout
    assert "ana got a message that nobody read" in done.stdout
    assert "├───" in done.stdout, "the diagram is shown"


UNITTEST = """
    import unittest
    from pingbox.testing import Emulator

    class TestOfUnittest(unittest.TestCase):
        def setUp(self):
            self.emulator = Emulator({"$default": lambda event, context: None}).start()
            self.addCleanup(self.emulator.stop)

        def test_that_fails(self):
            ana = self.emulator.ws.connect(name="ana")
            ana.send("hello there")
            ana.expect("never", timeout=0.1)
"""


def test_unittest_shows_the_diagram(run_pytest, project):
    write(project / "tests", test_old_py=UNITTEST)
    done = run_pytest("-q", "tests/test_old.py")
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "PingBox: what happened in app" in done.stdout
    assert "hello there" in done.stdout.partition("PingBox: what happened")[2]


KINDS = """
    import pytest
    import trio

    async def test_sync_clients_in_an_async_test(ws_sync, ws_async):
        ana, bo = ws_sync.connect(name="ana"), await ws_async.connect(name="bo")
        ana.send_json({"action": "say", "text": "hi"})
        assert ana.open and bo.open

    def test_in_trio(ws_async, ws_sync):
        async def conversation():
            with pytest.raises(RuntimeError, match="use ws_sync, whose methods block"):
                await ws_async.connect()
            ana = await trio.to_thread.run_sync(ws_sync.connect)
            assert ana.open

        trio.run(conversation)
"""


def test_clients_of_either_kind_in_any_test(run_pytest, project):
    write(project / "tests", test_kinds_py=KINDS)
    done = run_pytest("-q", "--asyncio-mode=auto", "tests/test_kinds.py")
    assert "2 passed" in done.stdout, done.stdout + done.stderr
