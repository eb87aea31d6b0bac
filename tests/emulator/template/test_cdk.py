"""The output of `cdk synth` is served as it lies in cdk.out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pingbox.emulator.gateway.declaration import LambdaProxy
from pingbox.emulator.template import TemplateError, read_app

STACK = Path(__file__).parent / "cdk_stack.template.json"


@pytest.fixture
def cdk_out(tmp_path: Path) -> Path:
    (tmp_path / "asset.f1d5").mkdir()
    (tmp_path / "asset.f1d5" / "index.js").write_text("exports.handler = async () => ({statusCode: 200});")
    shutil.copy(STACK, tmp_path / "ChatStack.template.json")
    return tmp_path


def test_a_folder_with_one_synthesised_template_is_enough(cdk_out: Path):
    app = read_app(cdk_out, endpoint="http://127.0.0.1:3001")
    assert app.apis[0].route("$connect").integration == LambdaProxy("Conn1BBA66A8")
    assert app.functions[0].code == str(cdk_out / "asset.f1d5")
    assert [table.name for table in app.tables] == ["Table710B521B"]
    assert app.outputs[0].value == "ws://127.0.0.1:3001/dev"
    assert (app.warnings, app.ignored) == ((), ())


def test_of_several_one_must_be_named(cdk_out: Path):
    shutil.copy(STACK, cdk_out / "OtherStack.template.json")
    with pytest.raises(TemplateError, match="several templates") as caught:
        read_app(cdk_out, endpoint="http://127.0.0.1:3001")
    assert caught.value.received == "ChatStack.template.json, OtherStack.template.json"
