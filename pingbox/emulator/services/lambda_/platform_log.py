"""The lines Lambda itself writes into a function's log (LM-27, LM-23), and the names of its group and stream (LM-3)."""

from __future__ import annotations

import math
import os
import re
import uuid
from datetime import UTC, datetime

from pingbox.model.partitions import partition_of

LINE_END = "\x1e"  # ASCII's record separator
_ERROR = re.compile(r"\[ERROR\].*\rTraceback \(most recent call last\):(\r|$)|\S+Z\t\S+\tERROR\t")

ACCOUNT = "000000000000"  # as in the templates that are read and in the events of the gateway


def new_request_id() -> str:
    """A random UUID, in a third of the time that `uuid.uuid4` takes."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def start(request_id: str, version: str = "$LATEST") -> str:
    return f"START RequestId: {request_id} Version: {version}"


def end(request_id: str) -> str:
    return f"END RequestId: {request_id}"


def report(request_id: str, duration: float, memory: int, used: int, init: float | None = None) -> str:
    """`duration` and `init` in seconds, `memory` and `used` in MB. `init` is None for a warm environment."""
    milliseconds = duration * 1000
    billed = math.ceil(milliseconds + (init or 0.0) * 1000)
    line = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\tBilled Duration: {billed} ms"
        f"\tMemory Size: {memory} MB\tMax Memory Used: {used} MB\t"
    )
    return line if init is None else f"{line}Init Duration: {init * 1000:.2f} ms\t"


def timed_out(request_id: str, timeout: float, at: float) -> str:
    """The log line of LM-23. `timeout` in seconds, `at` seconds since the epoch."""
    return f"{_timestamp(at)} {request_id} Task timed out after {timeout:.2f} seconds"


def timeout_message(request_id: str, timeout: float) -> str:
    """What the caller is told since 2025 (LM-43). `timeout` in seconds."""
    return f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"


def exited(request_id: str, code: int | None) -> str:
    """`code` as `subprocess` has it: negative for a signal. 0 and None are an exit without a reason given."""
    if not code:
        return f"RequestId: {request_id} Error: Runtime exited without providing a reason"
    how = f"exit status {code}" if code > 0 else f"signal: {_signal_text(-code)}"
    return f"RequestId: {request_id} Error: Runtime exited with error: {how}"


# In the words of Go, which Lambda's platform is written in.
_SIGNALS = {
    1: "hangup",
    2: "interrupt",
    3: "quit",
    4: "illegal instruction",
    6: "aborted",
    8: "floating point exception",
    9: "killed",
    11: "segmentation fault",
    13: "broken pipe",
    14: "alarm clock",
    15: "terminated",
}


def _signal_text(number: int) -> str:
    return _SIGNALS.get(number, f"signal {number}")


def log_group(function: str) -> str:
    return f"/aws/lambda/{function}"


def log_stream(at: float, version: str = "$LATEST") -> str:
    """A new stream per environment: `YYYY/MM/DD/[$LATEST]<32 hex>`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"


def function_arn(function: str, region: str) -> str:
    return f"arn:{partition_of(region)}:lambda:{region}:{ACCOUNT}:function:{function}"


def _timestamp(at: float) -> str:
    when = datetime.fromtimestamp(at, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def entry(line: str) -> str:
    """A line of a runtime's output as CloudWatch shows it: one entry, whose own line ends are kept (LM-47).

    A runtime that writes to a pipe must not end the entry early, so PingBox's own write `LINE_END` instead. AWS's
    runtime clients join the lines of an error with carriage returns; anywhere else a carriage return is a character
    that the handler wrote.
    """
    if _ERROR.match(line):
        line = line.replace("\r", "\n")
    return line.replace(LINE_END, "\n")
