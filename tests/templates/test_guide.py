"""The guide keeps up: what it shows is read as it says, and every key of the table is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pingbox.templates import read_app
from pingbox.templates.plain import pyproject

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "your-own-app.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("table", ["_APP", "_ROUTE", "_FUNCTION", "_AUTHORIZER", "_TABLE", "_INDEX"])
def test_every_key_of_the_table_is_in_the_guides_example(table):
    example = "".join(blocks("toml"))
    assert [key for key in getattr(pyproject, table) if key not in example] == []


def test_the_guides_app_elsewhere_is_followed(tmp_path: Path):
    _, elsewhere = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(elsewhere)
    assert pyproject.app_elsewhere(tmp_path / "pyproject.toml") == "infra/template.yaml"


def test_the_guides_table_is_read_without_a_word(tmp_path: Path):
    example, _ = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(example)
    (tmp_path / "src").mkdir()
    for name in ("app", "work", "auth"):
        (tmp_path / "src" / f"{name}.py").write_text("")
    app = read_app(tmp_path, endpoint="http://127.0.0.1:3001")
    assert [route.route_key for route in app.apis[0].routes] == ["$connect", "$default", "vote", "count"]
    assert app.warnings == ()


def test_the_guides_mapping_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (example,) = blocks("python")
    (tmp_path / "app.py").write_text("import messages\n" + example)
    monkeypatch.chdir(tmp_path)
    app = read_app("app:ROUTES", endpoint="http://127.0.0.1:3001")
    handlers = [function.handler for function in app.functions]
    assert handlers == ["app.connect", "messages.send", "fallback.handler"]


def test_the_guides_error_is_the_real_one(refusal, smallest):
    (example,) = blocks("text")
    error = refusal(smallest().replace("IntegrationUri: !Sub arn", "IntegrationUri: !Ref Fn #"))
    assert str(error).partition("template.yaml")[2] == example.strip().partition("template.yaml")[2]
