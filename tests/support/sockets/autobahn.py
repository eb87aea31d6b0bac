"""The Autobahn test suite's fuzzing client, from PyPI, against one of our servers. It needs Python 2.7."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

import platformdirs

PACKAGE = "autobahntestsuite==25.10.1"
_RUN = "import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()"


def python2() -> str:
    """`AUTOBAHN_PYTHON`, or a Python 2.7 on the PATH; raises `RuntimeError` without one."""
    found = os.environ.get("AUTOBAHN_PYTHON") or shutil.which("python2.7") or shutil.which("pypy")
    if not found:
        raise RuntimeError("the Autobahn suite needs Python 2.7, and none is on the PATH: set AUTOBAHN_PYTHON to one")
    return found


async def reports(url: str, folder: Path) -> list[dict[str, Any]]:
    """What the suite says of each of its cases: `id`, `behavior`, `remoteCloseCode` and much else."""
    packages = Path(platformdirs.user_cache_dir("pingbox-tests")) / PACKAGE
    if not packages.exists():
        await _call(python2(), "-m", "pip", "install", "--quiet", "--target", str(packages), PACKAGE)
    spec = {"outdir": str(folder / "reports"), "servers": [{"url": url}], "cases": ["*"], "exclude-cases": []}
    (folder / "spec.json").write_text(json.dumps({**spec, "exclude-agent-cases": {}}))
    await _call(python2(), "-c", _RUN, str(packages), "-m", "fuzzingclient", "-s", str(folder / "spec.json"))
    [cases] = json.loads((folder / "reports" / "index.json").read_text()).values()
    return [json.loads((folder / "reports" / case["reportfile"]).read_text()) for case in cases.values()]


async def _call(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ended with {process.returncode}:\n{errors.decode()[-2000:]}")
