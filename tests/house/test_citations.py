"""What code, tests and documents cite is there: facts by id, documents by name, sections of the design by letter."""

from __future__ import annotations

import re
from pathlib import Path

from support.conformance import facts
from support.repository import ROOT, tracked

FACTS = {fact.id for fact in facts()}
FAMILIES = {fact.split("-")[0] for fact in FACTS}
# Ids of other lists that have the same form: HTTP dates, ciphers, encodings, keys of the page.
ID = re.compile(rf"\b({'|'.join(sorted(FAMILIES))})-(\d+)\b(?!\s*\.\.|[-/])")
DOCUMENT = re.compile(r"(?<![\w./*-])((?:docs|benchmarks|tests)/[\w./-]+\.md|[a-z][a-z0-9-]*\.md)\b(?!\])")
DESIGN = re.compile(r"chat\.md ((?:[A-E]\d+(?:[-, ]| and )*)+)")
CITING = ("*.py", "*.js", "*.cjs", "*.md")


def citing() -> list[tuple[Path, str]]:
    """Every tracked file that may cite, with its text. The conformance page quotes facts and is made from them."""
    files = [path for path in tracked(*CITING) if path.name not in ("conformance.md", Path(__file__).name)]
    return [(path, path.read_text()) for path in files if "apps" not in path.parts]


def sections(design: str) -> set[str]:
    """`B8` of a heading, `D6` of the sixth point under the heading `D`, `A22` of the table of features."""
    found = set(re.findall(r"^### ([A-E]\d+)\.", design, re.MULTILINE))
    security = design.partition("\n## D.")[2].partition("\n## ")[0]
    found |= {f"D{number}" for number in re.findall(r"^(\d+)\. \*\*", security, re.MULTILINE)}
    features = design.partition("\n### A1.")[2].partition("\n### ")[0]
    return found | {f"A{number}" for number in re.findall(r"^\| (\d+) \|", features, re.MULTILINE)}


def test_every_cited_fact_is_one():
    wrong = [
        f"{path.relative_to(ROOT)} cites {family}-{number}"
        for path, text in citing()
        for family, number in ID.findall(text)
        if f"{family}-{number}" not in FACTS
    ]
    assert wrong == []


def test_every_cited_document_exists():
    """The chat's design quotes documents of other projects, and tests write some of their own: both are left out."""
    names = {path.name for path in tracked("*.md")}
    wrong = [
        f"{path.relative_to(ROOT)} cites {name}"
        for path, text in citing()
        if path.parent.name != "design"
        for name in DOCUMENT.findall(text)
        if "tests" not in path.relative_to(ROOT).parts or name == "chat.md"
        if not ((ROOT / name).exists() if "/" in name else name in names)
    ]
    assert wrong == []


def test_every_cited_section_of_the_chats_design_exists():
    known = sections((ROOT / "docs" / "design" / "chat.md").read_text())
    wrong = [
        f"{path.relative_to(ROOT)} cites chat.md {section}"
        for path, text in citing()
        for cited in DESIGN.findall(text)
        for section in re.findall(r"[A-E]\d+", cited)
        if section not in known
    ]
    assert wrong == []
