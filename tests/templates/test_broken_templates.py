"""Whatever somebody mistypes in a template is read or refused with a TemplateError; nothing else ever rises."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingbox.templates import TemplateError, explain, read_app
from pingbox.templates.document import KeyPath
from pingbox.templates.parsing import read_document

APPS = Path(__file__).parents[1] / "apps"
REMOVED = object()
WRONG = st.sampled_from([
    REMOVED, None, True, 7, -1, 1.5, "x", "", [], ["a"], [[]], [{}], {}, {"a": "b"},
    {"Ref": "Api"}, {"Ref": {}}, {"Fn::Sub": "${x"}, {"Fn::Sub": []}, {"Fn::GetAtt": ["Fn", "Arn"]}, {"Fn::If": [1, 2]},
])  # fmt: skip


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from paths(member, (*path, key))


def broken(root: Any, path: KeyPath, wrong: Any) -> Any:
    changed = copy.deepcopy(root)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if wrong is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = wrong
    return changed


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
