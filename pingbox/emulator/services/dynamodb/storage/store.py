"""The SQLite file under the tables: opened by one process at a time, one transaction per write.

Nothing here is thread-safe: `LocalDynamoDB` holds one lock around every call.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Literal

Durability = Literal["normal", "full"]

FILE_NAME = "dynamodb.sqlite3"
CHECKED_BYTES = 50 * 1024 * 1024
FORMAT = 2
_READABLE = (1, FORMAT)  # 1 had no streams; it is taken over as it is
_APPLICATION_ID = 0x50424F58  # "PBOX"

_SCHEMA = """
CREATE TABLE tables(n INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL);
CREATE TABLE counts(n INTEGER PRIMARY KEY, counted TEXT NOT NULL);
CREATE TABLE tokens(token TEXT PRIMARY KEY, digest BLOB NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX tokens_at ON tokens(at);
"""


class StoreError(Exception):
    """The data file cannot be used; the message says which, why, and what to do. The file was not touched."""


class Store:
    """One open SQLite connection."""

    def __init__(self, db: sqlite3.Connection, path: Path | None) -> None:
        self.db = db
        self.path = path

    @classmethod
    def open(cls, folder: Path | None, durability: Durability = "normal") -> Store:
        """Open `folder`/dynamodb.sqlite3, made if missing; None keeps everything in memory.

        `normal` survives the death of the process, `full` also a loss of power (an fsync per write). Raises
        `StoreError` when another process has the file open, or when it is not ours, damaged or of a newer format.
        """
        if folder is None:
            db = _connect(":memory:")
            _create(db)
            return cls(db, None)
        path = folder / FILE_NAME
        is_new = _prepared(folder, path)
        try:
            db = _connect(path)
        except sqlite3.Error as problem:
            raise cannot_open(path, problem) from problem
        try:
            _take(db, path, durability)
        except BaseException:
            db.close()
            if is_new:
                _remove(path)  # what a full disk left half-made would be "another program's" at the next start
            raise
        return cls(db, path)

    def close(self) -> None:
        self.db.close()


def _prepared(folder: Path, path: Path) -> bool:
    """Make the folder, and the file for its owner alone; whether the file is new. Raises `StoreError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            if not _half_created(path):
                _refuse_foreign(path)
            return False
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as problem:
        raise cannot_open(path, problem.strerror or problem) from problem
    return True


def cannot_open(path: Path | None, problem: object) -> StoreError:
    """What to say of a file that the machine does not let us write."""
    return StoreError(f"{path} cannot be opened: {problem}. Check the folder's permissions and free space")


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _connect(path: Path | Literal[":memory:"]) -> sqlite3.Connection:
    # Autocommit: BEGIN and COMMIT are ours. Many statements differ only in the table's number: cache them generously.
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=1024, timeout=0)


def _refuse_foreign(path: Path) -> None:
    """Look at the header before SQLite does: opening a file for writing may already change it."""
    with path.open("rb") as file:
        header = file.read(72)
    if not header:
        raise StoreError(
            f"{path} is empty: a PingBox data file never is. Delete it to begin anew, or restore a copy of it"
        )
    if len(header) < 72 or header[:16] != b"SQLite format 3\x00":
        raise StoreError(
            f"{path} is not a PingBox data file (no SQLite header); it was left untouched. "
            "Move it away, or choose another data folder"
        )
    version = int.from_bytes(header[60:64], "big")
    application = int.from_bytes(header[68:72], "big")
    if application != _APPLICATION_ID:
        raise StoreError(
            f"{path} belongs to another program (application id {application:#x}, expected {_APPLICATION_ID:#x}); "
            "it was left untouched. Choose another data folder"
        )
    if version not in _READABLE:
        raise StoreError(
            f"{path} has data format {version}, this PingBox reads format {FORMAT}; it was left untouched. "
            + ("Upgrade PingBox" if version > FORMAT else "Use the PingBox that wrote it")
            + ", or choose another data folder"
        )


def _half_created(path: Path) -> bool:
    """Whether the process died while it made the file: SQLite's journal will bring it back to empty."""
    return path.with_name(path.name + "-journal").exists()


def _take(db: sqlite3.Connection, path: Path, durability: Durability) -> None:
    """Lock the file for this process (the kernel lets go when the process dies) and set how writes reach the disk."""
    try:
        # Exclusive locking before WAL: no shared memory file, and no lock calls in each transaction.
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")
        if db.execute("PRAGMA application_id").fetchone()[0] == 0:
            # Before WAL, so that the header that the next start looks at is in the file itself.
            _create(db)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA synchronous={'FULL' if durability == 'full' else 'NORMAL'}")
        db.execute("PRAGMA cache_size=-32768")  # KiB
        db.execute("SELECT count(*) FROM tables").fetchone()
        if db.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
            db.execute(f"PRAGMA user_version={FORMAT}")
        _check_pages(db, path)
    except sqlite3.OperationalError as problem:
        if "locked" in str(problem):
            raise StoreError(
                f"{path} is in use by another process (another `pingbox serve`?). "
                "Stop that one, or give this one a data folder of its own"
            ) from problem
        raise cannot_open(path, problem) from problem
    except sqlite3.DatabaseError as problem:
        raise damaged(path, problem) from problem


def _check_pages(db: sqlite3.Connection, path: Path) -> None:
    """Look at every page of a file that is small enough to do so at once; larger ones tell at the first touch."""
    if path.stat().st_size > CHECKED_BYTES:
        return
    told = [row[0] for row in db.execute("PRAGMA quick_check(1)")]
    if told != ["ok"]:
        raise sqlite3.DatabaseError(told[0].splitlines()[-1])


_UNWRITABLE = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_IOERR": "the disk fails",
    "SQLITE_CANTOPEN": "it cannot be opened",
}


def unwritable(problem: sqlite3.DatabaseError) -> str | None:
    """Why the machine did not let SQLite write; None for any other problem."""
    name = getattr(problem, "sqlite_errorname", "")
    return next((words for kind, words in _UNWRITABLE.items() if name.startswith(kind)), None)


def damaged(path: Path | None, problem: sqlite3.DatabaseError) -> StoreError:
    """What to say of a file whose pages are not what SQLite wrote."""
    return StoreError(
        f"{path or 'the database in memory'} is damaged ({problem}); it was left as it is. "
        "Restore a copy, or choose another data folder"
    )


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id={_APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={FORMAT}")
    db.execute("COMMIT")
