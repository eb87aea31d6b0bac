"""The page's files as they lie in the package: read by the local site, uploaded by the deploy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

# Names carry no version, so a browser must ask every time; the answer is mostly 304.
REVALIDATE: Final = "no-cache"

_CONTENT_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True)
class PageFile:
    """One file of the page.

    `path` is relative to the page's root with forward slashes (`js/net/link.js`); `content_type` and `cache` are the
    values of the headers Content-Type and Cache-Control it must be served with, here and on S3.
    """

    path: str
    content_type: str
    cache: str
    source: Traversable

    def read(self) -> bytes:
        """The bytes to serve, unchanged."""
        return self.source.read_bytes()


def files() -> tuple[PageFile, ...]:
    """Every file of the page, sorted by path; the same in a checkout and in an installed wheel.

    Raises `LookupError` for a file of a kind that has no content type here: served as a guess it would be refused by
    the browser (`nosniff`).
    """
    found = _below(resources.files("pingbox.web") / "static", "")
    return tuple(sorted(found, key=lambda file: file.path))


def _below(folder: Traversable, prefix: str) -> Iterator[PageFile]:
    for entry in folder.iterdir():
        path = prefix + entry.name
        if entry.is_dir():
            yield from _below(entry, path + "/")
        else:
            yield PageFile(path, _content_type(path), REVALIDATE, entry)


def _content_type(path: str) -> str:
    suffix = path.rpartition(".")[2]
    if suffix not in _CONTENT_TYPES:
        raise LookupError(f"no content type is known for {path}; add .{suffix} to pingbox/web/contents.py")
    return _CONTENT_TYPES[suffix]
