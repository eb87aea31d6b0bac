"""What the documents point to is there, and every command they show is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pingbox.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_house_leads_somewhere(page):
    text = re.sub(r"`[^`\n]*`", "", page.read_text())  # a regular expression in code may look like a link
    for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text):
        assert (page.parent / target).exists(), f"{page.name} points to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_shown_is_one(page):
    shown = re.findall(r"^\$ (?:\S+/)?pingbox ([a-z]\w*)", page.read_text(), re.MULTILINE)
    context = main.make_context("pingbox", ["serve"], resilient_parsing=True)
    assert [name for name in shown if name not in main.list_commands(context)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_shown_is_one(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = re.findall(r"(?:^\$ |`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    assert [name for name in shown if name not in targets] == []
