"""What the guides say is what happens: every block is written, every command is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.guides import blocks, run

GUIDES = Path(__file__).parents[2] / "docs" / "guide"


@pytest.mark.parametrize("name", ["testing.md", "testing-how-to.md"])
def test_the_guide_is_true(name, tmp_path):
    commands = run(GUIDES / name, tmp_path)
    tests = {block.name for block in blocks(GUIDES / name) if block.name and block.name.startswith("test_")}
    run_alone = {word for command in commands for word in command.split() if word.endswith(".py") or "test_" in word}
    whole = any(command == "pytest -q" for command in commands)
    assert whole or {name.removesuffix(".py") for name in tests} <= {word.removesuffix(".py") for word in run_alone}


def test_a_wrong_guide_is_found_out(tmp_path):
    """The check can fail: a promised line that is not printed, a piece that is not there."""
    guide = tmp_path / "guide.md"
    guide.write_text("```console\n$ python -c print(1)\n2\n```\n")
    with pytest.raises(AssertionError, match="should print '2'"):
        run(guide, tmp_path)
    guide.write_text("```python a.py\nx = 1\n```\n```python a.py replace\ny = 1\n---\ny = 2\n```\n")
    with pytest.raises(AssertionError, match="has 0 times what is to be replaced"):
        run(guide, tmp_path)
