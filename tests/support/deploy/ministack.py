"""MiniStack as the stand-in for AWS: started once, an account of its own for each test, permissions enforced."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from support.waiting import until_sync

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-deploy" / "ministack" / "bin" / "python"
HOOK = ROOT / "tests" / "deploy" / "ministack_hook"
REGION = "us-east-1"


class MiniStack:
    """One running MiniStack. Use as a context manager."""

    def __init__(self) -> None:
        assert PYTHON.is_file(), "MiniStack is not installed: run `make test-deploy`"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = tempfile.TemporaryDirectory(prefix="pingbox-ministack-")
        self._log = Path(self._folder.name) / "log"
        self._accounts = itertools.count(111_111_111_111)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> MiniStack:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self._folder.name,
            "TMPDIR": self._folder.name,
            "PYTHONPATH": str(HOOK),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AUTH": "true",
            "STATE_DIR": self._folder.name,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(PYTHON), "-m", "ministack"],
                env=environment,
                cwd=self._folder.name,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its Lambda processes end with it
            )
        until_sync(self._is_up, "MiniStack to answer", within=60)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._folder.cleanup()

    def account(self) -> Account:
        """A fresh account: nothing in it, nobody else sees it."""
        return Account(self.url, str(next(self._accounts)))

    def log(self) -> str:
        """What MiniStack said, for a failing test."""
        return self._log.read_text(errors="replace")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@dataclass
class Account:
    """One AWS account in MiniStack, by its root's credentials (MiniStack takes a twelve-digit key as one)."""

    url: str
    id: str
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What makes any boto3 come here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the account's root."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=self.id,
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def outputs(self, stack: str) -> dict[str, str]:
        """A stack's outputs."""
        [found] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {entry["OutputKey"]: entry["OutputValue"] for entry in found["Outputs"]}

    def physical(self, stack: str, logical_id: str) -> str:
        """A resource's physical id."""
        answer = self.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Call a function; its answer, or a failed assertion with what it said."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        body = answer["Payload"].read()
        assert "FunctionError" not in answer, body.decode()
        return json.loads(body)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
