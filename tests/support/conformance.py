"""Which facts of API Gateway and Lambda hold, told from the tests that prove them.

`python -m support.conformance` runs those tests, prints how many facts hold, per section, and writes
docs/reference/conformance.md. The suite checks that the page is up to date and that no fact is forgotten.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "conformance.md"
_DATA = ROOT / "tests" / "conformance"

_HEAD = """# Conformance

What is known of the real API Gateway and Lambda, fact by fact, and whether the emulator holds it. Made by
`make conformance` from the tests that prove each fact; do not edit by hand.

*Mark*: how well the fact is known. `documented`: AWS says so. `observed`: users or captures show it. `measured`: of
botocore. `recalled`, `uncertain`: weak evidence; the emulator has a default and may be wrong. `open`: a question whose
answer is not known, with the default chosen.
"""


@dataclass(frozen=True)
class Fact:
    """One fact: its id, the section it stands in, how well it is known and what it says."""

    id: str
    section: int
    mark: str
    says: str


def facts() -> list[Fact]:
    """All facts, in order."""
    return [Fact(**fact) for fact in json.loads((_DATA / "facts.json").read_text())["facts"]]


def sections() -> dict[int, str]:
    """Section number to title."""
    return {int(n): title for n, title in json.loads((_DATA / "facts.json").read_text())["sections"].items()}


def not_emulated() -> dict[str, str]:
    """Fact id to the reason why the emulator leaves it out."""
    reasons: dict[str, str] = json.loads((_DATA / "not_emulated.json").read_text())
    return reasons


def proofs() -> dict[str, list[str]]:
    """Fact id to the test files whose `fact` marks name it."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for fact in _marks(ast.parse(file.read_text())):
            found[fact].add(file.relative_to(ROOT).as_posix())
    return {fact: sorted(files) for fact, files in found.items()}


def _marks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fact":
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def page() -> str:
    """The reference page as it should be."""
    proved, left_out = proofs(), not_emulated()
    lines = [_HEAD]
    for number, title in sections().items():
        here = [fact for fact in facts() if fact.section == number]
        lines += [f"## {title}", "", "| id | mark | fact | emulator | proved in |", "|--|--|--|--|--|"]
        lines += [_row(fact, proved.get(fact.id, []), left_out.get(fact.id)) for fact in here]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(fact: Fact, files: Sequence[str], reason: str | None) -> str:
    says = fact.says.replace("|", "\\|")
    state = f"not emulated: {reason}" if reason else "holds" if files else "**not proved**"
    where = ", ".join(f"`{file.removeprefix('tests/')}`" for file in files)
    return f"| {fact.id} | {fact.mark} | {says} | {state} | {where} |"


class _Outcomes:
    """A pytest plugin that notes which facts' tests failed."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        result = yield
        if not result.get_result().passed:
            self.failed |= {fact for mark in item.iter_markers("fact") for fact in mark.args}


def summary(failed: set[str], proved: Mapping[str, object], left_out: Mapping[str, str]) -> str:
    """How many facts hold, per section."""
    lines = []
    for number, title in sections().items():
        here = [fact.id for fact in facts() if fact.section == number]
        holds = [fact for fact in here if fact in proved and fact not in failed and fact not in left_out]
        out = sum(fact in left_out for fact in here)
        lines.append(f"{title:<48} {len(holds):>3} of {len(here):>3} hold, {out} not emulated")
    return "\n".join(lines)


def main() -> int:
    """Run the proofs, print the summary, write the page; 0 if every fact that should hold does."""
    outcomes = _Outcomes()
    code = pytest.main(["-q", "-m", "fact", *sys.argv[1:]], plugins=[outcomes])
    PAGE.write_text(page())
    print("\n" + summary(outcomes.failed, proofs(), not_emulated()))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
