"""The output of `cdk synth` is served as it lies in cdk.out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pingbox.model.api import LambdaProxy
from pingbox.templates import TemplateError, read_app

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
    assert caught.value.next_step == f"name one of them: pingbox serve {cdk_out / 'ChatStack.template.json'}"


def test_of_several_the_only_one_with_a_websocket_api_is_meant(cdk_out: Path):
    (cdk_out / "ABucketStack.template.json").write_text('{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}')
    app = read_app(cdk_out, endpoint="http://127.0.0.1:3001")
    assert app.files == (str(cdk_out / "ChatStack.template.json"),)


def test_a_projects_folder_stands_for_its_cdk_out(cdk_out: Path, tmp_path_factory: pytest.TempPathFactory):
    project = tmp_path_factory.mktemp("project")
    (project / "cdk.json").write_text('{"app": "node app.js"}')
    with pytest.raises(TemplateError, match="nothing to serve") as caught:
        read_app(project, endpoint="http://127.0.0.1:3001")
    assert (caught.value.received, caught.value.next_step) == (
        "cdk.json",
        "run cdk synth, and serve this folder again",
    )
    shutil.copytree(cdk_out, project / "cdk.out")
    assert read_app(project, endpoint="http://127.0.0.1:3001").files == (
        str(project / "cdk.out" / "ChatStack.template.json"),
    )


def test_assets_are_found_by_the_manifest_where_the_template_does_not_tell_them(cdk_out: Path):
    """`cdk synth --no-asset-metadata`, and whoever runs the program without the command."""
    template = json.loads(STACK.read_text())
    for resource in template["Resources"].values():
        resource.pop("Metadata", None)
        if resource["Type"] == "AWS::Lambda::Function":
            key = resource["Properties"]["Code"]["S3Key"]
    (cdk_out / "ChatStack.template.json").write_text(json.dumps(template))
    assert "its code is in an S3 bucket" in str(refused(cdk_out))
    file = {"source": {"path": "asset.f1d5"}, "destinations": {"current": {"bucketName": "b", "objectKey": key}}}
    (cdk_out / "ChatStack.assets.json").write_text(json.dumps({"files": {"f1d5": file}}))
    assert read_app(cdk_out, endpoint="http://127.0.0.1:3001").functions[0].code == str(cdk_out / "asset.f1d5")


def test_functions_that_serve_custom_resources_are_not_run(cdk_out: Path):
    template = json.loads(STACK.read_text())
    [function] = [one for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    template["Resources"] |= {
        "Retention": {
            "Type": "Custom::LogRetention",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}},
        },
        "Elsewhere": {"Type": "Custom::X", "Properties": {"ServiceToken": {"Fn::ImportValue": "theirs"}}},
        "Provider": function,
    }
    (cdk_out / "ChatStack.template.json").write_text(json.dumps(template))
    app = read_app(cdk_out, endpoint="http://127.0.0.1:3001")
    assert app.function("Provider") is None
    assert [one.reason for one in app.ignored if one.logical_id == "Provider"] == [
        "not run: it serves custom resources, which do not run here"
    ]


def refused(folder: Path) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        read_app(folder, endpoint="http://127.0.0.1:3001")
    return caught.value
