"""The list of files that the deploy uploads."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pingbox.web
from pingbox.web.contents import sources

STATIC = Path(pingbox.web.__file__).parent / "static"


def test_the_list_is_the_folder_with_its_modules_and_styles_joined() -> None:
    on_disk = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
    assert list(sources()) == on_disk
    others = [path for path in on_disk if not path.endswith((".js", ".css"))]
    joined = [file.path for file in pingbox.web.files() if file.path.endswith((".js", ".css"))]
    assert sorted([*others, *joined]) == [file.path for file in pingbox.web.files()]
    assert sorted(re.sub("[0-9a-f]{8}", "*", path) for path in joined) == ["app.*.css", "app.*.js"]


def test_what_has_a_version_in_its_name_is_kept_for_ever_and_the_rest_is_asked_for_again() -> None:
    caches = {file.path: file.cache for file in pingbox.web.files()}
    for path, cache in caches.items():
        assert cache == (
            "public,max-age=31536000,immutable" if re.match(r"app\.[0-9a-f]{8}\.", path) else "no-cache"
        ), path


def test_the_page_loads_exactly_the_joined_files() -> None:
    page = next(file.body.decode() for file in pingbox.web.files() if file.path == "index.html")
    loaded = re.findall(r'(?:rel="stylesheet" href|type="module" src)="([^"]+)"', page)
    assert sorted(loaded) == [file.path for file in pingbox.web.files() if file.path.startswith("app.")]


def test_text_is_compressed_and_the_same_each_time() -> None:
    for file in pingbox.web.files():
        if file.packed is None:
            assert file.path.endswith(".png")
        else:
            assert gzip.decompress(file.packed) == file.body
            assert file.packed == gzip.compress(file.body, 9, mtime=0)


def test_every_file_says_how_it_is_to_be_served() -> None:
    kinds = {file.path.rpartition(".")[2]: file.content_type for file in pingbox.web.files()}
    assert kinds == {
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
        "json": "application/json",
        "png": "image/png",
        "webmanifest": "application/manifest+json",
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
