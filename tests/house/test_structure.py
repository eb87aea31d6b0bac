"""The house stays calm: no folder is crowded, no class name has two meanings in one package, modules are nouns."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from support.repository import ROOT, tracked

MAX_MODULES = 16
PACKAGES = ("pingbox_core", *(f"pingbox/{name}" for name in ("deploy", "emulator", "handlers", "local", "model")))
PACKAGES += ("pingbox/rehearsal", "pingbox/templates", "pingbox/testing", "pingbox/web")


def modules(*patterns: str) -> list[Path]:
    return [path for path in tracked(*patterns) if path.name != "__init__.py"]


@pytest.mark.parametrize("pattern", ["pingbox/*.py pingbox_core/*.py", "tests/*.py", "pingbox/web/static/*.js"])
def test_no_folder_is_crowded(pattern):
    counts = Counter(path.parent for path in modules(*pattern.split()))
    assert {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > MAX_MODULES} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_class_name_has_two_meanings_in_one_package(package):
    found: dict[str, list[str]] = defaultdict(list)
    for path in modules(f"{package}/*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
