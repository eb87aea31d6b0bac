"""The page's files: as they lie in the package, and as they are served here and uploaded by the deploy."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from pingbox.web.joined import join_scripts, join_styles

# A name without a version: a browser must ask every time; the answer is mostly 304.
REVALIDATE: Final = "no-cache"
# A name with a version: its content never changes.
FOREVER: Final = "public,max-age=31536000,immutable"

_CONTENT_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
}
_PACKED: Final = {"html", "css", "js", "svg", "json", "webmanifest"}
_STYLE = re.compile(r'  <link rel="stylesheet" href="([^"]+)">\n')
_SCRIPT = re.compile(r'<script type="module" src="([^"]+)"></script>')


@dataclass(frozen=True)
class PageFile:
    """One file of the page.

    `path` is relative to the page's root with forward slashes (`app.1a2b3c4d.js`); `content_type` and `cache` are the
    values of the headers Content-Type and Cache-Control it must be served with, here and on S3.
    """

    path: str
    content_type: str
    cache: str
    body: bytes

    @property
    def packed(self) -> bytes | None:
        """The body compressed with gzip, the same bytes each time; None for what is compressed already."""
        return _gzip(self.body) if _suffix(self.path) in _PACKED else None

    @property
    def tag(self) -> str:
        """A name for exactly these bytes: the ETag."""
        return hashlib.sha256(self.body).hexdigest()[:32]


def sources() -> dict[str, bytes]:
    """Every file of the page as people edit it, by path; the same in a checkout and in an installed wheel."""
    return dict(sorted(_below(resources.files("pingbox.web") / "static", "")))


def files() -> tuple[PageFile, ...]:
    """What is served and uploaded, sorted by path: the modules joined to one file, the styles to another, both with a
    version in their name, and everything else as it is.

    Raises `LookupError` for a file of a kind that has no content type here: served as a guess it would be refused by
    the browser (`nosniff`). Raises `JoinError` for a module that cannot be joined.
    """
    everything = sources()
    page = everything["index.html"].decode()
    styles = join_styles([everything[path].decode() for path in _STYLE.findall(page)])
    script = join_scripts(_texts(everything, ".js"), _entry(page))
    joined = [_versioned("app", "css", styles.encode()), _versioned("app", "js", script.encode())]
    others = {path: body for path, body in everything.items() if _suffix(path) not in ("js", "css")}
    others["index.html"] = _with_joined(page, joined[0].path, joined[1].path).encode()
    plain = [PageFile(path, _content_type(path), REVALIDATE, body) for path, body in others.items()]
    return tuple(sorted([*plain, *joined], key=lambda file: file.path))


def source_file(path: str, body: bytes) -> PageFile:
    """One file of `sources()` as it is served to whoever looks into a single module."""
    return PageFile(path, _content_type(path), REVALIDATE, body)


def _entry(page: str) -> str:
    found = _SCRIPT.search(page)
    assert found is not None, "index.html loads no module"
    return found[1]


def _with_joined(page: str, style: str, script: str) -> str:
    first = _STYLE.search(page)
    assert first is not None, "index.html has no style"
    without = (
        page[: first.start()] + f'  <link rel="stylesheet" href="{style}">\n' + _STYLE.sub("", page[first.end() :])
    )
    return _SCRIPT.sub(f'<script type="module" src="{script}"></script>', without)


def _versioned(name: str, suffix: str, body: bytes) -> PageFile:
    version = hashlib.sha256(body).hexdigest()[:8]
    return PageFile(f"{name}.{version}.{suffix}", _CONTENT_TYPES[suffix], FOREVER, body)


def _texts(everything: Mapping[str, bytes], ending: str) -> dict[str, str]:
    return {path: body.decode() for path, body in everything.items() if path.endswith(ending)}


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = prefix + entry.name
        if entry.is_dir():
            yield from _below(entry, path + "/")
        else:
            yield path, entry.read_bytes()


@lru_cache(maxsize=64)
def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=9, mtime=0)


def _suffix(path: str) -> str:
    return path.rpartition(".")[2]


def _content_type(path: str) -> str:
    if _suffix(path) not in _CONTENT_TYPES:
        raise LookupError(f"no content type is known for {path}; add .{_suffix(path)} to pingbox/web/contents.py")
    return _CONTENT_TYPES[_suffix(path)]
