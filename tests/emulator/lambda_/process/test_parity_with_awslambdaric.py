"""The same handlers under PingBox's Python runtime and under AWS's own: same outcome, same log, word for word."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import Outcome
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import OWN_RUNTIME, FunctionSpec

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("awslambdaric") is None, reason="awslambdaric has wheels for Linux only"
)

RUNTIME = OWN_RUNTIME

# AWS's runtime as a custom one: its bootstrap file is found in the code folder.
REAL = f"""#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_{RUNTIME}
exec {sys.executable} -B -X utf8 -m awslambdaric "$_HANDLER"
"""

HANDLERS = """
import collections, dataclasses, datetime, decimal, logging, os, sys
from decimal import Decimal

Point = collections.namedtuple("Point", "x y")

class OddError(Exception):
    def __str__(self):
        return "odd: ünï\\nsecond line"

def returns_event(event, context): return event
def returns_nothing(event, context): pass
def returns_text(event, context): return "grüße \\U0001f600"
def returns_big(event, context): return "x" * 5_000_000
def returns_bytes(event, context): return b'{"a": 1}'
def returns_tuple(event, context): return (1, (2, 3))
def returns_named_tuple(event, context): return {"p": Point(1, [Point(2, 3)])}
def returns_bytes_inside(event, context): return {"body": b"text", b"key": 1}
def returns_bad_bytes_inside(event, context): return {"body": b"\\xff"}
def returns_decimals(event, context):
    return [Decimal(text) for text in ("1.10", "3", "1E+3", "-0", "0.1000000000000000055511151231257827")]
def returns_odd_keys(event, context): return {1: "a", 2.5: "b", None: "c", True: "d"}
def returns_tuple_keys(event, context): return {(1, 2): 3}
def returns_set(event, context): return {"s": {1}}
def returns_datetime(event, context): return datetime.datetime(2024, 1, 1)
def returns_dataclass(event, context): return dataclasses.make_dataclass("D", ["x"])(1)
def returns_object(event, context): return object
def returns_circle(event, context):
    circle = {}
    circle["self"] = circle
    return circle

def raises(event, context): raise ValueError("no such room")
def raises_without_text(event, context): raise KeyError
def raises_key_error(event, context): return event["missing"]
def raises_odd_text(event, context): raise OddError
def raises_from(event, context):
    try:
        raises(event, context)
    except ValueError as error:
        raise RuntimeError("outer") from error
def raises_deep(event, context):
    def inner(n):
        return inner(n - 1) if n else 1 / 0
    return inner(3)
def raises_recursion(event, context):
    def forever(): return forever()
    try:
        forever()
    except RecursionError as error:
        raise RecursionError("too deep") from None
def exits(event, context): sys.exit(4)
def dies(event, context): os._exit(5)

def dispatch(event, context):
    return globals()[event["handler"]](event["event"], context)

def shows_context(event, context):
    return {
        "name": context.function_name, "version": context.function_version, "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb, "group": context.log_group_name,
        "client": context.client_context, "identity": context.identity.cognito_identity_id,
        "pool": context.identity.cognito_identity_pool_id, "tenant": context.tenant_id,
        "remaining": 0 < context.get_remaining_time_in_millis() <= 20_000, "id": len(context.aws_request_id),
        "trace": os.environ["_X_AMZN_TRACE_ID"].startswith("Root="),
    }

def logs(event, context):
    print("printed")
    print("to stderr", file=sys.stderr)
    logging.warning("root %s", "warning")
    logging.info("below the root logger's level")
    logging.getLogger("app").error("an error\\nof two lines")
    logging.basicConfig(level=logging.DEBUG)
    logging.getLogger("app").info("still not shown: basicConfig does nothing on Lambda")
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("app").info("shown now")
    context.log("from the context\\n")
    try:
        1 / 0
    except ZeroDivisionError:
        # The last thing: outside of AWS, the real one writes no newline after a traceback.
        logging.exception("caught")
"""

NAMES = [name for name in re.findall(r"^def (\w+)\(event", HANDLERS, re.MULTILINE) if name != "dispatch"]
EVENT = {"text": "grüße", "n": [1, 2.5, None, True]}


Seen = tuple[Outcome, list[str]]


@pytest.fixture
def both(processes: Callable[..., ProcessFunctions], app: Callable[..., Path], log: Any) -> Callable[..., Any]:
    """Invoke a handler with events under both runtimes; gives ours and the real one's masked outcomes and logs."""

    async def seen(functions: ProcessFunctions, event: Any) -> Seen:
        log.activities.clear()
        outcome = await functions.invoke("f", event)
        # On AWS an entry of several lines is one; the real client can only say so to AWS's own pipe.
        lines = [line for entry in log.own() for line in re.split("[\r\n]+", entry.strip("\r\n"))]
        return masked(outcome), [masked_text(line) for line in lines if "LAMBDA_WARNING" not in line]

    async def invoke(
        handler: str, files: dict[str, str], events: list[Any], environment: dict[str, str] | None = None
    ) -> list[list[Seen]]:
        code = app({**files, "bootstrap": REAL})
        (code / "bootstrap").chmod(0o755)
        specs = [
            FunctionSpec("f", handler, str(code), runtime=runtime, timeout=20, environment=environment)
            for runtime in (RUNTIME, "provided.al2023")
        ]
        return [[await seen(functions, event) for event in events] for functions in map(processes, specs)]

    return invoke


def masked_text(text: str) -> str:
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)


def masked(value: Any) -> Any:
    match value:
        case str():
            return masked_text(value)
        case dict():
            return {key: masked(member) for key, member in value.items()}
        case list() | tuple():
            return type(value)(masked(member) for member in value)
        case _ if hasattr(value, "__dataclass_fields__"):
            return replace(value, **{name: masked(getattr(value, name)) for name in value.__dataclass_fields__})
        case _:
            return value


@pytest.mark.fact("LM-10", "LM-21", "LM-22", "LM-27", "LM-30", "LM-31", "LM-32")
async def test_every_handler_ends_and_logs_alike(both: Callable[..., Any]) -> None:
    """All handlers one after another in one environment each, as long as they let it live."""
    events = [{"handler": name, "event": EVENT} for name in NAMES]
    ours, real = await both("app.dispatch", {"app.py": HANDLERS}, events)
    assert len(ours) > 25
    assert dict(zip(NAMES, ours, strict=True)) == dict(zip(NAMES, real, strict=True))


JSON_LOGGING = """
import logging
def handler(event, context):
    log = logging.getLogger("app")
    log.info("grüße %s", "ada", extra={"room": "general", "odd": object})
    log.debug("below the level that was asked for")
    log.warning({"a": "document"})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("caught")
    raise ValueError("the end")
"""


@pytest.mark.fact("LM-27")
async def test_logs_in_json_are_alike(both: Callable[..., Any]) -> None:
    asked = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    ours, real = await both("app.handler", {"app.py": JSON_LOGGING}, [{}], asked)
    assert ours == real
    assert [json.loads(line)["level"] for line in ours[0][1]] == ["INFO", "WARNING", "ERROR", "ERROR"]


@pytest.mark.fact("LM-20", "LM-33")
@pytest.mark.parametrize(
    ("handler", "files"),
    [
        ("nodot", {}),
        ("missing.handler", {}),
        ("app.missing", {"app.py": ""}),
        ("sys.handler", {}),
        ("app.handler", {"app.py": "import nothing_called_so\n"}),
        ("app.handler", {"app.py": "from os import nothing_called_so\n"}),
        ("app.handler", {"app.py": "def handler(:\n"}),
        ("app.handler", {"app.py": "import lib\n", "lib.py": "x = = 1\n"}),
        ("app.handler", {"app.py": "raise ValueError('while importing')\n"}),
        ("app.handler", {"app.py": "import lib\n", "lib.py": "1 / 0\n"}),
        ("app.handler", {"app.py": "import sys\nsys.exit(2)\n"}),
        ("pkg/sub/app.handler", {"pkg/sub/app.py": "def handler(event, context):\n    return __name__\n"}),
        ("pkg.sub.app.handler", {"pkg/sub/app.py": "def handler(event, context):\n    return __name__\n"}),
        ("pkg/missing.handler", {"pkg/__init__.py": ""}),
    ],
)
async def test_an_initialisation(both: Callable[..., Any], handler: str, files: dict[str, str]) -> None:
    ours, real = await both(handler, files, [{}])
    assert ours == real
