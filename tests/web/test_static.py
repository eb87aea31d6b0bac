"""What must never be in the page, and what must be complete."""

from __future__ import annotations

import re

import pytest

import pingbox.web

TEXTS = {file.path: file.read().decode() for file in pingbox.web.files() if not file.path.endswith(".svg")}
SCRIPTS = {path: text for path, text in TEXTS.items() if path.endswith(".js")}

FORBIDDEN = {
    "HTML from strings": r"(?:inner|outer|insertAdjacent)HTML|document\.write|DOMParser|createContextual|srcdoc",
    "code from strings": r"\beval\b|new Function|set(?:Timeout|Interval)\(\s*['\"`]|import\(",
    "what plain HTTP lacks": r"randomUUID|crypto\.subtle|navigator\.(?:clipboard|serviceWorker|locks)|new Notification",
    "cookies and other stores": r"document\.cookie|sessionStorage|indexedDB",
    "errors swallowed": r"catch(?: \(\w*\))? \{\s*\}",
}


@pytest.mark.parametrize(("path", "what"), [(path, what) for path in SCRIPTS for what in FORBIDDEN])
def test_no_script_contains(path: str, what: str) -> None:
    found = re.findall(FORBIDDEN[what], SCRIPTS[path])
    assert found == [], f"{path} contains {what}: {found}"


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    page = TEXTS["index.html"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page) == []


def test_nothing_is_loaded_from_anywhere_else() -> None:
    for path, text in TEXTS.items():
        addresses = re.findall(r"""(?:href|src|from|url)\s*[=(]?\s*['"]?((?:https?:)?//[^'"\s)]+)""", text)
        assert addresses == [], path


def test_every_module_is_announced_so_that_none_waits_for_another() -> None:
    """Without a bundle a browser finds imports level by level; `modulepreload` makes it one round trip."""
    announced = re.findall(r'rel="modulepreload" href="([^"]+)"', TEXTS["index.html"])
    assert sorted(announced) == sorted(SCRIPTS)


def test_every_file_is_used() -> None:
    everything = "".join(TEXTS.values())
    for file in pingbox.web.files():
        assert file.path == "index.html" or file.path.rpartition("/")[2] in everything, file.path


def test_both_languages_say_the_same_things() -> None:
    english, german = (_keys(SCRIPTS[f"js/lang/{code}.js"]) for code in ("en", "de"))
    assert german == english
    missing = set(re.findall(r"""\bt\(\s*'([\w.]+)'""", "".join(SCRIPTS.values()))) - set(english)
    missing |= set(re.findall(r'data-(?:i18n|name)="([\w.]+)"', TEXTS["index.html"])) - set(english)
    assert missing == set()


def test_no_word_is_left_over() -> None:
    used = "".join(text for path, text in TEXTS.items() if not path.startswith("js/lang/"))
    computed = ("error.", "message.", "state.", "nav.theme.")
    idle = [key for key in _keys(SCRIPTS["js/lang/en.js"]) if key not in used and not key.startswith(computed)]
    assert idle == []


def _keys(source: str) -> list[str]:
    return re.findall(r"^  '([\w.]+)':", source, re.MULTILINE)
