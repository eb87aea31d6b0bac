"""The folder in which a laptop's chat lasts: the store, and the secret that signs guests' tokens."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

_SECRET = "token-secret"  # noqa: S105 - a file's name


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
    """The secret of this data folder, made the first time, so that a guest comes back as the same guest."""
    if data_dir is None:
        return secrets.token_hex(32).encode()
    file = data_dir / _SECRET
    try:
        # Readable by its owner alone from its first moment on.
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes().strip()
    with os.fdopen(handle, "wb") as written:
        written.write(secret := secrets.token_hex(32).encode())
    return secret


def ours(data_dir: Path) -> list[Path]:
    """The files in the folder that are PingBox's, the store's side files included."""
    from pingbox.emulator.services.dynamodb.storage.store import FILE_NAME

    names = (FILE_NAME, _SECRET)
    return sorted(file for file in data_dir.glob("*") if file.is_file() and file.name.startswith(names))
