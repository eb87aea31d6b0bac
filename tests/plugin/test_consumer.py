"""The wheel in a stranger's project: pytest finds the fixtures, and everything the stranger has goes on working."""

from __future__ import annotations


def test_every_kind_of_test_is_green(run_pytest):
    """async, plain, unittest, beside moto, with folders called web, deploy and emulator; asyncio in strict mode."""
    done = run_pytest("-q", "--asyncio-mode=strict")
    assert "11 passed" in done.stdout, done.stdout + done.stderr


def test_so_it_is_in_auto_mode_and_with_xdist(run_pytest):
    """Each worker has an emulator of its own."""
    done = run_pytest("-q", "--asyncio-mode=auto", "-n", "2")
    assert "11 passed" in done.stdout, done.stdout + done.stderr


def test_a_project_that_asks_for_nothing_pays_nothing(run_pytest, project):
    """The plugin is loaded in every pytest of its machine: it must not bring boto3 along."""
    (project / "conftest.py").unlink()
    (project / "tests" / "test_quiet.py").write_text(
        "import sys\n"
        "def test_nothing_heavy():\n"
        "    heavy = {'boto3', 'botocore', 'aiohttp', 'moto', 'websockets', 'pingbox.testing', 'asyncio.base_events'}\n"
        "    assert heavy & set(sys.modules) <= {'asyncio.base_events'}\n"
    )
    done = run_pytest("-q", "tests/test_quiet.py")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_it_can_be_switched_off(run_pytest):
    done = run_pytest("-q", "-o", "pingbox=false", "tests/test_sync.py")
    assert "fixture 'ws' not found" in done.stdout


def test_other_plugins_names_come_first(run_pytest, project):
    """A plugin with a fixture `dynamodb` keeps it; ours has a long name, too."""
    (project / "other_plugin.py").write_text("import pytest\n@pytest.fixture\ndef dynamodb():\n    return 'theirs'\n")
    (project / "tests" / "test_names.py").write_text(
        "def test_names(dynamodb, pingbox_dynamodb):\n"
        "    assert dynamodb == 'theirs'\n"
        "    assert pingbox_dynamodb.tables == ['people']\n"
    )
    done = run_pytest("-q", "-p", "other_plugin", "tests/test_names.py")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


FAILING = """
from pingbox.testing.faults import ColdStart


def test_fails(pingbox, ws):
    pingbox.faults.schedule(7, kinds=[ColdStart])
    ana, bo = ws.connect(name="ana"), ws.connect(name="bo")
    pingbox.faults.drop_posts(to="bo")
    ana.send_json({"action": "sendMessage", "text": "hi"})
    bo.expect(text="hi", timeout=0.2)
"""


def test_a_failure_shows_the_conversation_and_the_schedule(run_pytest, project):
    """A diagram of who said what, the seed, and the schedule as Python to paste."""
    (project / "tests" / "test_failing.py").write_text(FAILING)
    done = run_pytest("-q", "tests/test_failing.py")
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "bo expected within 0.2 s" in done.stdout
    assert "PingBox: what happened" in done.stdout
    assert "⚡ post to bo dropped" in done.stdout
    assert "# pingbox.faults.schedule(7) ordered:\npingbox.faults.order(\n" in done.stdout


def test_so_does_a_fixture_that_fails(run_pytest, project):
    """Most people connect their clients in a fixture."""
    (project / "tests" / "test_fixture.py").write_text(
        "import pytest\n"
        "@pytest.fixture\n"
        "def ana(ws):\n"
        "    ana = ws.connect(name='ana')\n"
        "    ana.expect('welcome', timeout=0.2)\n"
        "def test_never_runs(ana):\n"
        "    pass\n"
    )
    done = run_pytest("-q", "tests/test_fixture.py")
    assert "1 error" in done.stdout, done.stdout + done.stderr
    assert "PingBox: what happened" in done.stdout


def test_a_forgotten_await_is_no_green_test(run_pytest, project):
    (project / "tests" / "test_forgotten.py").write_text(
        "import pytest\n"
        "@pytest.mark.asyncio\n"
        "async def test_of_nothing(ws):\n"
        "    ana = await ws.connect()\n"
        "    ana.expect('never')\n"
    )
    done = run_pytest("-q", "tests/test_forgotten.py")
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "never awaited, so it did nothing; write `await` before it:" in done.stdout
    assert "During handling of the above exception" not in done.stdout
    assert "WebSocket.expect(…) in test_forgotten.py:5, test_of_nothing" in done.stdout


def test_a_slip_in_the_table_is_told_and_not_taken_for_the_chat(run_pytest, project):
    """`[tool.pingbox]` that names no app is a slip; only without the table PingBox's own chat is meant."""
    pyproject = project / "pyproject.toml"
    pyproject.write_text('[tool.pingbox]\naap = "app:ROUTES"\n')
    done = run_pytest("-q", "tests/test_sync.py::test_everybody_hears")
    assert "1 error" in done.stdout, done.stdout + done.stderr
    assert "aap" in done.stdout
    pyproject.write_text('[tool.pingbox]\nname = "mine"\n')
    done = run_pytest("-q", "tests/test_sync.py::test_everybody_hears")
    assert "1 error" in done.stdout, done.stdout + done.stderr
    assert "routes" in done.stdout


def test_a_wrong_app_is_told_with_the_way_out(run_pytest, project):
    done = run_pytest("-q", "-o", "pingbox_app=app:ROTUES", "tests/test_sync.py::test_everybody_hears")
    assert "has no 'ROTUES'; expected a mapping of route keys to handlers" in done.stdout
