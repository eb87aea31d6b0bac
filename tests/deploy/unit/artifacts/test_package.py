"""The zip: the same bytes from any machine, and nothing in it that Lambda has no use for."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pingbox.deploy.artifacts.package import LIMIT_BYTES, PackedFile, chat_artifact, chat_sources, folder_sources, pack

SOURCES = st.lists(
    st.builds(PackedFile, st.text("abc/._", min_size=1, max_size=8), st.binary(max_size=20)),
    max_size=5,
    unique_by=lambda source: source.path,
)


def test_it_holds_the_core_and_the_handlers_and_nothing_else() -> None:
    """`pingbox/__init__.py`, `pingbox/handlers`, `pingbox_core`; every module a source file."""
    names = zipfile.ZipFile(io.BytesIO(chat_artifact().body)).namelist()
    assert "pingbox/__init__.py" in names
    assert "pingbox/handlers/message.py" in names
    rest = [name for name in names if not name.startswith(("pingbox_core/", "pingbox/handlers/"))]
    assert rest == ["pingbox/__init__.py"]
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)


def test_it_stays_small() -> None:
    assert len(chat_artifact().body) < LIMIT_BYTES


def test_it_imports_from_the_zip_alone() -> None:
    """A Python with nothing but boto3 and the zip finds every handler."""
    body = chat_artifact().body
    program = (
        "import sys; sys.path[:0] = [sys.argv[1]]\n"
        "from pingbox.handlers import connect, disconnect, message, fanout, sweep\n"
        "print(connect.__file__)"
    )
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"pingbox-{os.getpid()}.zip"
    path.write_bytes(body)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", program, str(path)], capture_output=True, text=True, check=False
        )
    finally:
        path.unlink()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(path))


@given(SOURCES, st.randoms())
def test_order_does_not_matter(sources: list[PackedFile], random: object) -> None:
    """Folders are listed differently on different machines."""
    shuffled = list(sources)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pack(shuffled) == pack(sources)


@given(SOURCES, SOURCES)
def test_different_inputs_have_different_names(one: list[PackedFile], other: list[PackedFile]) -> None:
    """No two sets of files share a digest, however their bytes are cut."""
    same = sorted(one, key=lambda s: s.path) == sorted(other, key=lambda s: s.path)
    assert (pack(one).digest == pack(other).digest) is same


def test_time_mode_and_litter_do_not_matter(tmp_path: Path) -> None:
    """Touched, made executable, compiled, opened in an editor: the same zip."""
    (tmp_path / "module.py").write_text("x = 1\n")
    before = pack(folder_sources(tmp_path, tmp_path))
    os.utime(tmp_path / "module.py", (1, 1))
    (tmp_path / "module.py").chmod(0o755)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"compiled")
    (tmp_path / ".module.py.swp").write_bytes(b"editor")
    assert pack(folder_sources(tmp_path, tmp_path)) == before


def test_every_entry_is_dated_and_readable_alike() -> None:
    """1980, mode 0644, made on Unix: what differs from machine to machine is fixed."""
    for entry in zipfile.ZipFile(io.BytesIO(chat_artifact().body)).infolist():
        assert (entry.date_time, entry.external_attr >> 16, entry.create_system) == ((1980, 1, 1, 0, 0, 0), 0o644, 3)


def test_the_name_follows_from_the_inputs_not_from_the_compression() -> None:
    """Another zlib gives other bytes; the decision "no changes" must not depend on it."""
    sources = chat_sources()
    assert pack(sources).digest == pack(reversed(sources)).digest
