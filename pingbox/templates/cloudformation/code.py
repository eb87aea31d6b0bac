"""Where a function's code is: a folder as written, a zip unpacked, or inline code written out.

What has to be written (inline code, unpacked zips) goes to a cache folder under a name made from its content, so the
same code is written once and two functions never share a folder by accident.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from pingbox.emulator.services.lambda_.packages.cache_folders import filled_once, kept_folders

_ESM = re.compile(r"^\s*(import\s|export\s)", re.MULTILINE)


def default_cache() -> Path:
    """The user's cache folder for code that is not already in a folder."""
    return kept_folders() / "code"


def write_inline(cache: Path, code: str, runtime: str) -> str:
    """Write inline code as AWS does, as the module `index`; returns its folder."""
    name = "index.py" if runtime.startswith("python") else "index.mjs" if _ESM.search(code) else "index.js"
    return _folder(cache, code.encode(), lambda folder: (folder / name).write_text(code, encoding="utf-8"))


def write_requirement(cache: Path, requirement: str) -> str:
    """Write a folder that asks for one requirement, as a layer with a `requirements.txt` does; returns it."""
    return _folder(cache, requirement.encode(), lambda folder: (folder / "requirements.txt").write_text(requirement))


def unpack(cache: Path, archive: Path) -> str:
    """Unpack a deployment package; returns its folder. Raises OSError or zipfile.BadZipFile when it is unreadable."""
    content = archive.read_bytes()

    def extract(folder: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)  # zipfile strips absolute and parent paths itself

    return _folder(cache, content, extract)


def _folder(cache: Path, content: bytes, fill: Callable[[Path], object]) -> str:
    return str(filled_once(cache / hashlib.sha256(content).hexdigest()[:32], fill))
