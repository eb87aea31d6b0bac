"""Local Lambda: what an invocation costs over the handler's own time, and what starting an environment costs.

References, measured in the same run: `loop.run_in_executor` for functions in process; AWS's own Python runtime
(`awslambdaric`, where it is installed) under the same Runtime API for processes; the bare interpreter's start.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.lambda_.outcome import Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec

_EVENT = {
    "requestContext": {
        "routeKey": "sendMessage", "messageId": "OJ2gbeKjoAMCIbQ=", "eventType": "MESSAGE", "stage": "dev",
        "extendedRequestId": "OJ2gbEkZIAMFWKQ=", "requestTime": "10/Jan/2024:11:55:00 +0000", "apiId": "abc123",
        "messageDirection": "IN", "connectedAt": 1704887645000, "requestTimeEpoch": 1704887700000,
        "identity": {"sourceIp": "127.0.0.1"}, "requestId": "OJ2gbEkZIAMFWKQ=", "connectionId": "OJ2gYc3FIAMCIbQ=",
        "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
    },
    "body": '{"action": "sendMessage", "text": "hello from the benchmark"}',
    "isBase64Encoded": False,
}  # fmt: skip
_RESULT = {"statusCode": 200}
_PYTHON = f"def handler(event, context):\n    return {_RESULT}\n"
_NODE = "exports.handler = async () => ({ statusCode: 200 });\n"
_AWS = '#!/bin/sh\nexec {python} -B -m awslambdaric "$_HANDLER"\n'


@dataclass(frozen=True)
class Row:
    """A measured figure in milliseconds; `reference` is None where nothing compares, and named by `against`."""

    what: str
    milliseconds: float
    reference: float | None = None
    against: str = ""


def run(quick: bool = False) -> list[Row]:
    """Medians of warm invocations, one after another, and of starts."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), 300 if quick else 5_000, 3 if quick else 15))


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| | ms | reference ms | ratio | reference |", "|--|--:|--:|--:|--|"]
    for row in rows:
        reference = "" if row.reference is None else f"{row.reference:.3f}"
        ratio = "" if not row.reference else f"{row.milliseconds / row.reference:.2f}"
        lines.append(f"| {row.what} | {row.milliseconds:.3f} | {reference} | {ratio} | {row.against} |")
    return "\n".join(lines)


async def _run(folder: Path, calls: int, starts: int) -> list[Row]:
    (folder / "app.py").write_text(_PYTHON)
    (folder / "app.js").write_text(_NODE)
    return [*await _in_process(calls), *await _python(folder, calls, starts), *await _node(folder, calls, starts)]


async def _in_process(calls: int) -> list[Row]:
    functions = InProcessFunctions({"f": InProcessFunction.of(lambda event, context: _RESULT)})
    with ThreadPoolExecutor(1) as executor:
        loop = asyncio.get_running_loop()
        reference = await _times(calls, lambda: loop.run_in_executor(executor, lambda: _RESULT))
    ours = await _times(calls, lambda: functions.invoke("f", _EVENT))
    functions.close()
    against = "loop.run_in_executor"
    return [
        Row("in process, warm, p50", _at(ours, 0.5), _at(reference, 0.5), against),
        Row("in process, warm, p99", _at(ours, 0.99), _at(reference, 0.99), against),
    ]


async def _python(folder: Path, calls: int, starts: int) -> list[Row]:
    warm, cold = await _processes(FunctionSpec("f", "app.handler", str(folder)), calls, starts)
    real: list[float] = []
    if importlib.util.find_spec("awslambdaric") is not None:
        bootstrap = folder / "bootstrap"
        bootstrap.write_text(_AWS.format(python=sys.executable))
        bootstrap.chmod(0o755)
        spec = FunctionSpec("f", "app.handler", str(folder), runtime="provided.al2023")
        real, _ = await _processes(spec, calls, 1)
    bare = [_spawned([sys.executable, "-c", "pass"]) for _ in range(starts)]
    return [
        Row("Python process, warm, p50", _at(warm, 0.5), _at(real, 0.5) if real else None, "awslambdaric"),
        Row("Python process, warm, p99", _at(warm, 0.99), _at(real, 0.99) if real else None, "awslambdaric"),
        Row("Python process, first event", _at(cold, 0.5), _at(bare, 0.5), "python -c pass"),
    ]


async def _node(folder: Path, calls: int, starts: int) -> list[Row]:
    node = shutil.which("node")
    if node is None:
        return []
    warm, cold = await _processes(FunctionSpec("f", "app.handler", str(folder), runtime="nodejs20.x"), calls, starts)
    bare = [_spawned([node, "-e", "0"]) for _ in range(starts)]
    return [
        Row("Node process, warm, p50", _at(warm, 0.5)),
        Row("Node process, warm, p99", _at(warm, 0.99)),
        Row("Node process, first event", _at(cold, 0.5), _at(bare, 0.5), "node -e 0"),
    ]


async def _processes(spec: FunctionSpec, calls: int, starts: int) -> tuple[list[float], list[float]]:
    """Warm and first invocations. With an endpoint, so that the guard against real AWS is paid for."""
    functions = ProcessFunctions([spec], endpoint="http://127.0.0.1:1", environ=os.environ)
    try:
        cold = []
        for _ in range(starts):
            functions.reload(spec.name)
            cold += await _times(1, lambda: functions.invoke(spec.name, _EVENT), warm_up=0)
        return await _times(calls, lambda: functions.invoke(spec.name, _EVENT)), cold
    finally:
        await functions.close()


async def _times(calls: int, call: Callable[[], Awaitable[Any]], warm_up: int = 50) -> list[float]:
    times = []
    for number in range(warm_up + calls):
        began = time.perf_counter()
        outcome = await call()
        times.append(time.perf_counter() - began)
        if number == 0 and outcome not in (_RESULT, Returned(_RESULT)):
            raise RuntimeError(f"the benchmark's handler ended in {outcome}")
    return times[warm_up:]


def _spawned(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def _at(times: list[float], part: float) -> float:
    """In milliseconds."""
    return sorted(times)[int(part * (len(times) - 1))] * 1000
