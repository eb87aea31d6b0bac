"""The functions' zip: the same bytes from any machine, named by what went in.

It holds `pingbox_core`, `pingbox/handlers` and the one `pingbox/__init__.py` above them; boto3 comes with the runtime.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pingbox
from pingbox.deploy.errors import DeployRefusedError

LIMIT_BYTES = 100_000
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold
_FILE, _PROGRAM = 0o644 << 16, 0o755 << 16
_UNIX = 3


@dataclass(frozen=True)
class PackedFile:
    """One file of the zip: its path inside, with forward slashes, its bytes, and whether it is a program."""

    path: str
    body: bytes
    executable: bool = False


@dataclass(frozen=True)
class Artifact:
    """A zip (or a nested template) and the SHA-256 of its inputs in hex.

    The digest does not depend on the zlib that compressed them.
    """

    digest: str
    body: bytes
    suffix: str = ".zip"
    content_type: str = "application/zip"

    @property
    def key(self) -> str:
        """The file name in the artifact bucket."""
        return f"{self.digest[:32]}{self.suffix}"


def chat_artifact() -> Artifact:
    """The chat's zip, from the installed packages. `DeployRefusedError` when it outgrows `LIMIT_BYTES`."""
    artifact = pack(chat_sources())
    if len(artifact.body) > LIMIT_BYTES:
        raise DeployRefusedError(
            what="the functions' zip",
            found=f"{len(artifact.body):,} bytes",
            expected=f"at most {LIMIT_BYTES:,}",
            next_step="find the file that does not belong into pingbox/handlers or pingbox_core",
        )
    return artifact


def chat_sources() -> tuple[PackedFile, ...]:
    """Exactly what the functions need, from this installation."""
    package = Path(pingbox.__file__).parent
    root = package.parent
    return (
        PackedFile("pingbox/__init__.py", (package / "__init__.py").read_bytes()),
        *folder_sources(package / "handlers", root),
        *folder_sources(root / "pingbox_core", root),
    )


def folder_sources(folder: Path, root: Path) -> tuple[PackedFile, ...]:
    """Every file of our own below `folder`, by its path from `root`; caches and hidden files stay out."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_litter(path.relative_to(root)))
    return tuple(PackedFile(path.relative_to(root).as_posix(), path.read_bytes()) for path in files)


def pack(sources: Iterable[PackedFile]) -> Artifact:
    """Sorted names, one fixed date, one mode: touching a file or moving to another machine changes nothing."""
    ordered = sorted(sources, key=lambda source: source.path)
    return Artifact(_digest(ordered), _zipped(ordered))


def _is_litter(path: Path) -> bool:
    return "__pycache__" in path.parts or path.suffix == ".pyc" or any(part.startswith(".") for part in path.parts)


def _digest(sources: Iterable[PackedFile]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        name = source.path.encode()
        # Lengths before contents, so that no two sets of files can spell the same stream.
        program = b"x" if source.executable else b""
        digest.update(b"%d:%s%s%d:" % (len(name), name, program, len(source.body)))
        digest.update(source.body)
    return digest.hexdigest()


def _zipped(sources: Iterable[PackedFile]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for source in sources:
            entry = zipfile.ZipInfo(source.path, _EPOCH)
            entry.external_attr = _PROGRAM if source.executable else _FILE
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, source.body)
    return buffer.getvalue()
