"""What must never be in the page, and what must be complete."""

from __future__ import annotations

import json
import re

import pytest

from pingbox.web.contents import sources
from pingbox.web.joined import JoinError, join_scripts, join_styles

TEXTS = {path: body.decode() for path, body in sources().items() if not path.endswith((".svg", ".png"))}
SCRIPTS = {path: text for path, text in TEXTS.items() if path.endswith(".js")}

FORBIDDEN = {
    "HTML from strings": r"(?:inner|outer|insertAdjacent)HTML|document\.write|DOMParser|createContextual|srcdoc",
    "code from strings": r"\beval\b|new Function|set(?:Timeout|Interval)\(\s*['\"`]|import\(",
    "what plain HTTP lacks": r"randomUUID|crypto\.subtle|navigator\.(?:clipboard|serviceWorker|locks)",
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


def test_notices_are_asked_for_where_there_are_some() -> None:
    """Plain HTTP has no `Notification`: only the module that looks first may name it."""
    users = [path for path, text in SCRIPTS.items() if re.search(r"\bNotification\b", text)]
    assert users == ["js/view/notices.js"]
    assert "window.isSecureContext && 'Notification' in window" in SCRIPTS[users[0]]


def test_the_modules_are_joined_in_the_order_of_their_imports() -> None:
    modules = {
        "js/app.js": "import { a as first } from './a.js';\nimport { B } from './deep/b.js';\nfirst(B);\n",
        "js/a.js": "/** A. */\nimport { B } from './deep/b.js';\nexport function a() {\n  return B; // kept\n}\n",
        "js/deep/b.js": "// a note\nexport const B = 1;\nconst hidden = 2;\n",
    }
    assert join_scripts(modules, "js/app.js") == (
        "const m0 = (() => {\nconst B = 1;\nconst hidden = 2;\nreturn { B };\n})();\n"
        "const m1 = (() => {\nconst { B } = m0;\nfunction a() {\n  return B; // kept\n}\nreturn { a };\n})();\n"
        "const { a: first } = m1;\nconst { B } = m0;\nfirst(B);\n"
    )


@pytest.mark.parametrize(
    ("modules", "trouble"),
    [
        ({"a.js": "import { b } from './b.js';\n"}, "there is no such module"),
        ({"a.js": "import { b } from './b.js';\n", "b.js": "import { a } from './a.js';\n"}, "imports itself"),
        ({"a.js": "import b from './b.js';\n"}, "cannot be joined: import b"),
        ({"a.js": "export default 1;\n"}, "cannot be joined: export default"),
        ({"a.js": "export * from './b.js';\n"}, "cannot be joined: export"),
        ({"a.js": "export let a = 1;\n"}, "cannot be joined: export let"),
    ],
)
def test_what_cannot_be_joined_is_refused(modules: dict[str, str], trouble: str) -> None:
    with pytest.raises(JoinError, match=trouble):
        join_scripts(modules, "a.js")


def test_styles_are_joined_without_their_comments() -> None:
    assert join_styles(["/* one */\na {\n  b: c;\n}\n", "d { e: f; } /* two\n*/\n"]) == "a {\nb: c;\n}\nd { e: f; }\n"


def test_every_module_is_reached_from_the_page() -> None:
    joined = join_scripts(SCRIPTS, "js/app.js")
    assert joined.count(" = (() => {\n") == len(SCRIPTS) - 1


def test_every_file_is_used() -> None:
    everything = "".join(TEXTS.values())
    for path in sources():
        named = path.startswith("lang/") or path.rpartition("/")[2] in everything
        assert path == "index.html" or named, path


LANGUAGES = {path.rpartition("/")[2][:-5]: json.loads(text) for path, text in TEXTS.items() if path.startswith("lang/")}


def test_all_languages_say_the_same_things() -> None:
    english = _keys(SCRIPTS["js/lang/en.js"])
    assert sorted(LANGUAGES) == ["ar", "de"]
    for code, words in LANGUAGES.items():
        assert list(words) == english, code
    missing = set(re.findall(r"""\bt\(\s*'([\w.]+)'""", "".join(SCRIPTS.values()))) - set(english)
    missing |= set(re.findall(r'data-(?:i18n|name|label)="([\w.]+)"', TEXTS["index.html"])) - set(english)
    assert missing == set()


def test_a_translation_fills_in_the_same_values() -> None:
    """`{name}` in English is `{name}` in every language; only a singular or dual may do without the number."""
    english = dict(re.findall(r"^  '([\w.]+)': (.+),$", SCRIPTS["js/lang/en.js"], re.MULTILINE))
    for code, words in LANGUAGES.items():
        for key, entry in words.items():
            wanted = set(re.findall(r"\{(\w+)\}", english[key]))
            forms = entry if isinstance(entry, dict) else {"other": entry}
            assert "other" in forms, (code, key)
            for form, text in forms.items():
                found = set(re.findall(r"\{(\w+)\}", text))
                assert wanted - found <= ({"count"} if form != "other" else set()), (code, key, form)
                assert found <= wanted, (code, key, form)


def test_the_manifest_names_icons_that_are_there() -> None:
    """Of both sizes that browsers ask for before they offer to install the page, in their true size."""
    manifest = json.loads(TEXTS["manifest.webmanifest"])
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        header = sources()[icon["src"]]
        size = "x".join(str(int.from_bytes(header[at : at + 4], "big")) for at in (16, 20))
        assert (header[:8], size) == (b"\x89PNG\r\n\x1a\n", icon["sizes"])


def test_no_word_is_left_over() -> None:
    used = "".join(text for path, text in TEXTS.items() if not path.startswith("js/lang/"))
    computed = ("error.", "message.", "state.", "me.", "bell.", "emoji.", "settings.", "command.")
    idle = [key for key in _keys(SCRIPTS["js/lang/en.js"]) if key not in used and not key.startswith(computed)]
    assert idle == []


def _keys(source: str) -> list[str]:
    return re.findall(r"^  '([\w.]+)':", source, re.MULTILINE)
