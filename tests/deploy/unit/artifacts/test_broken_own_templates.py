"""Whatever somebody mistypes in a template is packaged or refused with one line; nothing else ever rises."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pingbox.deploy.artifacts.own_findings import own_findings
from pingbox.deploy.artifacts.own_template import own_desired
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.target import DeployTarget
from pingbox.templates.parsing import read_document
from support.broken import WRONG, KeyPath, broken, paths

APPS = Path(__file__).parents[3] / "apps"
TARGET = DeployTarget("mine", "dev", "eu-central-1", "123456789012")


@pytest.mark.parametrize(
    ("app", "examples"), [("one_handler", 50), ("sam_websocket_api", 15), ("nested_stacks", 20), ("mock_ping", 20)]
)
def test_a_value_of_the_wrong_kind_is_never_a_crash(app: str, examples: int, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    shutil.copytree(APPS / app, folder)
    root = read_document(folder / "template.yaml").root
    (folder / "template.yaml").unlink()
    file = folder / "template.json"
    refusals: list[str] = []

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(list(paths(root))), WRONG)
    def one_mistake(path: KeyPath, wrong: Any) -> None:
        file.write_text(json.dumps(broken(root, path, wrong)))
        try:
            own_desired(TARGET, file, {})
            own_findings(TARGET, file, {}, {})
        except DeployRefusedError as error:
            refusals.append(str(error))

    one_mistake()
    assert refusals
    assert [said for said in refusals if str(file) not in said and "the parameters of" not in said] == []
