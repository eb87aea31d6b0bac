# ruff: noqa: E501 -- templates are quoted as they are written
"""CloudFormation's API resources become the gateway's declarations; what AWS refuses is refused."""

from __future__ import annotations

import pytest

from pingbox.model.api import (
    Authorizer,
    DomainMapping,
    IntegrationResponse,
    LambdaProxy,
    Route,
    Stage,
    TemplatedIntegration,
    Throttle,
)
from pingbox.model.app import AwsResource
from pingbox.templates import Ignored


def route(app, key):
    found = app.apis[0].route(key)
    assert found is not None
    return found


@pytest.mark.fact("CF-1", "CF-2", "CF-3", "CF-7", "CF-8", "CF-10", "CF-11")
def test_the_smallest_working_set_is_read_whole_and_without_a_word(read, smallest):
    """CF-1..CF-8, CF-10, CF-11."""
    app = read(smallest())
    (api,) = app.apis
    assert api.name == "chat"
    assert api.route_selection_expression == "$request.body.action"
    assert api.routes == (Route("$connect", LambdaProxy("Fn")), Route("$default", LambdaProxy("Fn")))
    assert api.stages == (Stage("prod"),)
    assert (app.warnings, app.ignored, app.tables) == ((), (), ())
    assert app.kind == "CloudFormation"


def test_an_api_id_has_the_shape_of_aws_and_stays_the_same(read, smallest):
    """EV-43."""
    first, second = read(smallest()).apis[0].api_id, read(smallest()).apis[0].api_id
    assert first == second
    assert len(first) == 10
    assert first.isalnum()
    assert first == first.lower()


@pytest.mark.fact("CF-10")
def test_a_bare_function_arn_works_as_integration_uri(read, smallest):
    """CF-10, second form."""
    text = smallest().replace(
        smallest()[smallest().index("!Sub arn:${AWS") : smallest().index("  Connect:")], "!GetAtt Fn.Arn\n"
    )
    assert route(read(text), "$default").integration == LambdaProxy("Fn")


def test_an_alias_is_its_function(read, smallest):
    more = "  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Fn, FunctionVersion: 1, Name: live}}\n"
    text = smallest(more).replace("${Fn.Arn}/invocations", "${Live}/invocations")
    assert route(read(text), "$default").integration == LambdaProxy("Fn", qualifier="live", version="1")


@pytest.mark.fact("RR-30")
def test_a_stage_variable_that_is_not_there_fails_its_route_and_not_the_start(read, smallest):
    text = smallest().replace("${Fn.Arn}", "arn:aws:lambda:${AWS::Region}:1:function:${!stageVariables.fn}")
    app = read(text)
    assert route(app, "$default").integration == LambdaProxy("${stageVariables.fn}")
    assert app.warnings[0].endswith(
        "template.yaml:4: Int: IntegrationUri needs the stage variable fn, which the stage prod does not have; its "
        "routes answer Internal server error"
    )


def test_stage_variables_may_name_the_function(read, smallest):
    text = smallest().replace(
        "${Fn.Arn}", "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${!stageVariables.fn}"
    )
    text = text.replace("StageName: prod,", "StageName: prod, StageVariables: {fn: Fn},")
    app = read(text)
    assert route(app, "$default").integration == LambdaProxy("Fn")
    assert app.apis[0].stages[0].variables == {"fn": "Fn"}


def test_a_bare_function_name_is_refused_as_aws_refuses_it(refusal, smallest):
    text = smallest().replace("IntegrationUri: !Sub arn", "IntegrationUri: !Ref Fn #")
    error = refusal(text)
    assert error.logical_id == "Int"
    assert error.place.line == 9
    assert error.received == "Fn"
    assert "GetAtt" in error.next_step


def test_integrations_with_other_services_are_refused_with_the_reason(refusal, smallest):
    text = (
        smallest()
        .replace("AWS_PROXY", "AWS")
        .replace(
            "!Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations",
            "!Sub arn:aws:apigateway:${AWS::Region}:dynamodb:action/PutItem",
        )
    )
    assert "call the service from a function" in refusal(text).next_step


@pytest.mark.fact("CF-3", "CF-4")
def test_every_member_of_a_templated_integration_is_read(read, smallest):
    """CF-3, CF-4, RR-10..RR-16."""
    more = """\
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {$default: '{"statusCode": 200}'}
      TemplateSelectionExpression: \\$default
      PassthroughBehavior: NEVER
      ContentHandlingStrategy: CONVERT_TO_TEXT
      TimeoutInMillis: "5000"
      RequestParameters: {integration.request.header.x: "'y'"}
  Answer:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties: {ApiId: !Ref Api, IntegrationId: !Ref Mock, IntegrationResponseKey: /4../, ResponseTemplates: {a: b}, TemplateSelectionExpression: a}
  Ping: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: ping, Target: !Sub "integrations/${Mock}"}}
"""
    assert route(read(smallest(more)), "ping").integration == TemplatedIntegration(
        type="MOCK",
        timeout_ms=5000,
        request_templates={"$default": '{"statusCode": 200}'},
        template_selection_expression="\\$default",
        request_parameters={"integration.request.header.x": "'y'"},
        passthrough_behavior="NEVER",
        content_handling_strategy="CONVERT_TO_TEXT",
        responses=(IntegrationResponse("/4../", {"a": "b"}, "a"),),
    )


AUTHORIZED = """\
  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      Name: guard
      ApiId: !Ref Api
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
      IdentitySource: [route.request.header.Auth, route.request.querystring.token]
"""


def authorized(text: str) -> str:
    return text.replace(
        "RouteKey: $connect,", "RouteKey: $connect, AuthorizationType: CUSTOM, AuthorizerId: !Ref Guard,"
    )


@pytest.mark.fact("CF-6")
def test_an_authorizer_belongs_to_its_route(read, smallest):
    """CF-6, AU-4."""
    app = read(authorized(smallest(AUTHORIZED)))
    assert route(app, "$connect").authorization == "CUSTOM"
    assert route(app, "$connect").authorizer == Authorizer(
        "guard", "Fn", ("route.request.header.Auth", "route.request.querystring.token")
    )
    assert route(app, "$default").authorizer is None


@pytest.mark.parametrize(
    ("old", "new", "received"),
    [
        ("AuthorizerType: REQUEST", "AuthorizerType: JWT", "JWT"),
        ("route.request.header.Auth", "$request.header.Auth", "$request.header.Auth"),
        ("!Ref Guard", "somewhere-else", "somewhere-else"),
    ],
)
def test_authorizers_of_another_kind_are_refused(refusal, smallest, old, new, received):
    """AU-1, AU-4."""
    assert refusal(authorized(smallest(AUTHORIZED)).replace(old, new)).received == received


def test_only_connect_can_be_authorized(refusal, smallest):
    """AU-1."""
    text = smallest().replace("RouteKey: $default,", "RouteKey: $default, AuthorizationType: AWS_IAM,")
    assert refusal(text).received == "AWS_IAM"


@pytest.mark.fact("CF-5")
def test_two_way_is_a_route_response_or_its_expression(read, smallest):
    """RR-2, RR-3, OQ-10: either makes the route two-way; the expression alone is worth a warning."""
    answer = "  Answer: {Type: AWS::ApiGatewayV2::RouteResponse, Properties: {ApiId: !Ref Api, RouteId: !Ref Default, RouteResponseKey: $default}}\n"
    expression = smallest().replace(
        "RouteKey: $default,", "RouteKey: $default, RouteResponseSelectionExpression: $default,"
    )
    only_response, only_expression = read(smallest(answer)), read(expression)
    assert route(only_response, "$default").two_way
    assert not route(only_response, "$connect").two_way
    assert only_response.warnings == ()
    assert route(only_expression, "$default").two_way
    assert "RouteResponseSelectionExpression" in only_expression.warnings[0]
    assert read(expression + answer).warnings == ()


@pytest.mark.parametrize("schema", ["{type: object, required: [a]}", """'{"type": "object", "required": ["a"]}'"""])
def test_request_models_are_the_schemas_themselves(read, smallest, schema):
    """RR-18."""
    more = f"  M: {{Type: AWS::ApiGatewayV2::Model, Properties: {{ApiId: !Ref Api, Name: Strict, Schema: {schema}}}}}\n"
    text = smallest(more).replace(
        "RouteKey: $default,",
        "RouteKey: $default, ModelSelectionExpression: $request.body.type, RequestModels: {$default: Strict},",
    )
    found = route(read(text), "$default")
    assert found.request_models == {"$default": {"type": "object", "required": ["a"]}}
    assert found.model_selection_expression == "$request.body.type"


@pytest.mark.fact("CF-8")
def test_throttles_of_stage_and_routes(read, smallest):
    """QT-33, CF-8."""
    settings = (
        "DefaultRouteSettings: {ThrottlingRateLimit: 10.5, ThrottlingBurstLimit: 5}, "
        'RouteSettings: {$default: {ThrottlingRateLimit: "1", ThrottlingBurstLimit: "2"}}'
    )
    (stage,) = read(smallest().replace("StageName: prod,", f"StageName: prod, {settings},")).apis[0].stages
    assert stage.throttle == Throttle(10.5, 5)
    assert stage.route_throttles == {"$default": Throttle(1.0, 2)}


KEYS = """\
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: true, Value: k-0123456789-0123456789}}
  Off: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: false, Value: off-123456789-0123456789}}
  Plan: {Type: AWS::ApiGateway::UsagePlan, Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}]}}
  Link: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
  LinkOff: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyId: !Ref Off, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
"""


def test_api_keys_count_through_a_usage_plan_when_enabled(read, smallest):
    """AU-22."""
    text = smallest(KEYS).replace("RouteKey: $connect,", "RouteKey: $connect, ApiKeyRequired: true,")
    app = read(text)
    assert app.apis[0].api_keys == {"k-0123456789-0123456789": "Key"}
    assert route(app, "$connect").api_key_required
    unlinked = read(text.replace("KeyId: !Ref Key", "KeyId: other"))
    assert unlinked.apis[0].api_keys == {}
    assert "no usage plan links this key" in unlinked.warnings[0]


@pytest.mark.parametrize(
    ("old", "new", "received"),
    [
        ("RouteKey: $default,", "RouteKey: $joined,", "$joined"),  # RT-11
        ("RouteKey: $default,", "RouteKey: $connect,", "$connect"),
        ("StageName: prod", "StageName: $default", "$default"),  # HS-2
        ("StageName: prod", "StageName: a/b", "a/b"),
        ("IntegrationType: AWS_PROXY", "IntegrationType: LAMBDA", "LAMBDA"),
        ('Target: !Sub "integrations/${Int}"', "Target: !Ref Int", "Int"),
        (
            "ProtocolType: WEBSOCKET,",
            "ProtocolType: WEBSOCKET, ApiKeySelectionExpression: $request.body.key,",
            "$request.body.key",
        ),
    ],
)
def test_what_aws_refuses_is_refused_with_the_value(refusal, smallest, old, new, received):
    error = refusal(smallest().replace(old, new))
    assert error.received == received
    assert error.place.line is not None
    assert error.expected


def test_what_only_the_gateway_would_refuse_is_refused_when_it_is_read(refusal, smallest):
    """QT-14: else `serve` would end in a stack trace of ours."""
    long = "x" * 513
    error = refusal(smallest().replace("StageName: prod,", f"StageName: prod, StageVariables: {{motto: {long}}},"))
    assert "stage variable 'motto': expected a name of at most 64 and a value of at most 512" in error.message
    assert error.place.file.endswith("template.yaml")


def test_a_mapping_template_that_cannot_be_read_is_refused_with_its_line(refusal, smallest):
    """RR-13."""
    more = """\
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates:
        good: '{"statusCode": 200}'
        bad: '#if($input.body'
  Ping: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: ping, Target: !Sub "integrations/${Mock}"}}
"""
    error = refusal(smallest(more))
    assert error.place.line == 22
    assert "mapping template" in error.expected


def test_api_keys_on_other_routes_than_connect_are_refused(refusal, smallest):
    """AU-22."""
    assert (
        refusal(smallest().replace("RouteKey: $default,", "RouteKey: $default, ApiKeyRequired: true,")).received is True
    )


def test_a_selection_expression_that_is_not_known_is_refused(refusal, smallest):
    """RT-7."""
    error = refusal(smallest().replace("$request.body.action", "$request.header.action"))
    assert error.logical_id == "Api"
    assert "request.body" in error.expected


def test_a_timeout_outside_of_the_limits_is_refused(refusal, smallest):
    """RR-16."""
    error = refusal(smallest().replace("      IntegrationType", "      TimeoutInMillis: 30000\n      IntegrationType"))
    assert error.received == 30000


@pytest.mark.fact("CF-1")
def test_an_api_without_selection_expression_is_refused(refusal, smallest):
    """RT: RouteSelectionExpression is required."""
    error = refusal(smallest().replace(", RouteSelectionExpression: $request.body.action", ""))
    assert error.message.endswith("has no RouteSelectionExpression")


def test_a_template_without_a_websocket_api_is_refused(refusal, smallest):
    assert "declares no WebSocket API" in refusal(smallest().replace("WEBSOCKET", "HTTP")).message


def test_a_stage_can_be_chosen_and_must_exist(read, refusal, smallest):
    second = (
        "  Beta: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: beta, AutoDeploy: true}}\n"
    )
    assert [stage.name for stage in read(smallest(second)).apis[0].stages] == ["prod", "beta"]
    assert [stage.name for stage in read(smallest(second), stage="beta").apis[0].stages] == ["beta"]
    assert refusal(smallest(second), stage="gamma").expected == "one of prod, beta"


@pytest.mark.fact("CF-7")
def test_a_deployment_that_does_not_wait_for_a_route_is_worth_a_warning(read, smallest):
    """HS-10."""
    (warning,) = read(smallest().replace("DependsOn: [Connect, Default]", "DependsOn: Connect")).warnings
    assert "does not depend on the route $default" in warning


@pytest.mark.parametrize(
    "source", ["", ", SourceArn: !Sub 'arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*'"]
)
@pytest.mark.fact("CF-11")
def test_a_permission_for_all_routes_is_enough(read, smallest, source):
    """CF-11."""
    text = smallest().replace("Principal: apigateway.amazonaws.com", f"Principal: apigateway.amazonaws.com{source}")
    assert read(text).warnings == ()


@pytest.mark.fact("CF-11")
def test_a_missing_permission_is_named_with_its_routes(read, smallest):
    """CF-11, CN-7, RT-21: on AWS the call fails, here it is only said."""
    source = ", SourceArn: !Sub 'arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/$connect'"
    text = smallest().replace("Principal: apigateway.amazonaws.com", f"Principal: apigateway.amazonaws.com{source}")
    (warning,) = read(text).warnings
    assert "call it for $default;" in warning


def test_a_missing_permission_is_named_once_however_many_stages_there_are(read, smallest):
    """CF-11."""
    text = smallest()
    second = (
        "  Second: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: b, AutoDeploy: true}}\n"
    )
    (warning,) = read(text[: text.index("  Perm:")] + second).warnings
    assert "call it for $connect, $default;" in warning


def test_an_integration_with_a_role_needs_no_permission(read, smallest):
    text = smallest().replace(
        "      IntegrationType", "      CredentialsArn: arn:aws:iam::1:role/r\n      IntegrationType"
    )
    text = text[: text.index("  Perm:")]
    assert read(text).warnings == ()


def test_what_cannot_exist_here_is_listed_once_and_the_rest_is_not_mentioned(read, smallest):
    more = """\
  Pool: {Type: AWS::Cognito::UserPool}
  Queue: {Type: AWS::SQS::Queue}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}
  Rest: {Type: AWS::ApiGateway::RestApi}
  RestMethod: {Type: AWS::ApiGateway::Method}
  Http: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Name: h}}
  HttpRoute: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Http, RouteKey: GET /}}
  Foreign: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: abcdef, RouteKey: x}}
  Role: {Type: AWS::IAM::Role}
  Logs: {Type: AWS::Logs::LogGroup}
  Odd: {Type: AWS::QuantumLedger::Ledger}
"""
    app = read(smallest(more))
    assert [item.logical_id for item in app.ignored] == ["Pool", "Nested", "Rest", "Http", "Foreign", "Odd"]
    reason = "it is not made here; Cognito is at the port"
    assert app.ignored[0] == Ignored("Pool", "AWS::Cognito::UserPool", reason)
    assert "abcdef" in app.ignored[4].reason
    assert app.resources == (AwsResource("Queue", "AWS::SQS::Queue", "Queue", {}),)


def test_references_to_what_does_not_exist_here_still_have_their_shape(read, smallest):
    """A variable that mentions a queue must not stop the app; using the queue fails later, with the reason."""
    variables = "{Q: !Ref Queue, A: !GetAtt Queue.Arn, B: !Ref Bucket, T: !Ref Topic, W: !GetAtt Api.ApiEndpoint, F: !GetAtt Fn2.Arn}"
    more = """\
  Queue: {Type: AWS::SQS::Queue}
  Bucket: {Type: AWS::S3::Bucket}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  Fn2: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13, Handler: app.handler, Code: code, FunctionName: worker}}
"""
    app = read(
        smallest(more).replace("Code: code}}\n  Int", f"Code: code, Environment: {{Variables: {variables}}}}}}}\n  Int")
    )
    assert app.functions[0].environment == {
        "Q": "https://sqs.us-east-1.amazonaws.com/000000000000/Queue",
        "A": "arn:aws:sqs:us-east-1:000000000000:Queue",
        "B": "bucket",
        "T": "arn:aws:sns:us-east-1:000000000000:news",
        "W": f"wss://{app.apis[0].api_id}.execute-api.us-east-1.amazonaws.com",  # CF-12
        "F": "arn:aws:lambda:us-east-1:000000000000:function:worker",
    }


def test_a_resource_whose_condition_fails_does_not_exist(read, refusal, smallest):
    head = "Conditions: {Never: !Equals [a, b]}\n"
    more = "  Extra: {Type: AWS::ApiGatewayV2::Route, Condition: Never, Properties: {ApiId: !Ref Api, RouteKey: x}}\n"
    assert read(head + smallest(more)).apis[0].route("x") is None
    output = "Outputs: {O: {Value: !Ref Extra}}\n"
    assert "does not have" in read(head + smallest(more) + output).warnings[0]


def test_a_circle_of_references_is_refused(refusal, smallest):
    more = """\
  A: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "${B}-a"}}
  B: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "${A}-b"}}
"""
    assert refusal(smallest(more)).received == "A -> B -> A"


@pytest.mark.fact("CF-12")
def test_outputs_tell_local_addresses(read, smallest):
    """CF-12. Also of a second API, which is behind its id on the same port."""
    more = """\
  Api2: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: two, ProtocolType: WEBSOCKET, RouteSelectionExpression: a}}
  Stage2: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api2, StageName: s, AutoDeploy: true}}
Outputs:
  Url: {Value: !Sub "wss://${Api}.execute-api.${AWS::Region}.amazonaws.com/${Stage}"}
  Callback: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/${Stage}"}
  Url2: {Value: !Sub "${Api2.ApiEndpoint}/${Stage2}"}
  Other: {Value: !Sub "wss://abcdefghij.execute-api.${AWS::Region}.amazonaws.com/x"}
"""
    app = read(smallest(more))
    assert {output.name: output.value for output in app.outputs} == {
        "Url": "ws://127.0.0.1:3001/prod",
        "Callback": "http://127.0.0.1:3001/prod",
        "Url2": f"ws://127.0.0.1:3001/{app.apis[1].api_id}/s",
        "Other": "wss://abcdefghij.execute-api.us-east-1.amazonaws.com/x",
    }


@pytest.mark.parametrize("transform", ["MyMacro", "[AWS::Include]", "{Name: AWS::Include}"])
def test_macros_are_refused(refusal, smallest, transform):
    error = refusal(f"Transform: {transform}\n" + smallest())
    assert "macros" in error.message
    assert error.place.line == 1


def test_loops_over_resources_are_refused_not_overlooked(refusal, smallest):
    more = "  Fn::ForEach::Routes: [Name, [a, b], {'${Name}Route': {Type: AWS::ApiGatewayV2::Route}}]\n"
    assert "Fn::ForEach" in refusal(smallest(more)).message


def test_a_resource_that_stands_twice_is_told(read, smallest):
    more = "  Fn: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.12, Handler: app.handler, Code: code}}\n"
    app = read(smallest(more))
    assert app.functions[0].runtime == "python3.12"
    assert app.warnings[0].endswith("template.yaml:15: Fn stands in line 3, too; only the later one counts")


def test_a_macro_among_the_resources_is_refused(refusal, smallest):
    error = refusal(smallest("  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n"))
    assert error.message == "macros (Fn::Transform) are not emulated"
    assert error.next_step == "write the resources out"


@pytest.mark.fact("CD-1", "CF-9")
def test_custom_domains_lead_to_stages_and_ref_is_the_domain(read, smallest):
    app = read(
        smallest("""
  Domain: {Type: AWS::ApiGatewayV2::DomainName, Properties: {DomainName: ws.example.com}}
  Chat:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: !Ref Domain, Stage: !Ref Stage, ApiMappingKey: v1/chat}
  Root:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: ws.example.com, Stage: prod}
  Another:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: a1b2c3d4e5, DomainName: !Ref Domain, Stage: prod}
""")
    )
    assert app.apis[0].mappings == (
        DomainMapping("ws.example.com", "v1/chat", "prod"),
        DomainMapping("ws.example.com", "", "prod"),
    )
    assert app.ignored == ()
