"""The folder in which a laptop's chat lasts: the store, and the secret that signs guests' tokens."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from pathlib import Path

log = logging.getLogger("pingbox.serve")

MIN_SECRET_BYTES = 32

_SECRET = "token-secret"  # noqa: S105 - a file's name


class DataDirError(Exception):
    """The data folder cannot be used; the text says what to do."""


def default_data_dir(app: str | None = None) -> Path:
    """The per-user data folder of the platform's convention; an app other than the chat has one of its own inside."""
    import platformdirs

    folder = Path(platformdirs.user_data_dir("pingbox", appauthor=False))
    if app is None:
        return folder
    path = Path(app).resolve()
    name = path.name if path.is_dir() else path.parent.name
    return folder / "apps" / f"{name or 'app'}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def token_secret(data_dir: Path | None) -> bytes:
    """The secret of this data folder, made the first time, so that a guest comes back as the same guest.

    Raises `DataDirError`.
    """
    if data_dir is None:
        return secrets.token_hex(32).encode()
    file = data_dir / _SECRET
    if file.exists():
        secret = file.read_bytes().strip()
        if len(secret) >= MIN_SECRET_BYTES:
            return secret
        # With an empty secret anyone could sign a guest's token.
        log.warning(
            "%s holds %d bytes, expected at least %d: a new one is made, and guests of before are new guests",
            file,
            len(secret),
            MIN_SECRET_BYTES,
        )
    return _written(file, secrets.token_hex(32).encode())


def _written(file: Path, secret: bytes) -> bytes:
    """Written whole or not at all, readable by its owner alone from its first moment on."""
    half = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
            written.write(secret)
            written.flush()
            os.fsync(written.fileno())
        half.replace(file)
    except OSError as problem:
        half.unlink(missing_ok=True)
        raise DataDirError(
            f"{file} cannot be written: {problem.strerror}. Check the folder's permissions and free space"
        ) from problem
    return secret


def ours(data_dir: Path) -> list[Path]:
    """The files in the folder that are PingBox's, the store's side files included."""
    from pingbox.emulator.services.dynamodb.storage.store import FILE_NAME

    names = (FILE_NAME, _SECRET)
    return sorted(file for file in data_dir.glob("*") if file.is_file() and file.name.startswith(names))
