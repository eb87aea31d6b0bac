"""The page's JavaScript under a linter (Biome) and a type checker (tsc), for `make check`: `python tests/web/check`.

Both come from npm in the versions of package-lock.json, into the tree's work folder. Without npm, or where npm cannot
reach its registry, this says so and is content: the page itself needs no Node.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SCRIPTS = ("pingbox/web/static/js", "tests/web/js")


def main() -> int:
    npm = shutil.which("npm")
    if npm is None:
        print("The page's JavaScript is not checked: there is no npm on this machine.")
        return 0
    tools = _installed(npm)
    if tools is None:
        return 0
    found = [
        subprocess.run([tools / "biome", "lint", f"--config-path={HERE}", "--error-on-warnings", *SCRIPTS], cwd=ROOT),
        subprocess.run([tools / "tsc", "--project", HERE / "tsconfig.json"], cwd=ROOT),
    ]
    return max(result.returncode for result in found)


def _installed(npm: str) -> Path | None:
    """The folder of the commands, or None after a word about why there is none."""
    lock = HERE / "package-lock.json"
    folder = ROOT / ".work" / "npm" / f"page-check-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        result = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder)
        if result.returncode != 0:
            print("The page's JavaScript is not checked: npm could not install Biome and TypeScript.")
            return None
        (folder / "done").touch()
    return folder / "node_modules" / ".bin"


if __name__ == "__main__":
    sys.exit(main())
