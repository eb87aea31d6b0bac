"""The list of files that the deploy uploads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pingbox.web

STATIC = Path(pingbox.web.__file__).parent / "static"


def test_the_list_is_the_folder() -> None:
    on_disk = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
    assert [file.path for file in pingbox.web.files()] == on_disk
    assert "index.html" in on_disk


def test_every_file_says_how_it_is_to_be_served() -> None:
    kinds = {file.path.rpartition(".")[2]: file.content_type for file in pingbox.web.files()}
    assert kinds == {
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    }


def test_the_files_are_found_in_a_package_that_is_no_folder(tmp_path: Path) -> None:
    """As importlib.resources promises: nothing here needs a path on a disk."""
    package = STATIC.parent.parent
    archive = tmp_path / "pingbox.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in [
            package / "__init__.py",
            *(p for p in (package / "web").rglob("*") if "__pycache__" not in p.parts),
        ]:
            zipped.write(path, Path("pingbox") / path.relative_to(package))
    script = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import pingbox.web as w; print(w.__file__, len(w.files()))"
    )
    said = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == [f"{archive}/pingbox/web/__init__.py", str(len(pingbox.web.files()))]
