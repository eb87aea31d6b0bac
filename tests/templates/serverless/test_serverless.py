# ruff: noqa: E501 -- templates are quoted as they are written
"""serverless.yml is read as the framework would deploy it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pingbox.model.api import Authorizer, LambdaProxy
from pingbox.model.function import AsynchronousSettings

TEXT = """\
service: live
provider:
  name: aws
  runtime: python3.12
  stage: ${opt:stage, 'dev'}
functions:
  hub:
    handler: code/app.handler
    events:
      - websocket: $connect
      - websocket: {route: send-it, routeResponseSelectionExpression: $default}
"""


def test_routes_functions_stage_and_names_are_the_frameworks(read):
    app = read(TEXT, "serverless.yml")
    (api,) = app.apis
    assert app.kind == "serverless.yml"
    assert api.name == "dev-live-websockets"
    assert api.route_selection_expression == "$request.body.action"
    assert [(route.route_key, route.integration, route.two_way) for route in api.routes] == [
        ("$connect", LambdaProxy("live-dev-hub"), False),
        ("send-it", LambdaProxy("live-dev-hub"), True),
    ]
    (function,) = app.functions
    assert (function.handler, function.timeout, function.memory) == ("code/app.handler", 6.0, 1024)
    assert app.warnings == ()
    assert app.outputs[0].value == "ws://127.0.0.1:3001/dev"


@pytest.mark.parametrize(("given", "expected"), [(None, "dev"), ("prod", "prod")])
def test_the_stage_is_the_options_or_the_files(read, given, expected):
    assert read(TEXT, "serverless.yml", stage=given).apis[0].stages[0].name == expected


def test_a_fixed_stage_answers_sls_stage_too(read):
    text = TEXT.replace("${opt:stage, 'dev'}", "beta").replace(
        "runtime: python3.12", "environment: {S: '${sls:stage}'}\n  runtime: python3.12"
    )
    app = read(text, "serverless.yml")
    assert app.apis[0].stages[0].name == "beta"
    assert app.functions[0].environment == {"S": "beta"}


def test_the_region_is_the_options_before_the_files(read):
    assert read(TEXT, "serverless.yml", region="eu-west-3").region == "eu-west-3"


def test_the_region_is_the_files(read):
    app = read(TEXT.replace("name: aws", "region: eu-west-3\n  environment: {R: '${aws:region}'}"), "serverless.yml")
    assert app.region == "eu-west-3"
    assert app.functions[0].environment == {"R": "eu-west-3"}


@pytest.mark.parametrize(
    ("declared", "authorizer"),
    [
        ("guard", Authorizer("guard", "live-dev-guard", ("route.request.header.Auth",))),
        (
            "{name: guard, identitySource: [route.request.querystring.t]}",
            Authorizer("guard", "live-dev-guard", ("route.request.querystring.t",)),
        ),
        (
            "{arn: 'arn:aws:lambda:us-east-1:000000000000:function:live-dev-guard', identitySource: route.request.querystring.t}",
            Authorizer("arn", "live-dev-guard", ("route.request.querystring.t",)),
        ),
    ],
)
def test_authorizers_in_every_spelling(read, declared, authorizer):
    text = TEXT.replace("websocket: $connect", f"websocket: {{route: $connect, authorizer: {declared}}}")
    app = read(text + "  guard: {handler: code/app.guard}\n", "serverless.yml")
    assert app.apis[0].route("$connect").authorizer == authorizer


def test_an_authorizer_that_is_no_function_is_refused(refusal):
    text = TEXT.replace("websocket: $connect", "websocket: {route: $connect, authorizer: nobody}")
    error = refusal(text, "serverless.yml")
    assert error.received == "nobody"
    assert error.place.line == 10


def test_environment_of_provider_and_function_and_references_to_the_api(read):
    text = TEXT.replace(
        "runtime: python3.12", "runtime: python3.12\n  environment: {A: 1, B: p, API: {Ref: WebsocketsApi}}"
    )
    text = text.replace("handler: code/app.handler", "handler: code/app.handler\n    environment: {B: f}")
    app = read(text, "serverless.yml")
    assert app.functions[0].environment == {"A": "1", "B": "f", "API": app.apis[0].api_id}


def test_resources_are_merged_and_tables_are_read(read):
    more = """\
resources:
  - Resources:
      Table:
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: ${self:service}-${sls:stage}
          AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
          KeySchema: [{AttributeName: id, KeyType: HASH}]
  - extensions:
      WebsocketsDeploymentStage: {Properties: {DefaultRouteSettings: {ThrottlingRateLimit: 7}}}
"""
    app = read(TEXT + more, "serverless.yml")
    assert [table.name for table in app.tables] == ["live-dev"]
    assert app.apis[0].stages[0].throttle.rate == 7


def test_other_events_are_listed(read):
    app = read(TEXT + "      - http: {path: x, method: get}\n", "serverless.yml")
    assert [(item.logical_id, item.type) for item in app.ignored] == [("hub", "event http")]


def test_what_becomes_of_asynchronous_events_is_read(read):
    text = TEXT.replace(
        "    events:",
        "    maximumRetryAttempts: 1\n    maximumEventAge: 120\n    onError: arn:aws:sns:us-east-1:1:dead\n"
        "    destinations: {onSuccess: later, onFailure: {type: sqs, arn: 'arn:aws:sqs:us-east-1:1:q'}}\n    events:",
    )
    app = read(text.replace("functions:", "functions:\n  later: {handler: code/app.handler}"), "serverless.yml")
    later = "arn:aws:lambda:us-east-1:000000000000:function:live-dev-later"
    hub = app.function("live-dev-hub")
    assert hub is not None
    assert hub.asynchronous == AsynchronousSettings(
        1, 120, later, "arn:aws:sqs:us-east-1:1:q", "arn:aws:sns:us-east-1:1:dead"
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("schedule: rate(10 minutes)", [("rate(10 minutes)", None)]),
        ("schedule: {rate: rate(1 hour), input: {a: 1}}", [("rate(1 hour)", {"a": 1})]),
        (
            "schedule: {rate: [rate(1 hour), cron(0 12 * * ? *)]}",
            [("rate(1 hour)", None), ("cron(0 12 * * ? *)", None)],
        ),
        ("schedule: {rate: rate(1 hour), enabled: false}", []),
    ],
)
def test_schedules_are_read(read, event, expected):
    app = read(f"{TEXT}      - {event}\n", "serverless.yml")
    assert [(one.function, one.expression, one.event) for one in app.schedules] == [
        ("live-dev-hub", expression, input_) for expression, input_ in expected
    ]


def test_members_without_effect_here_are_listed(read):
    text = TEXT.replace("    events:", "    reservedConcurrency: 5\n    vpc: {}\n    events:")
    app = read(text.replace("  stage:", "  logs: {websocket: true}\n  stage:"), "serverless.yml")
    assert [(one.logical_id, one.type) for one in app.ignored] == [
        ("hub", "function reservedConcurrency"),
        ("provider", "logs websocket"),
    ]
    assert app.warnings == ()


def test_slips_of_the_pen_are_told_with_their_line(read):
    text = TEXT.replace("    events:", "    enviroment: {A: b}\n    iamRoleStatements: []\n    events:")
    app = read(text.replace("routeResponseSelectionExpression", "routeResponse"), "serverless.yml")
    told = [warning.rpartition("/")[2] for warning in app.warnings]
    assert told == [
        "serverless.yml:9: hub: enviroment is not known and has no effect; is environment meant?",
        "serverless.yml:13: hub: routeResponse is no member of a websocket event and has no effect; there are: "
        "route, authorizer, routeResponseSelectionExpression",
    ]


def test_artifacts_layers_and_images(read, refusal):
    app = read(TEXT.replace("handler: code/app.handler", "handler: app.handler\n    module: code"), "serverless.yml")
    assert app.functions[0].code.endswith("/my-app/code")
    error = refusal(TEXT.replace("handler: code/app.handler", "image: 1.dkr.ecr/x"), "serverless.yml")
    assert "container image" in error.message


def test_an_api_of_another_stack_is_refused(refusal):
    text = TEXT.replace("name: aws", "apiGateway: {websocketApiId: abc}")
    assert refusal(text, "serverless.yml").received == "abc"


def test_plugins_that_build_are_named(read):
    assert "serverless-esbuild" in read(TEXT + "plugins: [serverless-esbuild]\n", "serverless.yml").warnings[0]


def test_included_files_are_listed_for_watching(read):
    text = TEXT.replace("name: aws", "environment: ${file(./env.yml):dev}")
    app = read(text, "serverless.yml", files={"env.yml": "dev: {A: b}\n"})
    assert [file.rpartition("/")[2] for file in app.files] == ["serverless.yml", "env.yml"]
    assert app.functions[0].environment == {"A": "b"}


def test_dotenv_files_answer_only_when_asked_for(read, refusal):
    text = TEXT.replace("name: aws", "environment: {A: '${env:PINGBOX_A}', B: '${env:PINGBOX_B}'}")
    files = {
        ".env": "# keys\nexport PINGBOX_A='one # two'\nPINGBOX_B=both  # in both\n",
        ".env.dev": 'PINGBOX_B="of dev"\n\n',
    }
    app = read("useDotenv: true\n" + text, "serverless.yml", files=files)
    assert app.functions[0].environment == {"A": "one # two", "B": "of dev"}
    assert "PINGBOX_A" in refusal(text, "serverless.yml", files=files).received


def test_pseudo_parameters_of_the_old_plugin_are_written_out(read):
    """`#{AWS::Region}`: version 1 of the framework took every `${...}` for its own."""
    environment = (
        "{A: 'x-#{AWS::Region}-${AWS::StackName}', B: {Fn::Sub: ['#{AWS::AccountId}/${C}', {C: '#{WebsocketsApi}'}]}}"
    )
    text = TEXT.replace("name: aws", f"environment: {environment}")
    plain = read(text, "serverless.yml")
    assert plain.functions[0].environment["A"].startswith("x-#{AWS::Region}-")
    app = read(text + "plugins: [serverless-pseudo-parameters]\n", "serverless.yml")
    assert app.functions[0].environment == {
        "A": "x-us-east-1-live-dev",
        "B": f"000000000000/{app.apis[0].api_id}",
    }


def test_what_serverless_package_wrote_is_served_as_it_lies(read, refusal, smallest):
    """Its template has the code in a bucket, and the archive lies beside it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("app.py", "def handler(event, context): ...")
    template = smallest("  Bucket: {Type: AWS::S3::Bucket}\n").replace(
        "Code: code", "Code: {S3Bucket: !Ref Bucket, S3Key: serverless/x/dev/1-2/x.zip}"
    )
    name = ".serverless/cloudformation-template-update-stack.yaml"
    assert "its code is in an S3 bucket" in refusal(template, name).message
    app = read(template, name, files={".serverless/x.zip": archive.getvalue()})
    assert (Path(app.functions[0].code) / "app.py").is_file()
