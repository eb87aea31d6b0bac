"""Rules of the house that no linter knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.repository import tracked

SECRET = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")


def test_tests_hand_in_fakes_and_never_patch():
    """`mock.patch` hides a missing seam; hand in a small fake instead."""
    forbidden = re.compile(r"(mock\.patch|from unittest.mock|import unittest.mock|MagicMock)")
    itself = Path(__file__)
    offenders = [path for path in tracked("tests/*.py") if path != itself and forbidden.search(path.read_text())]
    assert offenders == []


@pytest.mark.parametrize("pattern", ["*.py", "*.js", "*.md", "*.yml", "*.yaml", "*.json", "*.toml"])
def test_no_file_holds_what_looks_like_an_aws_key(pattern):
    assert [path for path in tracked(pattern) if SECRET.search(path.read_text(errors="replace"))] == []
