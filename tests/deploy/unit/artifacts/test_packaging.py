"""Somebody's code on its way to AWS: everything it needs goes along, and what cannot is refused with its line."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.deploy.artifacts.folders import code_sources
from pingbox.deploy.artifacts.own_template import own_desired
from pingbox.deploy.artifacts.package import Artifact, pack
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.target import DeployTarget

TARGET = DeployTarget("mine", "dev", "eu-central-1", "123456789012")
SAM = "Transform: AWS::Serverless-2016-10-31\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a template and other files; returns the template."""

    def write(template: str, **files: str) -> Path:
        for name, content in {"template.yaml": template, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path / "template.yaml"

    return write


def desired(file: Path) -> Desired:
    return own_desired(TARGET, file, {})


def document(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desired(file).template)
    return found


def names(artifact: Artifact) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(artifact.body)).namelist()


def refusal(file: Path) -> str:
    with pytest.raises(DeployRefusedError) as refused:
        desired(file)
    return str(refused.value)


class TestFunctionsAndLayers:
    def test_the_code_of_all_functions_is_packaged(self, write: Write) -> None:
        """Globals.Function.CodeUri."""
        file = write(
            SAM + "Globals: {Function: {CodeUri: src, Runtime: python3.13}}\n"
            "Resources:\n"
            "  One: {Type: AWS::Serverless::Function, Properties: {Handler: a.one}}\n"
            "  Two: {Type: AWS::Serverless::Function, Properties: {Handler: a.two}}\n",
            **{"src/a.py": ""},
        )
        [artifact] = desired(file).artifacts
        assert document(file)["Globals"]["Function"]["CodeUri"] == {
            "Bucket": TARGET.artifact_bucket,
            "Key": f"mine/dev/{artifact.key}",
        }
        assert "CodeUri" not in document(file)["Resources"]["One"]["Properties"]

    def test_a_sam_function_without_code_has_the_templates_folder(self, write: Write) -> None:
        """As `sam` has it."""
        file = write(
            SAM + "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: python3.13}}}",
            **{"a.py": ""},
        )
        [artifact] = desired(file).artifacts
        assert names(artifact) == ["a.py", "template.yaml"]

    def test_inline_code_and_code_in_a_bucket_are_left_alone(self, write: Write) -> None:
        file = write(
            SAM + "Resources:\n"
            "  A: {Type: AWS::Serverless::Function, Properties: {InlineCode: x, Handler: a.b, Runtime: python3.13}}\n"
            "  B: {Type: AWS::Serverless::Function, Properties: {CodeUri: s3://b/k, Handler: a.b}}\n"
            "  C: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: x}, Handler: a.b}}\n"
            "  D: {Type: AWS::Lambda::Function, Properties: {Code: {S3Bucket: b, S3Key: k}, Handler: a.b}}\n"
        )
        assert desired(file).artifacts == ()

    def test_layers_are_packaged(self, write: Write) -> None:
        file = write(
            SAM + "Resources:\n"
            "  A: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: one}}\n"
            "  B: {Type: AWS::Lambda::LayerVersion, Properties: {Content: two}}\n",
            **{"one/python/a.py": "", "two/python/b.py": ""},
        )
        one, two = desired(file).artifacts
        found = document(file)["Resources"]
        assert found["A"]["Properties"]["ContentUri"]["Key"] == f"mine/dev/{one.key}"
        assert found["B"]["Properties"]["Content"] == {
            "S3Bucket": TARGET.artifact_bucket,
            "S3Key": f"mine/dev/{two.key}",
        }
        assert (names(one), names(two)) == (["python/a.py"], ["python/b.py"])

    def test_what_the_cdk_synthesised_is_packaged(self, write: Write) -> None:
        """It names a bucket that only `cdk deploy` fills, and notes where the code lies."""
        file = write(
            "Resources:\n"
            "  F:\n"
            "    Type: AWS::Lambda::Function\n"
            "    Metadata: {'aws:asset:path': asset.1, 'aws:asset:property': Code}\n"
            "    Properties: {Handler: a.b, Code: {S3Bucket: {'Fn::Sub': 'cdk-${AWS::Region}'}, S3Key: 1.zip}}\n",
            **{"asset.1/a.py": ""},
        )
        [artifact] = desired(file).artifacts
        assert document(file)["Resources"]["F"]["Properties"]["Code"]["S3Key"] == f"mine/dev/{artifact.key}"

    def test_what_only_the_cdks_manifest_knows_is_packaged(self, write: Write, tmp_path: Path) -> None:
        manifest = {"files": {"1": {"source": {"path": "asset.1"}, "destinations": {"here": {"objectKey": "1.zip"}}}}}
        code = {"S3Bucket": {"Fn::Sub": "cdk-${AWS::Region}"}, "S3Key": "1.zip"}
        function = {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "a.b", "Code": code}}
        write("", **{"asset.1/a.py": "", "Chat.assets.json": json.dumps(manifest)})
        file = tmp_path / "Chat.template.json"
        file.write_text(json.dumps({"Resources": {"F": function}}))
        [artifact] = desired(file).artifacts
        assert names(artifact) == ["a.py"]


class TestNestedTemplates:
    def test_a_nested_template_and_its_code_go_along(self, write: Write) -> None:
        file = write(
            "Resources: {Data: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: data/template.yaml}}}",
            **{
                "data/template.yaml": "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: src}}}",
                "data/src/a.py": "",
            },
        )
        code, nested = desired(file).artifacts
        assert nested.key.endswith(".template")
        assert document(file)["Resources"]["Data"]["Properties"]["TemplateURL"] == (
            f"https://s3.eu-central-1.amazonaws.com/{TARGET.artifact_bucket}/mine/dev/{nested.key}"
        )
        inside = json.loads(nested.body)
        assert inside["Resources"]["F"]["Properties"]["Code"]["S3Key"] == f"mine/dev/{code.key}"

    def test_an_application_of_sam_is_a_nested_template(self, write: Write) -> None:
        file = write(
            SAM + "Resources: {Data: {Type: AWS::Serverless::Application, Properties: {Location: data.yaml}}}",
            **{"data.yaml": "Resources: {Q: {Type: AWS::SQS::Queue}}"},
        )
        assert document(file)["Resources"]["Data"]["Properties"]["Location"].startswith("https://")

    def test_one_that_nests_itself_is_refused(self, write: Write) -> None:
        file = write("Resources: {Me: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: template.yaml}}}")
        assert f"{file}:1: Me.TemplateURL: template.yaml; expected a template that is not nested" in refusal(file)

    def test_one_that_is_not_there_is_refused(self, write: Write) -> None:
        file = write("Resources: {Me: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: no.yaml}}}")
        assert f"{file}:1: Me.TemplateURL: no file" in refusal(file)


class TestFolders:
    @pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
    def test_programs_stay_programs(self, tmp_path: Path) -> None:
        (tmp_path / "bin").mkdir()
        for name, mode in (("bootstrap", 0o644), ("bin/tool", 0o755), ("app.py", 0o644)):
            (tmp_path / name).write_text("")
            (tmp_path / name).chmod(mode)
        archive = zipfile.ZipFile(io.BytesIO(pack(code_sources(tmp_path, "F")).body))
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        assert modes == {"bin/tool": 0o755, "bootstrap": 0o755, "app.py": 0o644}

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
    def test_a_program_that_becomes_a_file_is_a_change(self, tmp_path: Path) -> None:
        (tmp_path / "tool").write_text("")
        (tmp_path / "tool").chmod(0o755)
        before = pack(code_sources(tmp_path, "F")).digest
        (tmp_path / "tool").chmod(0o644)
        assert pack(code_sources(tmp_path, "F")).digest != before

    def test_hidden_folders_go_along_and_litter_does_not(self, tmp_path: Path) -> None:
        for name in (
            "node_modules/.prisma/client/index.js",
            "node_modules/.bin/tool",
            ".config.json",
            ".git/HEAD",
            "__pycache__/a.pyc",
            "venv/pyvenv.cfg",
            "venv/lib/x.py",
            ".DS_Store",
            "a.py",
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
        assert [source.path for source in code_sources(tmp_path, "F")] == [
            ".config.json",
            "a.py",
            "node_modules/.bin/tool",
            "node_modules/.prisma/client/index.js",
        ]

    def test_a_link_within_the_folder_is_followed(self, tmp_path: Path) -> None:
        """pnpm's node_modules consist of them."""
        (tmp_path / ".pnpm" / "left-pad").mkdir(parents=True)
        (tmp_path / ".pnpm" / "left-pad" / "index.js").write_text("x")
        (tmp_path / "left-pad").symlink_to(".pnpm/left-pad", target_is_directory=True)
        found = {source.path: source.body for source in code_sources(tmp_path, "F")}
        assert found == {".pnpm/left-pad/index.js": b"x", "left-pad/index.js": b"x"}

    def test_a_link_in_a_circle_ends(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "x.py").write_text("")
        (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
        assert {source.path for source in code_sources(tmp_path, "F")} == {"a/x.py"}

    @pytest.mark.parametrize("outside", ["secret.txt", "folder"])
    def test_a_link_out_of_the_folder_is_refused(self, outside: str, tmp_path: Path) -> None:
        """Whatever it leads to would be uploaded."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "secret.txt").write_text("secret")
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "x").symlink_to(tmp_path / outside)
        with pytest.raises(DeployRefusedError, match=r"F, x: a link to .*; expected files of"):
            code_sources(tmp_path / "code", "F")

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DeployRefusedError, match="is empty"):
            code_sources(tmp_path, "F")


def python_function(more: str = "") -> str:
    return (
        SAM + "Resources:\n"
        "  F:\n"
        f"    Type: AWS::Serverless::Function\n{more}"
        "    Properties: {CodeUri: src, Handler: app.handler, Runtime: python3.13}\n"
    )


def node_function(handler: str = "app.handler") -> str:
    return (
        "Resources:\n"
        f"  F: {{Type: AWS::Lambda::Function, Properties: {{Code: src, Handler: {handler}, Runtime: nodejs22.x}}}}\n"
    )


class TestWhatIsNotPackaged:
    @pytest.mark.parametrize(
        ("resource", "what"),
        [
            ("Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: flow.json}", "X.DefinitionUri"),
            ("Type: AWS::Serverless::HttpApi, Properties: {DefinitionUri: api.yaml}", "X.DefinitionUri"),
            (
                "Type: AWS::StepFunctions::StateMachine, Properties: {DefinitionS3Location: flow.json}",
                "X.DefinitionS3Location",
            ),
            ("Type: AWS::Serverless::Function, Properties: {PackageType: Image}", "X: a container image"),
            ("Type: AWS::Lambda::Function, Properties: {Code: {ImageUri: 'app:latest'}}", "X: a container image"),
            (
                "Type: AWS::SQS::Queue, Properties: {'Fn::Transform': {Name: AWS::Include, "
                "Parameters: {Location: part.yaml}}}",
                "X.Fn::Transform: part.yaml",
            ),
        ],
    )
    def test_a_local_file_is_refused_with_its_line(self, resource: str, what: str, write: Write) -> None:
        file = write(f"Resources:\n  Q: {{Type: AWS::SQS::Queue}}\n  X: {{{resource}}}\n")
        said = refusal(file)
        assert said.startswith(f"{file}:3: {what}")
        assert "is not packaged" in said

    def test_an_image_that_is_pushed_is_taken(self, write: Write) -> None:
        image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:1"
        file = write(
            f"Resources: {{X: {{Type: AWS::Lambda::Function, Properties: {{Code: {{ImageUri: '{image}'}}}}}}}}"
        )
        assert desired(file).artifacts == ()

    @pytest.mark.parametrize("type_name", ["Function", "LayerVersion"])
    def test_what_has_to_be_built_is_refused(self, type_name: str, write: Write) -> None:
        name = "CodeUri" if type_name == "Function" else "ContentUri"
        file = write(
            SAM + "Resources:\n  X:\n"
            f"    Type: AWS::Serverless::{type_name}\n"
            "    Metadata: {BuildMethod: makefile}\n"
            f"    Properties: {{{name}: src}}\n",
            **{"src/a.py": ""},
        )
        said = refusal(file)
        assert said.startswith(f"{file}:5: X.Metadata.BuildMethod: makefile, and a deploy builds nothing")
        assert "sam build" in said

    def test_what_sam_built_is_taken(self, tmp_path: Path) -> None:
        """It leaves the metadata as they were."""
        folder = tmp_path / ".aws-sam" / "build"
        (folder / "src").mkdir(parents=True)
        (folder / "src" / "app.py").write_text("")
        (folder / "template.yaml").write_text(python_function("    Metadata: {BuildMethod: makefile}\n"))
        assert len(desired(folder / "template.yaml").artifacts) == 1


class TestRequirements:
    def test_those_that_are_not_vendored_are_refused(self, write: Write) -> None:
        """Deployed, the function becomes Active, and every connect is refused."""
        file = write(
            python_function(), **{"src/app.py": "import requests", "src/requirements.txt": "requests>=2\nboto3\n"}
        )
        said = refusal(file)
        assert said.startswith(f"{file}:3: F: requirements.txt in ")
        assert "asks for requests>=2, which the folder does not contain" in said
        assert "pip install -r requirements.txt -t ." in said

    @pytest.mark.parametrize(
        "there",
        ["src/requests-2.32.0.dist-info/METADATA", "src/requests/__init__.py", "src/requests.py"],
    )
    def test_those_that_are_vendored_are_taken(self, there: str, write: Write) -> None:
        metadata = "Metadata-Version: 2.1\nName: requests\nVersion: 2.32.0\n"
        file = write(python_function(), **{"src/requirements.txt": "requests", there: metadata})
        assert len(desired(file).artifacts) == 1

    @pytest.mark.parametrize("text", ["boto3\nbotocore>=1\n", "# nothing\n", "tzdata; sys_platform == 'win32'\n"])
    def test_what_lambda_has_or_does_not_need_is_not_missed(self, text: str, write: Write) -> None:
        file = write(python_function(), **{"src/app.py": "", "src/requirements.txt": text})
        assert len(desired(file).artifacts) == 1

    def test_a_layer_may_bring_them(self, write: Write) -> None:
        layered = python_function().replace("Runtime: python3.13}", "Runtime: python3.13, Layers: [!Ref L]}")
        file = write(
            layered + "  L: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}\n",
            **{"src/requirements.txt": "requests", "layer/python/requests/__init__.py": ""},
        )
        assert len(desired(file).artifacts) == 2

    def test_of_a_layer_from_elsewhere_nobody_knows(self, write: Write) -> None:
        layered = python_function().replace(
            "Runtime: python3.13}", "Runtime: python3.13, Layers: ['arn:aws:lambda:eu-central-1:1:layer:x:1']}"
        )
        assert len(desired(write(layered, **{"src/requirements.txt": "requests"})).artifacts) == 1


class TestNode:
    def test_an_import_that_is_not_in_the_folder_is_refused(self, write: Write) -> None:
        """The emulator finds node_modules above the folder; Lambda gets the folder only."""
        file = write(
            node_function(),
            **{
                "package.json": '{"dependencies": {"nanoid": "5", "left-pad": "1"}}',
                "node_modules/nanoid/index.js": "",
                "src/app.js": "const { nanoid } = require('nanoid'); require('@aws-sdk/client-dynamodb')",
            },
        )
        said = refusal(file)
        assert said.startswith(f"{file}:2: F: its sources import nanoid, which ")

    def test_one_that_is_there_is_taken(self, write: Write) -> None:
        file = write(
            node_function(),
            **{
                "src/package.json": '{"dependencies": {"nanoid": "5"}}',
                "src/node_modules/nanoid/index.js": "",
                "src/app.mjs": "import { nanoid } from 'nanoid'",
            },
        )
        assert len(desired(file).artifacts) == 1

    def test_a_bundle_that_imports_nothing_is_taken(self, write: Write) -> None:
        file = write(node_function(), **{"package.json": '{"dependencies": {"nanoid": "5"}}', "src/app.js": "1"})
        assert len(desired(file).artifacts) == 1

    def test_typescript_is_refused(self, write: Write) -> None:
        file = write(node_function(), **{"src/app.ts": "export const handler = 1"})
        assert "its handler app.handler is app.ts, and Lambda runs no TypeScript" in refusal(file)


def test_local_code_in_a_loop_is_refused(write: Write) -> None:
    """What a loop makes is known to CloudFormation only, and so are the paths in it."""
    file = write(
        "Transform: AWS::LanguageExtensions\n"
        "Resources:\n"
        "  'Fn::ForEach::Each':\n"
        "    - Name\n"
        "    - [A, B]\n"
        "    - 'Fn${Name}': {Type: AWS::Lambda::Function, Properties: {Code: src, Handler: a.b}}\n",
        **{"src/a.py": ""},
    )
    said = refusal(file)
    assert said.startswith(f"{file}:3: Fn::ForEach::Each: local code (src) in a loop is not packaged")
