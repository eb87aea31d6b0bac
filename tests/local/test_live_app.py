"""An app is live when it is saved: code for the next event, the template without dropping a connection (HS-10).

Beneath the kit: what is tested is `pingbox serve`'s house, which watches files; the kit's emulator reads its app once.
"""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from pingbox.local.app_server import AppServer
from pingbox.settings import ServeSettings
from pingbox.testing import Clients
from support.waiting import until
from support.wheels import wheel

ROUTES = """
[tool.pingbox]
[tool.pingbox.routes]
hello = {{ handler = "app.hello", two-way = true }}
{more}
"""
CODE = "def hello(event, context):\n    return {{'statusCode': 200, 'body': '{word}'}}\n\nbye = hello\n"


@pytest.fixture
def app(tmp_path):
    (tmp_path / "pyproject.toml").write_text(ROUTES.format(more=""))
    (tmp_path / "app.py").write_text(CODE.format(word="first"))
    return tmp_path


@asynccontextmanager
async def served(app, **settings):
    """A client of the app."""
    server = AppServer(ServeSettings(port=0, app=str(app), **settings))
    await server.start()
    try:
        async with Clients(server.addresses.websocket) as ws:
            yield await ws.connect(name="ana")
    finally:
        await server.stop()


async def asked(client, action):
    await client.send_json({"action": action})
    return await client.receive()


async def becomes(client, action, word):
    """Ask until the answer is `word`: saving is noticed within some tenths of a second."""
    answers = [await asked(client, action)]
    while word not in answers[-1] and len(answers) < 500:
        answers.append(await asked(client, action))
    assert word in answers[-1], f"after {len(answers)} answers: {answers[-1]}"


@pytest.mark.fact("HS-10")
@pytest.mark.parametrize("in_process", [False, True], ids=["processes", "in process"])
async def test_saved_code_answers_the_next_event_of_an_open_connection(app, in_process):
    async with served(app, in_process=in_process) as ana:
        assert await asked(ana, "hello") == "first"
        (app / "app.py").write_text(CODE.format(word="second"))
        await becomes(ana, "hello", "second")


@pytest.mark.fact("HS-10")
async def test_a_route_added_to_the_template_is_served_to_open_connections(app):
    async with served(app, in_process=True) as ana:
        assert "Forbidden" in await asked(ana, "bye")
        (app / "pyproject.toml").write_text(ROUTES.format(more='bye = { handler = "app.bye", two-way = true }'))
        await becomes(ana, "bye", "first")


async def test_a_broken_template_leaves_what_was_served(app, caplog):
    async with served(app, in_process=True) as ana:
        (app / "pyproject.toml").write_text("[tool.pingbox.routes]\nhello = 7\n")
        for _ in range(500):
            assert await asked(ana, "hello") == "first"
            if "what was served goes on" in caplog.text:
                break
        assert "what was served goes on" in caplog.text


@pytest.mark.parametrize("in_process", [False, True], ids=["processes", "in process"])
async def test_a_requirement_that_is_added_is_installed_for_the_next_event(app, in_process, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name = f"greeting_{'here' if in_process else 'there'}"
    wheel(tmp_path / "wheels", name, "1.0", "WORD = 'hello'\n")
    (app / "app.py").write_text(
        f"def hello(event, context):\n"
        f"    try:\n        import {name} as greeting\n"
        f"    except ImportError:\n        return {{'statusCode': 200, 'body': 'not yet'}}\n"
        f"    return {{'statusCode': 200, 'body': greeting.WORD}}\n"
    )
    async with served(app, in_process=in_process) as ana:
        assert await asked(ana, "hello") == "not yet"
        (app / "requirements.txt").write_text(f"--no-index\n--find-links {tmp_path / 'wheels'}\n{name}\n")
        await until(
            lambda: list((tmp_path / "cache" / "pingbox" / "pip").glob(f"[0-9a-f]*/{name}.py")), "pip to end", within=60
        )
        await becomes(ana, "hello", "hello")
