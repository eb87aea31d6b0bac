"""A Chromium for the browser tests: found, or installed, or its absence explained.

`python -m support.chromium` (with tests/ on PYTHONPATH) makes sure that there is one and prints its path; the test run
itself installs nothing. Test modules take the fixtures by importing them:

    from support.chromium import chromium, browser
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--host-resolver-rules=MAP chat.example 127.0.0.1",  # a name that is no localhost: no secure context
)  # fmt: skip


def find() -> str | None:
    """Path of a Chromium that starts, or None. `PINGBOX_CHROMIUM` comes first, then PATH, then Playwright's own."""
    on_path = [shutil.which(name) for name in NAMES]
    candidates = [os.environ.get("PINGBOX_CHROMIUM"), *on_path, *_playwrights_own(), *PLACES]
    return next((path for path in candidates if path and Path(path).exists() and _starts(path)), None)


def _playwrights_own() -> list[str]:
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "~/.cache/ms-playwright"
    mac = "~/Library/Caches/ms-playwright"
    patterns = [f"{home}/chromium*/chrome-*/{name}" for name in ("chrome", "headless_shell", "chrome-headless-shell")]
    patterns.append(f"{mac}/chromium*/chrome-mac*/*.app/Contents/MacOS/*")
    return [path for pattern in patterns for path in sorted(glob.glob(str(Path(pattern).expanduser())))]


def _starts(path: str) -> bool:
    """A file is not enough: Ubuntu's `chromium-browser` is a script that asks for a snap, others lack libraries."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and bool(answer.stdout.strip())


def install() -> str:
    """Path of a Chromium, installed if there was none. Raises `RuntimeError` with what was tried."""
    found = find()
    tried = []
    for command in () if found else _ways():
        tried.append(" ".join(command))
        print(f"installing Chromium for the browser tests: {tried[-1]}", file=sys.stderr)
        subprocess.run(command, check=False, stdout=sys.stderr)
        found = find()
        if found:
            break
    if found is None:
        raise RuntimeError("no Chromium was found, and none could be installed; tried: " + "; ".join(tried))
    return found


def _ways() -> list[list[str]]:
    root_on_debian = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None
    playwright = [sys.executable, "-m", "playwright", "install"]
    if not root_on_debian:
        return [[*playwright, "chromium"]]
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return [
        [*apt, "update", "-q"],
        [*apt, "install", "-q", "-y", "--no-install-recommends", "chromium"],
        [*playwright, "--with-deps", "chromium"],
    ]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path. Without one the tests are skipped, with CI set they fail: silence would look like success."""
    path = find()
    if path is None:
        reason = (
            "no Chromium on this machine; `make test` installs one where it can, or set PINGBOX_CHROMIUM to its path"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for the whole run; each test opens contexts of its own."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, headless=True)
        yield running
        await running.close()


def main() -> int:
    """For `make test`. Without a browser the browser tests are skipped, so only CI takes it as a failure."""
    try:
        print(install())
    except RuntimeError as trouble:
        print(f"{trouble}; the browser tests will be skipped", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
