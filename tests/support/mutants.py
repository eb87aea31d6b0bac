"""`make mutants`: takes a rule away, one at a time, and looks whether its tests notice.

Each mutant is one change of the source and the tests that should fail with it. The list holds rules whose loss would be
noticed late, by a user. The suite checks that every mutant still fits the source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_COPIED = ("pingbox", "pingbox_core", "tests", "pyproject.toml", "README.md", "docs")


@dataclass(frozen=True)
class Mutant:
    """`before` stands exactly once in `file`; with `after` in its place, `tests` (arguments of pytest) must fail."""

    rule: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


_MESSAGES = "pingbox/handlers/storage/messages.py"
_STORE = "pingbox/emulator/services/dynamodb/storage/store.py"
_CONVERSATION = "pingbox/emulator/services/apigateway/websocket/conversation.py"
_STRONG = ("tests/handlers/test_strong_reads.py",)
_DECISIONS = ("tests/emulator/apigateway/decisions/test_conversation.py",)

MUTANTS = (
    Mutant(
        "--durability full syncs every write",
        _STORE,
        "{'FULL' if durability == 'full' else 'NORMAL'}",
        "NORMAL",
        ("tests/durability/test_fsync.py",),
    ),
    Mutant(
        "a room's record is read strongly",
        _MESSAGES,
        "TableName=self._table, Key=_key(room), ConsistentRead=True",
        "TableName=self._table, Key=_key(room)",
        _STRONG,
    ),
    Mutant(
        "a row is read strongly",
        _MESSAGES,
        "TableName=self._table, Key=_key(room, seq), ConsistentRead=True",
        "TableName=self._table, Key=_key(room, seq)",
        _STRONG,
    ),
    Mutant(
        "the log is read strongly",
        _MESSAGES,
        '"ConsistentRead": True,',
        '"ConsistentRead": False,',
        _STRONG,
    ),
    Mutant(
        "a read marker is kept when its room is entered again",
        _MESSAGES,
        "rooms.#r{i} = if_not_exists(rooms.#r{i}, :m{i})",
        "rooms.#r{i} = :m{i}",
        _STRONG,
    ),
    Mutant(
        "a read marker only moves forward",
        _MESSAGES,
        "rooms.#room.#seq < :seq",
        "rooms.#room.#seq <> :seq",
        _STRONG,
    ),
    Mutant(
        "a slot of the log is written once",
        _MESSAGES,
        """                Item=_row_item(room, row),
                ConditionExpression="attribute_not_exists(roomId)",
""",
        """                Item=_row_item(room, row),
                ConditionExpression="attribute_not_exists(nothing)",
""",
        ("tests/model/test_schedules.py", "tests/handlers/test_sending.py"),
    ),
    Mutant(
        "a message is throttled before its request model is looked at",
        _CONVERSATION,
        "    if not buckets.admit(api.api_id, stage, route.route_key, now):",
        "    if accepts(route, text) and not buckets.admit(api.api_id, stage, route.route_key, now):",
        _DECISIONS,
    ),
    Mutant(
        "a client cannot reach $connect by naming it",
        "pingbox/emulator/services/apigateway/websocket/route_selection.py",
        'None if key.startswith("$") else api.route(key)',
        "api.route(key)",
        ("tests/emulator/apigateway/server/test_routes.py", "tests/emulator/apigateway/decisions"),
    ),
    Mutant(
        "an environment runs one event at a time",
        "pingbox/emulator/services/lambda_/environments.py",
        "return Use(self._idle.popitem()[0])",
        "return Use(next(iter(self._idle)))",
        ("tests/emulator/lambda_/test_environments.py",),
    ),
    Mutant(
        "all tries of an asynchronous event have one id",
        "pingbox/emulator/services/lambda_/api/asynchronous.py",
        "        details.set(given)  # of this task alone\n",
        "",
        ("tests/emulator/lambda_/api/test_asynchronous.py", "tests/emulator/lambda_/api/test_invoke_api.py"),
    ),
    Mutant(
        "a failed event is tried three times and no more",
        "pingbox/emulator/services/lambda_/api/retries.py",
        "if attempt.errors >= min(settings.retries, len(ERROR_DELAYS)):",
        "if attempt.errors >= len(ERROR_DELAYS):",
        ("tests/emulator/lambda_/api/test_asynchronous.py",),
    ),
    Mutant(
        "a short token-secret is made anew",
        "pingbox/local/data_dir.py",
        "if len(secret) >= MIN_SECRET_BYTES:",
        "if secret is not None:",
        ("tests/local/test_machine.py", "-k", "guess"),
    ),
    Mutant(
        "a clock that was set back does not lock a user out",
        "pingbox_core/rate.py",
        "return min(tat, now + charge.burst + _LARGEST_WEIGHT * charge.cost)",
        "return tat",
        ("tests/core/test_smaller_rules.py",),
    ),
)


def survivors(mutants: Sequence[Mutant] = MUTANTS) -> list[Mutant]:
    """The mutants that no test noticed. Raises `RuntimeError` if the tests fail without any."""
    with tempfile.TemporaryDirectory(prefix="pingbox-mutants-") as folder:
        copy = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            kept = shutil.ignore_patterns("__pycache__", "node_modules", ".hypothesis")
            shutil.copytree(source, copy / name, ignore=kept) if source.is_dir() else shutil.copy(source, copy / name)
        if not _passes(copy, sorted({one for mutant in mutants for one in mutant.tests if one.startswith("tests/")})):
            raise RuntimeError("the tests fail without any mutant; correct that first")
        return [mutant for mutant in mutants if _survives(copy, mutant)]


def _survives(copy: Path, mutant: Mutant) -> bool:
    file = copy / mutant.file
    source = file.read_text()
    file.write_text(mutated(mutant, source))
    try:
        survived = _passes(copy, mutant.tests)
    finally:
        file.write_text(source)
    print(f"{'SURVIVED' if survived else 'noticed ':<9} {mutant.rule}", flush=True)
    return survived


def mutated(mutant: Mutant, source: str) -> str:
    """The source with the rule taken away. Raises `RuntimeError` if it is not where the mutant says."""
    if source.count(mutant.before) != 1:
        raise RuntimeError(
            f"{mutant.file} has {source.count(mutant.before)} times {mutant.before!r}, expected it once: "
            f"the mutant of {mutant.rule!r} must follow the source"
        )
    return source.replace(mutant.before, mutant.after)


def _passes(copy: Path, tests: Sequence[str]) -> bool:
    # `python -m` looks for modules in the working directory first: in the copy, not in the source.
    command = [
        sys.executable,
        "-B",
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        *tests,
    ]
    environ = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=copy, env=environ, capture_output=True, text=True)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {ended.returncode}:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.returncode == 0


def main() -> int:
    """Print what became of each mutant; 1 if any survived."""
    left = survivors()
    print(f"\n{len(MUTANTS) - len(left)} of {len(MUTANTS)} mutants were noticed")
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
