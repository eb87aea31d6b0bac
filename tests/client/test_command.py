"""`pingbox chat` as a person or a script runs it, against a served chat."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from pingbox.client import connect
from pingbox.client.command import socket_address
from pingbox.client.identity import Identities
from pingbox.client.shown import line
from support.serving import Serving, serving
from support.waiting import until_sync


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve"), "--ephemeral", "--rate", "0") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}


def chat(home: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pingbox", "chat", *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, env=home)


def messages(url: str, room: str) -> list[tuple[str, str]]:
    with connect(url) as reader:
        page = reader.ask(action="history", room=room)
        return [(event["user"]["name"], event["text"]) for event in page["events"]]


def test_what_is_piped_in_is_stored_when_it_ends(served: Serving, home: dict[str, str]) -> None:
    """Each line a message, in order; the room is started; nothing is printed that nobody asked for."""
    url = served.addresses["websocket"]
    done = chat(home, url, "--room", "ops", "--name", "CI", typed="build 7 is green\n\ndeploying\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert messages(url, "ops") == [("CI", "build 7 is green"), ("CI", "deploying")]


def test_the_pages_address_will_do_and_the_same_person_comes_back(served: Serving, home: dict[str, str]) -> None:
    assert chat(home, served.addresses["page"], "--room", "again", "--name", "Ana", typed="one\n").returncode == 0
    assert chat(home, served.addresses["page"], "--room", "again", typed="two\n").returncode == 0
    assert messages(served.addresses["websocket"], "again") == [("Ana", "one"), ("Ana", "two")]


def test_events_come_as_json_lines(served: Serving, home: dict[str, str]) -> None:
    done = chat(home, served.addresses["websocket"], "--room", "json", "--json", typed="hi\n")
    events = [json.loads(text) for text in done.stdout.splitlines()]
    assert [event["text"] for event in events if event["type"] == "message"] == ["hi"]


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["ftp://x"], "", "begins with none of ws://"),
        (["--room", "No Room!"], "x\n", "not a room id"),
        (["--room", "ops"], "x" * 4001 + "\n", "4001 characters"),
        (["--token", "x.y.z"], "x\n", "HTTP 401"),
    ],
)
def test_what_fails_says_so_and_exits_with_1(
    served: Serving, home: dict[str, str], arguments: list[str], typed: str, said: str
) -> None:
    url = [] if arguments[0] == "ftp://x" else [served.addresses["websocket"]]
    done = chat(home, *url, *arguments, typed=typed)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_person_talks_in_a_terminal(served: Serving, home: dict[str, str]) -> None:
    """Types, sees the answer of another, changes and likes it, asks who is there, leaves."""
    url = served.addresses["websocket"]
    with connect(url, name="Bo", rooms=["general"]) as bo, terminal(home, url, "--name", "Ana") as screen:
        screen.sees("General")
        screen.types("hello")
        screen.sees("<Ana> hello")
        answer = bo.send("general", "hi @ana \x1b[31m".replace("\x1b", ""))
        screen.sees("<Bo> hi @ana")
        screen.types(f"/react {answer['seq']} 👍")
        screen.sees("Ana likes 👍")
        screen.types(f"/edit {answer['seq']} mine")
        screen.sees("written by another")
        screen.types("/who")
        screen.sees("2 online: Ana, Bo")
        screen.types("/nonsense")
        screen.sees("there is no /nonsense")
        screen.types("/dm Bo")
        screen.sees("Bo: no topic")
        screen.types("/join cats")
        screen.sees("cats: no topic")
        screen.types("/quit")
        assert screen.process.wait(timeout=20) == 0


class terminal:  # noqa: N801 - used as a context manager
    """The command with a terminal of its own."""

    def __init__(self, home: dict[str, str], *arguments: str) -> None:
        self._master, slave = pty.openpty()
        command = [sys.executable, "-m", "pingbox", "chat", *arguments]
        environment = home | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._output = ""

    def __enter__(self) -> terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def types(self, text: str) -> None:
        self._output = ""
        os.write(self._master, f"{text}\r".encode())

    def sees(self, text: str) -> None:
        until_sync(
            lambda: text in self._read(), f"{text!r} on the screen, which has: {self._output[-800:]!r}", within=30
        )

    def _read(self) -> str:
        with contextlib.suppress(BlockingIOError, OSError):
            self._output += os.read(self._master, 65536).decode(errors="replace")
        return self._output


def test_a_room_is_exported_whole(served: Serving, home: dict[str, str]) -> None:
    """More than one page, oldest first; what was deleted is a line without a text."""
    url = served.addresses["websocket"]
    with connect(url, name="Ana", rooms=["general"]) as ana:
        ana.ask(action="createRoom", room="archive")
        for i in range(120):
            ana.send("archive", f"line {i}")
        ana.put("archive", {"action": "deleteMessage", "target": 2})
    command = [sys.executable, "-m", "pingbox", "export", "archive", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=home)
    messages = [json.loads(text) for text in done.stdout.splitlines()]
    assert [message.get("text") for message in messages] == [None if i == 1 else f"line {i}" for i in range(120)]
    assert messages[1]["deleted"] is True


def test_a_room_that_is_not_there_cannot_be_exported(served: Serving, home: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pingbox", "export", "nowhere", served.addresses["websocket"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no room nowhere" in done.stderr


@pytest.mark.parametrize("address", ["ws://h/dev", "wss://h.example/prod"])
def test_a_sockets_address_is_taken_as_it_is(address: str) -> None:
    assert socket_address(address) == address


def test_a_page_that_is_no_chat_is_told(served: Serving) -> None:
    with pytest.raises(click.ClickException, match=r"config\.json"):
        socket_address(f"{served.addresses['page']}nowhere/at/all")


def test_what_a_stranger_wrote_does_not_steer_the_terminal() -> None:
    event: dict[str, Any] = {"type": "message", "room": "r", "seq": 1, "ts": 0, "user": {"name": "E\x1b[2J"},
                             "text": "\x1b]0;title\x07\x9b31m\u202etxt"}  # fmt: skip
    shown = line(event, "r")
    assert shown is not None
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)


def test_identities_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    identities = Identities(tmp_path / "deep" / "ids.json")
    identities.keep("ws://a", {"token": "t", "name": "Ana"})
    identities.keep("ws://b", {"token": "u", "name": "Bo"})
    assert identities.of("ws://a") == {"token": "t", "name": "Ana"}
    assert identities.of("ws://c") == {}
    assert (tmp_path / "deep" / "ids.json").stat().st_mode & 0o077 == 0
    (tmp_path / "deep" / "ids.json").write_text("[broken")
    assert identities.of("ws://a") == {}
