"""One name, one thing: what an app declares, reading it and deploying it share no class name for two meanings."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pingbox

ROOMS = ("model", "templates", "chat", "deploy")


def test_no_class_name_has_two_meanings() -> None:
    package = Path(pingbox.__file__).parent
    found = defaultdict(set)
    for room in ROOMS:
        for file in (package / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].add(str(file.relative_to(package)))
    assert len(found) > 50
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
