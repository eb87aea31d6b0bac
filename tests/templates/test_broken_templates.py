"""Whatever somebody mistypes in a template is read or refused with a TemplateError; nothing else ever rises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingbox.templates import TemplateError, explain, read_app
from pingbox.templates.parsing import read_document
from support.broken import WRONG, KeyPath, broken, paths

APPS = Path(__file__).parents[1] / "apps"


@pytest.mark.parametrize(
    ("app", "examples"),
    [
        ("one_handler/template.yaml", 120),
        ("mock_ping/template.yaml", 60),
        ("request_authorizer/template.yaml", 60),
        ("serverless_framework/serverless.yml", 120),
        ("sam_websocket_api/template.yaml", 40),
    ],
)
def test_a_value_of_the_wrong_kind_is_never_a_crash(app, examples, tmp_path: Path):
    root = read_document(APPS / app).root
    everywhere = list(paths(root))
    file = tmp_path / ("serverless.yml" if app.endswith("serverless.yml") else "template.json")
    write = yaml.safe_dump if file.suffix == ".yml" else json.dumps

    refusals: list[TemplateError] = []

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(everywhere), WRONG)
    def one_mistake(path: KeyPath, wrong: Any) -> None:
        file.write_text(write(broken(root, path, wrong)))
        try:
            explain(read_app(file, endpoint="http://127.0.0.1:1", cache=tmp_path / "cache"))
        except TemplateError as error:
            refusals.append(error)

    one_mistake()
    assert refusals
    assert [error for error in refusals if error.place is None] == []
