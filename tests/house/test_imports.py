"""`pingbox --help` is quick because nothing heavy is imported on the way."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"boto3", "botocore", "moto", "aiohttp", "websockets", "rich", "samtranslator", "yaml", "jsonschema"}


def loaded_after(code: str) -> set[str]:
    """The top-level modules of a fresh interpreter after it ran `code`."""
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("LOADED")]
    return {name.split(".")[0] for name in line.split()[1:]}


@pytest.mark.parametrize(
    "code",
    [
        "import pingbox",
        "from pingbox.cli import main; main(['--help'])",
        "from pingbox.cli import main; main(['--version'])",
    ],
)
def test_the_way_to_the_help_imports_nothing_heavy(code):
    assert loaded_after(code) & HEAVY == set()
