# ruff: noqa: E501 -- templates are quoted as they are written
"""Nested stacks with a local template are part of the app: what they declare, what they are given, what they give."""

from __future__ import annotations

from pathlib import Path

PARENT = """\
Parameters: {Motto: {Type: String, Default: slowly}}
Resources:
  Chat: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/chat.yaml}}
"""


def test_what_they_declare_is_served_under_names_of_their_own(read, smallest):
    app = read(PARENT + smallest().removeprefix("Resources:\n"), files=chat(smallest()))
    assert [function.name for function in app.functions] == ["Fn", "Chat-Fn"]
    assert [Path(function.code).parts[-2:] for function in app.functions] == [("my-app", "code"), ("nested", "code")]
    first, second = app.apis
    assert first.api_id != second.api_id
    assert [route.integration.function for api in app.apis for route in api.routes] == [
        "Fn",
        "Fn",
        "Chat-Fn",
        "Chat-Fn",
    ]
    assert app.ignored == ()


def test_their_files_are_watched_like_the_first(read, smallest):
    app = read(PARENT, files=chat(smallest()))
    assert [Path(file).name for file in app.files] == ["template.yaml", "chat.yaml"]


def test_they_are_given_parameters_and_give_outputs(read, smallest):
    parent = PARENT.replace("chat.yaml}", "chat.yaml, Parameters: {Motto: !Ref Motto, Stage: !Ref 'AWS::NoValue'}}")
    parent += "Outputs: {Said: {Value: !GetAtt Chat.Outputs.Motto}}\n"
    nested = smallest().replace("StageName: prod", "StageName: !Ref Stage")
    nested += "Parameters: {Motto: {Type: String}, Stage: {Type: String, Default: live}}\n"
    nested += "Outputs: {Motto: {Value: !Sub '${Motto}!'}}\n"
    app = read(parent, files=chat(nested), parameters={"Motto": "well"})
    assert app.outputs[0].value == "well!"
    assert app.apis[0].stages[0].name == "live"


def test_one_gives_to_another_whichever_comes_first(read, smallest):
    parent = PARENT.replace("chat.yaml}", "chat.yaml, Parameters: {Stage: !GetAtt Names.Outputs.Stage}}")
    parent += "  Names: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: names.yaml}}\n"
    nested = smallest().replace("StageName: prod", "StageName: !Ref Stage") + "Parameters: {Stage: {Type: String}}\n"
    names = "Resources: {Topic: {Type: AWS::SNS::Topic}}\nOutputs: {Stage: {Value: named}}\n"
    app = read(parent, files=chat(nested) | {"names.yaml": names})
    assert app.apis[0].stages[0].name == "named"


def test_the_api_may_be_the_parents_and_a_route_theirs(read, smallest):
    parent = smallest("""\
  Chat: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/chat.yaml, Parameters: {Api: !Ref Api, Int: !Ref Int}}}
""")
    nested = """\
Parameters: {Api: {Type: String}, Int: {Type: String}}
Resources:
  More: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: more, Target: !Sub "integrations/${Int}"}}
"""
    [api] = read(parent, files=chat(nested)).apis
    assert [route.route_key for route in api.routes] == ["$connect", "$default", "more"]


def test_the_cdk_tells_their_file_in_the_metadata(read, smallest):
    parent = """\
{"Resources": {"Chat": {"Type": "AWS::CloudFormation::Stack",
  "Properties": {"TemplateURL": {"Fn::Join": ["", ["https://s3.amazonaws.com/", {"Fn::ImportValue": "x"}]]}},
  "Metadata": {"aws:asset:path": "chat.nested.template.json"}}}}
"""
    app = read(parent, "App.template.json", files={"chat.nested.template.json": nested_json()})
    assert [table.name for table in app.tables] == ["Chat-Rows"]


def test_one_whose_template_is_elsewhere_is_listed(read, smallest):
    more = "  Far: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://s3.amazonaws.com/b/k.yaml'}}\n"
    [far] = read(smallest(more)).ignored
    assert far.logical_id == "Far"
    assert "give TemplateURL a local path" in far.reason


def test_a_parameter_that_the_template_does_not_have_is_refused(refusal, smallest):
    parent = PARENT.replace("chat.yaml}", "chat.yaml, Parameters: {Mood: high}}")
    error = refusal(parent, files=chat(smallest()))
    assert (error.logical_id, error.received) == ("Chat", "Mood")
    assert error.expected == "parameters that chat.yaml declares: none"


def test_an_output_that_is_not_there_is_refused(refusal, smallest):
    more = "  Rest: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/chat.yaml}}\n"
    text = smallest(more).replace("StageName: prod", "StageName: !GetAtt Rest.Outputs.Stage")
    error = refusal(text, files=chat("Resources: {T: {Type: AWS::SNS::Topic}}\nOutputs: {Name: {Value: x}}\n"))
    assert (error.received, error.expected) == ("Stage", "one of Name")


def test_a_mistake_in_one_is_told_where_it_is(refusal, smallest):
    error = refusal(PARENT, files=chat(smallest().replace("StageName: prod", "StageName: $default")))
    assert error.place is not None
    assert (Path(error.place.file).name, error.place.line) == ("chat.yaml", 13)


def test_one_nested_in_itself_is_refused(refusal):
    error = refusal(PARENT.replace("nested/chat.yaml", "template.yaml"))
    assert error.logical_id == "Chat"
    assert "another stack" in str(error.expected)


def chat(nested: str) -> dict[str, str]:
    return {"nested/chat.yaml": nested, "nested/code/app.py": ""}


def nested_json() -> str:
    return """\
{"Resources": {
  "Api": {"Type": "AWS::ApiGatewayV2::Api",
    "Properties": {"Name": "c", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}},
  "Stage": {"Type": "AWS::ApiGatewayV2::Stage",
    "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "prod", "AutoDeploy": true}},
  "Rows": {"Type": "AWS::DynamoDB::Table", "Properties": {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}}}
"""
