"""Bringing the page's files to their bucket: which travel, in which order, which go. Pure.

Order (a browser may load the page at any moment): what index.html refers to, `config.json`, `index.html`, and only then
are old files removed, because a page that was loaded a second ago may still ask for them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FOREVER = "public,max-age=31536000,immutable"

_LAST = {"config.json": 1, "index.html": 2}


@dataclass(frozen=True)
class SiteFile:
    """One file of the page. `path` has forward slashes and no leading one; `cache_control` is sent as it stands.

    `encoding`: how `body` is compressed (`gzip`), which every browser takes; empty if it is not.
    """

    path: str
    body: bytes
    content_type: str
    cache_control: str
    encoding: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over content and headers: a changed header is a changed file."""
        digest = hashlib.sha256(f"{self.content_type}\n{self.cache_control}\n{self.encoding}\n".encode())
        digest.update(self.body)
        return digest.hexdigest()


@dataclass(frozen=True)
class PutFile:
    """Upload this file."""

    bucket: str
    file: SiteFile


@dataclass(frozen=True)
class RemoveFile:
    """Remove what the page no longer has."""

    bucket: str
    path: str


@dataclass(frozen=True)
class Invalidate:
    """Make CloudFront forget these paths. One call, whatever their number."""

    distribution: str
    paths: tuple[str, ...]


SiteStep = PutFile | RemoveFile | Invalidate


def site_steps(
    desired: Iterable[SiteFile], there: Mapping[str, str], bucket: str, distribution: str | None = None
) -> list[SiteStep]:
    """The steps from what is `there` (path -> digest, empty for a file that we did not write) to the desired files."""
    files = {file.path: file for file in desired}
    puts = [PutFile(bucket, file) for file in _ordered(files.values()) if there.get(file.path) != file.digest]
    removals = [RemoveFile(bucket, path) for path in sorted(set(there) - set(files))]
    return [*puts, *removals, *_invalidation(puts, removals, distribution)]


def _ordered(files: Iterable[SiteFile]) -> list[SiteFile]:
    return sorted(files, key=lambda file: (_LAST.get(file.path, 0), file.path))


def _invalidation(
    puts: Iterable[PutFile], removals: Iterable[RemoveFile], distribution: str | None
) -> tuple[Invalidate, ...]:
    """Files that are cached for ever have a new name with a new content and need no invalidation."""
    stale = [put.file.path for put in puts if put.file.cache_control != FOREVER] + [gone.path for gone in removals]
    if distribution is None or not stale:
        return ()
    return (Invalidate(distribution, tuple(f"/{path}" for path in stale)),)
