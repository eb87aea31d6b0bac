"""How long a Lambda environment needs from its first import to being ready, and how much of that is boto3's own.

The zip that would be deployed is unpacked, and each measurement is a fresh process that finds nothing but it and boto3,
with the variables that the template gives the function. The zip brings no compiled code and Lambda's folder cannot be
written, so the functions' own modules are compiled each time, as there.
The best of several runs counts. CPU time stands beside the wall clock: on a busy machine only it can be believed.
"""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pingbox.chat.declaration import FUNCTIONS
from pingbox.deploy.artifacts.package import chat_artifact

LIMIT_MS = 450
_CLOCK = "import sys, time; start = time.perf_counter(); sys.path[:0] = sys.argv[1:3]\n"
_TELL = "\nprint((time.perf_counter() - start) * 1000, time.process_time() * 1000)"
# In Lambda (AWS_LAMBDA_RUNTIME_API is set) importing a handler makes its clients, in the init phase.
_READY = "import {module}"
_BOTO3 = """\
import boto3
from botocore.config import Config
endpoint = "https://x.execute-api.us-east-1.amazonaws.com/dev"
boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=Config())
boto3.client("dynamodb", config=Config())
"""
_VALUES = {
    "CONNECTIONS_TABLE": "Connections",
    "MESSAGES_TABLE": "Messages",
    "MANAGEMENT_ENDPOINT": "https://x.execute-api.us-east-1.amazonaws.com/dev",
    "TOKEN_SECRET_PARAMETER": "/pingbox/token",
    "FANOUT_FUNCTION": "FanoutLambda",
}
"""The other variables may be missing, as they may when deployed."""


@dataclass(frozen=True)
class Start:
    """Milliseconds by the clock on the wall, and of CPU time with the interpreter's own start."""

    what: str
    wall: float
    cpu: float


def run(*, quick: bool = False) -> list[Start]:
    """Measure. `boto3 alone` makes the two clients that every posting function has."""
    rounds = 3 if quick else 9
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(io.BytesIO(chat_artifact().body)).extractall(folder)
        found = [Start("boto3 alone, its two clients", *_best(_BOTO3, {}, folder, rounds))]
        for function in FUNCTIONS:
            module = function.handler.rpartition(".")[0]
            given = {name: _VALUES[name] for name in function.environment if name in _VALUES}
            best = _best(_READY.format(module=module), given, folder, rounds)
            found.append(Start(f"{module.rpartition('.')[2]}, ready", *best))
    return found


def table(starts: list[Start]) -> str:
    """Milliseconds, and how many of them are not boto3's."""
    boto3 = starts[0]
    lines = [
        f"best of several fresh processes; at most {LIMIT_MS} ms are allowed",
        "",
        "| start | ms | beyond boto3 | CPU ms | beyond boto3 |",
        "|--|--:|--:|--:|--:|",
    ]
    for start in starts:
        wall, cpu = start.wall - boto3.wall, start.cpu - boto3.cpu
        lines.append(f"| {start.what} | {start.wall:.0f} | {wall:+.0f} | {start.cpu:.0f} | {cpu:+.0f} |")
    return "\n".join(lines)


def _best(program: str, variables: Mapping[str, str], folder: str, rounds: int) -> tuple[float, float]:
    walls, cpus = zip(*(_once(program, variables, folder) for _ in range(rounds)), strict=True)
    return min(walls), min(cpus)


def _once(program: str, variables: Mapping[str, str], folder: str) -> tuple[float, float]:
    found = importlib.util.find_spec("boto3")
    assert found is not None
    assert found.origin is not None
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", _CLOCK + program + _TELL, folder, str(Path(found.origin).parents[1])],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu
