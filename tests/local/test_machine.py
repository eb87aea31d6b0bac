"""`pingbox serve` and the machine: inherited settings, addresses, file descriptors, signals, disks."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import signal
import socket
import stat
from pathlib import Path

import pytest

from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb import StoreError
from pingbox.emulator.services.dynamodb.storage.store import FILE_NAME, Store
from pingbox.local.data_dir import DataDirError, token_secret
from pingbox.local.machine import LoopErrors
from support.serving import pingbox, serving
from support.waiting import until_sync

INHERITED = {
    "AWS_PROFILE": "nonexist",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "bogus",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_CA_BUNDLE": "/nowhere/ca.pem",
    "AWS_DEFAULT_REGION": "mars",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}


def test_no_inherited_aws_setting_matters_to_serve(tmp_path: Path) -> None:
    with serving(tmp_path, "--ephemeral", env=INHERITED) as running:
        assert running.stop() == 0
    assert "Traceback" not in running.output


@pytest.mark.parametrize("name", INHERITED)
def test_nor_to_a_client_that_the_emulator_makes(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, INHERITED[name])
    client = Boto3Redirect("http://127.0.0.1:3001", region="eu-west-1").client("dynamodb")
    assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:3001")


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_an_ipv6_address_stands_in_brackets_and_answers(tmp_path: Path) -> None:
    with serving(tmp_path, "--ephemeral", "--host", "::1") as running:
        assert running.addresses["websocket"].startswith("ws://[::1]:")
        host, port = running.addresses["endpoint"].removeprefix("http://").rsplit(":", 1)
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"


def test_a_closed_terminal_stops_it_as_sigterm_does(tmp_path: Path) -> None:
    with serving(tmp_path, "--ephemeral") as running:
        assert running.stop(signal.SIGHUP) == 0
    assert not (tmp_path / "ready.json").exists()


def address(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").rsplit(":", 1)
    return host, int(port)


def test_tls_on_the_plain_port_is_closed_at_once_with_a_hint(tmp_path: Path) -> None:
    with serving(tmp_path, "--ephemeral") as running:
        with socket.create_connection(address(running.addresses["endpoint"]), timeout=10) as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""
        running.stop()
    assert "a client speaks TLS on this port, which is plain" in running.output


@pytest.mark.fact("QT-40")
@pytest.mark.parametrize(("size", "status"), [(9_000, b"101"), (10_240, b"431")])
def test_one_long_header_is_taken_up_to_the_limit_of_all(tmp_path: Path, size: int, status: bytes) -> None:
    with serving(tmp_path, "--ephemeral") as running:
        with socket.create_connection(address(running.addresses["endpoint"]), timeout=10) as client:
            client.sendall(
                b"GET /dev HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                b"Cookie: " + b"x" * size + b"\r\n\r\n"
            )
            assert client.recv(12) == b"HTTP/1.1 " + status
        running.stop()
    assert ("the request line and headers take" in running.output) is (status == b"431")


def test_without_file_descriptors_new_connections_are_refused_and_the_log_stays_short(tmp_path: Path) -> None:
    """`ulimit -n 256`, macOS's default, and no way to raise it."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limit[1]))
    try:
        prefix = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))"
        site = tmp_path / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(prefix)
        with serving(tmp_path, "--ephemeral", env={"PYTHONPATH": str(site)}) as running:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            clients = [socket.create_connection(address(running.addresses["endpoint"]), 10) for _ in range(400)]
            until_sync(lambda: any(is_closed(client) for client in clients), "a refused connection")
            for client in clients:
                client.close()
            with socket.create_connection(address(running.addresses["endpoint"]), 10) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.1 200"
            assert running.stop() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert "file descriptors run out (limit 256)" in running.output
    assert "Traceback" not in running.output
    assert len(running.output.splitlines()) < 60


def is_closed(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_a_want_of_descriptors_is_told_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []

    class Loop:
        def default_exception_handler(self, context: object) -> None:
            told.append(context)

    handler, loop = LoopErrors(), Loop()
    other = {"message": "m", "exception": ValueError("x")}
    with caplog.at_level(logging.ERROR):
        for _ in range(1000):
            handler(loop, {"exception": OSError(errno.EMFILE, "Too many open files")})  # type: ignore[arg-type]
        handler(loop, other)  # type: ignore[arg-type]
    assert len(caplog.records) == 1
    assert told == [other]
    asyncio.new_event_loop().close()


class TestTheDataFolder:
    def test_is_its_owners_alone(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        with serving(tmp_path, "--data-dir", str(folder)) as running:
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            running.stop()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert set(modes.values()) == {0o600}
        assert {FILE_NAME, "token-secret"} <= modes.keys()

    @pytest.mark.parametrize("kept", [b"", b"short", b" \n" * 40, b"x" * 31])
    def test_has_no_secret_that_anyone_could_guess(
        self, tmp_path: Path, kept: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What a crash leaves: an empty file would let anyone sign any guest's token."""
        (tmp_path / "token-secret").write_bytes(kept)
        secret = token_secret(tmp_path)
        assert len(secret) == 64
        assert token_secret(tmp_path) == secret
        assert [path.name for path in tmp_path.iterdir()] == ["token-secret"]
        assert "expected at least 32" in caplog.text
        assert secret.decode() not in caplog.text

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_that_cannot_be_written_is_one_sentence(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(DataDirError, match="cannot be written: Permission denied"):
            token_secret(tmp_path)

    def test_whose_first_start_fails_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A disk that was full at the first start must not leave a file that is "another program's" at the second."""
        from pingbox.emulator.services.dynamodb.storage import store

        def full(*_: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(store, "_take", full)
        with pytest.raises(StoreError):
            Store.open(tmp_path / "data")
        monkeypatch.undo()
        assert list((tmp_path / "data").iterdir()) == []
        Store.open(tmp_path / "data").close()

    def test_that_is_a_file_or_lies_in_one_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        ended = pingbox("serve", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        assert "cannot be opened: Not a directory" in ended.stderr

    def test_with_damaged_pages_is_one_sentence(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        with serving(tmp_path, "--data-dir", str(folder)) as running:
            running.stop()
        file = folder / FILE_NAME
        content = bytearray(file.read_bytes())
        content[200:] = os.urandom(len(content) - 200)
        file.write_bytes(content)
        ended = pingbox("serve", "--port", "0", "--data-dir", str(folder))
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        assert "is damaged" in ended.stderr
