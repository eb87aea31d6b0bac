"""Functions, where their code is, and tables."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pingbox.emulator.services.lambda_ import platform_log
from pingbox.model.function import FunctionSpec
from pingbox.templates.cloudformation.code import unpack, write_inline


def function_properties(smallest: str, properties: str) -> str:
    return smallest.replace("Runtime: python3.13, Handler: app.handler, Code: code", properties)


def test_every_setting_of_a_function_is_read(read, smallest, tmp_path: Path):
    app = read(
        function_properties(
            smallest(),
            "FunctionName: chat-fn, Runtime: nodejs22.x, Handler: src/app.handler, Code: ./code, Timeout: 12, "
            'MemorySize: "512", Environment: {Variables: {A: 1, B: true, C: text}}',
        ),
        files={"code/src/app.mjs": ""},
    )
    assert app.functions == (
        FunctionSpec(
            name="chat-fn",
            handler="src/app.handler",
            code=str(tmp_path / "my-app" / "code"),
            runtime="nodejs22.x",
            timeout=12.0,
            memory=512,
            environment={"A": "1", "B": "true", "C": "text"},
        ),
    )
    assert app.warnings == ()


def test_defaults_are_lambdas_own(read, smallest):
    """LM-23, LM-24."""
    (function,) = read(smallest()).functions
    assert (function.timeout, function.memory, function.environment) == (3.0, 128, {})


@pytest.mark.parametrize(
    ("runtime", "code", "file"),
    [
        ("python3.13", "def handler(event, context): ...", "index.py"),
        ("nodejs22.x", "exports.handler = async () => ({});", "index.js"),
        ("nodejs22.x", "import x from 'node:fs';\nexport const handler = () => ({});", "index.mjs"),
    ],
)
def test_inline_code_is_written_as_module_index(read, smallest, runtime, code, file):
    quoted = code.replace("'", "''")
    if "\n" in code:
        quoted = quoted.replace("\n", " \n\n          ")
    app = read(
        function_properties(smallest(), f"Runtime: {runtime}, Handler: index.handler, Code: {{ZipFile: '{quoted}'}}")
    )
    (function,) = app.functions
    assert (Path(function.code) / file).read_text().split() == code.split()
    assert app.warnings == ()


def test_inline_code_is_written_once(tmp_path: Path):
    first = write_inline(tmp_path, "x = 1", "python3.13")
    assert write_inline(tmp_path, "x = 1", "python3.13") == first
    assert write_inline(tmp_path, "x = 2", "python3.13") != first
    assert len(list(tmp_path.iterdir())) == 2


def test_a_zip_is_unpacked(tmp_path: Path):
    archive = tmp_path / "fn.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("app/main.py", "x = 1")
    assert (Path(unpack(tmp_path / "cache", archive)) / "app" / "main.py").read_text() == "x = 1"


def test_a_file_that_is_no_zip_is_refused(refusal, smallest):
    text = function_properties(smallest(), "Runtime: python3.13, Handler: app.handler, Code: code/app.py")
    assert "cannot be unpacked" in refusal(text).message


def test_the_code_of_cdk_is_found_beside_its_template(read, smallest):
    """`cdk synth` names a bucket to come, and the local folder in the metadata."""
    text = smallest().replace(
        "Code: code}}", "Code: {S3Bucket: cdk-assets, S3Key: abc.zip}}, Metadata: {aws:asset:path: asset.abc}}"
    )
    app = read(text, files={"asset.abc/app.py": ""})
    assert app.functions[0].code.endswith("/asset.abc")
    assert app.warnings == ()


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("PackageType: Image, Code: {ImageUri: 'x:latest'}", "container image"),
        ("Runtime: python3.13, Handler: app.handler, Code: {S3Bucket: b, S3Key: k}", "S3 bucket"),
    ],
)
def test_a_route_to_a_function_whose_code_is_not_here_is_refused(refusal, smallest, properties, reason):
    error = refusal(function_properties(smallest(), properties))
    assert reason in error.message
    assert error.place.line == 3
    assert error.next_step


def test_the_folder_of_code_in_a_bucket_can_be_given(read, smallest, tmp_path: Path):
    text = function_properties(smallest(), "Runtime: python3.13, Handler: app.handler, Code: {S3Bucket: b, S3Key: k}")
    app = read(text, parameters={"code:Fn": "./code"})
    assert app.functions[0].code == str(tmp_path / "my-app" / "code")


def test_such_a_function_is_only_listed_when_no_route_calls_it(read, smallest):
    more = "  Other: {Type: AWS::Lambda::Function, Properties: {PackageType: Image, Code: {ImageUri: x}}}\n"
    app = read(smallest(more))
    assert [function.name for function in app.functions] == ["Fn"]
    assert "container image" in app.ignored[0].reason


def test_a_function_of_another_language_fails_alone(read, smallest):
    app = read(function_properties(smallest(), "Runtime: java21, Handler: a.B::c, Code: code"))
    assert app.functions == ()
    assert "java21" in app.ignored[0].reason
    assert "Int: calls the function Fn, which cannot run here" in app.warnings[0]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("Runtime: python3.13, Handler: app.handler, Code: nowhere", "does not exist"),
        ("Runtime: python3.13, Handler: other.handler, Code: code", "no file other.py or other/__init__.py"),
        ("Runtime: nodejs22.x, Handler: ts.handler, Code: code", "npm install --save-dev tsx"),
    ],
)
def test_code_that_is_not_there_is_worth_a_warning(read, smallest, properties, message):
    app = read(function_properties(smallest(), properties), files={"code/ts.ts": ""})
    assert message in app.warnings[0]


def test_typescript_beside_tsx_is_worth_none(read, smallest):
    text = function_properties(smallest(), "Runtime: nodejs22.x, Handler: ts.handler, Code: code")
    app = read(text, files={"code/ts.ts": "", "node_modules/tsx/package.json": "{}"})
    assert not any("ts.handler" in warning for warning in app.warnings)


@pytest.mark.parametrize(
    ("runtime", "handler", "file"),
    [
        ("python3.13", "a/b.mod.fn", "code/a/b/mod.py"),
        ("python3.13", "a.b.fn", "code/a/b.py"),
        ("nodejs22.x", "a/b.mod.fn", "code/a/b.js"),
        ("nodejs22.x", "a/b.fn", "code/a/b.mjs"),
        ("nodejs22.x", "app.routes.connect", "code/app.js"),
    ],
)
def test_a_handler_is_looked_for_where_its_runtime_finds_it(read, smallest, runtime, handler, file):
    """Python splits at the last dot, Node.js at the first one after the last slash."""
    text = function_properties(smallest(), f"Runtime: {runtime}, Handler: {handler}, Code: code")
    assert f"its handler {handler} has no file" in read(text).warnings[0]
    assert read(text, files={file: ""}).warnings == ()


@pytest.mark.parametrize(
    ("entry", "files", "handler"),
    [
        ("src/app.ts", ["src/app.ts"], "src/app.handler"),
        ("app.ts", ["app.ts"], "app.handler"),
        ("src/other.ts", ["src/other.ts"], "app.handler"),
        ("src/app.ts", ["app.js"], "app.handler"),
    ],
    ids=["in a folder", "at the top", "of another name", "after sam build"],
)
def test_the_handler_of_sams_esbuild_is_found_by_its_entry_point(read, smallest, entry, files, handler):
    kind = "Type: AWS::Lambda::Function,"
    build = f"Metadata: {{BuildMethod: esbuild, BuildProperties: {{EntryPoints: [{entry}]}}}},"
    text = function_properties(smallest(), "Runtime: nodejs22.x, Handler: app.handler, Code: code")
    app = read(text.replace(kind, f"{kind} {build}", 1), files={f"code/{file}": "" for file in files})
    assert app.functions[0].handler == handler


def test_reserved_variables_are_dropped_with_a_word(read, smallest):
    """LM-1."""
    text = function_properties(
        smallest(),
        "Runtime: python3.13, Handler: app.handler, Code: code, Environment: {Variables: {AWS_REGION: mars, X: y}}",
    )
    app = read(text)
    assert app.functions[0].environment == {"X": "y"}
    assert "AWS_REGION is reserved" in app.warnings[0]


def test_a_dynamic_reference_is_left_as_it_is_with_a_word(read, smallest):
    text = function_properties(
        smallest(),
        "Runtime: python3.13, Handler: app.handler, Code: code, Environment: {Variables: {X: '{{resolve:ssm:/a/b}}'}}",
    )
    assert "dynamic reference" in read(text).warnings[0]


def test_layers_of_the_template_are_folders_and_others_are_named(read, smallest):
    more = "  L: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layer}}\n"
    arn = "arn:aws:lambda:us-east-1:017000801446:layer:Powertools:1"
    text = function_properties(
        smallest(more), f"Runtime: python3.13, Handler: app.handler, Code: code, Layers: [!Ref L, '{arn}']"
    )
    app = read(text, files={"layer/python/x.py": ""})
    assert [Path(folder).name for folder in app.functions[0].layers] == ["layer"]
    assert arn in app.warnings[0]


@pytest.mark.parametrize(
    ("layer", "requirement"),
    [
        (
            "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:7",
            "aws-lambda-powertools[all]>=3,<4",
        ),
        (
            "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV2-Arm64:68",
            "aws-lambda-powertools[all]>=2,<3",
        ),
        (
            "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPython:12",
            "aws-lambda-powertools[pydantic]>=1,<2",
        ),
        ("{{resolve:ssm:/aws/service/powertools/python/arm64/python3.13/latest}}", "aws-lambda-powertools[all]"),
        ("arn:aws:lambda:eu-west-1:336392948345:layer:AWSSDKPandas-Python312:14", "awswrangler"),
        ("arn:aws:lambda:eu-west-1:770693421928:layer:Klayers-p312-arm64-PyJWT:3", "PyJWT"),
        ("arn:aws:lambda:eu-west-1:770693421928:layer:Klayers-python38-requests:23", "requests"),
    ],
)
def test_a_public_layer_becomes_a_layer_that_requires_what_it_brings(read, smallest, layer, requirement):
    text = function_properties(
        smallest(), f"Runtime: python3.13, Handler: app.handler, Code: code, Layers: ['{layer}']"
    )
    app = read(text)
    [folder] = app.functions[0].layers
    assert (Path(folder) / "requirements.txt").read_text() == requirement
    assert f"{layer} is not in the template; {requirement} from PyPI takes its place" in app.warnings[0]


def test_a_public_layer_of_python_means_nothing_to_a_node_function(read, smallest):
    layer = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV2:68"
    text = function_properties(
        smallest(), f"Runtime: nodejs22.x, Handler: app.handler, Code: code, Layers: ['{layer}']"
    )
    assert read(text).functions[0].layers == ()


TABLE = """\
  Messages:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: room, AttributeType: S}
        - {AttributeName: seq, AttributeType: N}
        - {AttributeName: author, AttributeType: S}
      KeySchema: [{AttributeName: room, KeyType: HASH}, {AttributeName: seq, KeyType: RANGE}]
      ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      GlobalSecondaryIndexes:
        - IndexName: by-author
          KeySchema: [{AttributeName: author, KeyType: HASH}]
          Projection: {ProjectionType: KEYS_ONLY}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
      SSESpecification: {SSEEnabled: true}
"""


def test_a_table_becomes_the_arguments_of_create_table(read, smallest):
    (table,) = read(smallest(TABLE)).tables
    assert table.name == "Messages"
    assert table.ttl_attribute == "expires"
    assert table.parameters == {
        "TableName": "Messages",
        "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "room", "AttributeType": "S"},
            {"AttributeName": "seq", "AttributeType": "N"},
            {"AttributeName": "author", "AttributeType": "S"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-author",
                "KeySchema": [{"AttributeName": "author", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    }


def test_boto3_takes_the_arguments_as_they_are(read, smallest):
    """Validated by botocore's own model of CreateTable, without a call."""
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("dynamodb").operation_model("CreateTable")
    (table,) = read(smallest(TABLE)).tables
    assert not ParamValidator().validate(table.parameters, model.input_shape).has_errors()


def test_attributes_and_keys_must_agree_as_dynamodb_demands(refusal, smallest):
    error = refusal(
        smallest(TABLE.replace("{AttributeName: seq, AttributeType: N}", "{AttributeName: sequence, AttributeType: N}"))
    )
    assert error.logical_id == "Messages"
    assert "author, room, seq" in error.expected


def test_a_zip_that_would_escape_stays_within(tmp_path: Path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("../../evil.py", "x = 1")
    (tmp_path / "evil.zip").write_bytes(buffer.getvalue())
    folder = Path(unpack(tmp_path / "a" / "cache", tmp_path / "evil.zip"))
    assert [path.name for path in folder.rglob("*.py")] == ["evil.py"]
    assert not (tmp_path / "evil.py").exists()


@pytest.mark.fact("LM-10")
def test_a_function_has_one_arn_wherever_it_is_read(read, smallest):
    """The template's, and what the handler finds in its context: apps take the account from either."""
    text = smallest().replace("Code: code}", "Code: code, Environment: {Variables: {SELF: !Sub '${AWS::AccountId}'}}}")
    app = read(text)
    (function,) = app.functions
    arn = platform_log.function_arn(function.name, app.region)
    assert arn.split(":")[4] == function.environment["SELF"]


def test_a_function_that_cannot_run_here_is_known_with_its_reason(read, smallest):
    more = """\
  Old: {Type: AWS::Lambda::Function, Properties: {Runtime: java21, Handler: a.B, Code: code, Role: r}}
"""
    app = read(smallest(more))
    [old] = app.unavailable
    assert (old.name, old.unavailable) == (
        "Old",
        "its runtime java21 is not run locally, only python*, nodejs*, provided* and go1.x are",
    )
