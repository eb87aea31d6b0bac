"""Who may connect: facts AU-*, through real handshakes."""

from __future__ import annotations

import re

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pingbox.emulator.activity import Refused
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked
from pingbox.model.api import Authorizer, LambdaProxy, Route, Stage
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import API_ID, chat_api, lambda_route
from support.waiting import until

ARN = f"arn:aws:execute-api:us-east-1:000000000000:{API_ID}/dev/$connect"


def guarded(*sources: str, **settings):
    """An API whose `$connect` asks the authorizer `gate` and then runs the function `connect`."""
    return chat_api(
        Route(
            "$connect",
            LambdaProxy("connect"),
            authorization="CUSTOM",
            authorizer=Authorizer("gate", "gate", sources),
        ),
        **settings,
    )


def policy(effect: str = "Allow", resource: str = ARN, **more):
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "user-1",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        **more,
    }


@pytest.mark.fact("AU-1", "AU-6", "AU-13", "HS-3")
async def test_an_allowed_client_goes_on_to_connect_and_is_asked_once_per_connection(serve):
    world = await serve(guarded(), functions=FakeFunctions(gate=policy()))
    raw = await world.upgraded()
    await raw.text("hello")
    await raw.frame(8, b"")
    await until(lambda: "disconnect" in world.asked, "$disconnect to run")
    assert world.asked == ["gate", "connect", "default", "disconnect"]
    await world.upgraded()
    assert world.asked[4:] == ["gate", "connect"]


@pytest.mark.fact("AU-2", "AU-3", "EV-9")
async def test_the_authorizers_event_is_the_documented_one(serve):
    world = await serve(guarded(), functions=FakeFunctions(gate=policy()))
    await world.upgraded("HeaderAuth1: headerValue1", path="/dev?QueryString1=queryValue1")
    event, connect = world.events()
    assert list(event) == [
        "type",
        "methodArn",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "stageVariables",
        "requestContext",
    ]
    assert (event["type"], event["methodArn"]) == ("REQUEST", ARN)
    assert event["queryStringParameters"] == {"QueryString1": "queryValue1"}
    assert event["multiValueQueryStringParameters"] == {"QueryString1": ["queryValue1"]}
    assert event["stageVariables"] == {}
    headers = {name.lower(): value for name, value in event["headers"].items()}
    assert headers["connection"].lower() == "upgrade"
    assert headers["upgrade"] == "websocket"
    assert headers["content-length"] == "0"
    assert headers["headerauth1"] == "headerValue1"
    assert set(event["headers"]) == set(event["multiValueHeaders"])
    context = event["requestContext"]
    assert list(context) == [
        "routeKey",
        "eventType",
        "extendedRequestId",
        "requestTime",
        "messageDirection",
        "stage",
        "connectedAt",
        "requestTimeEpoch",
        "identity",
        "requestId",
        "domainName",
        "connectionId",
        "apiId",
    ]
    assert (context["routeKey"], context["eventType"]) == ("$connect", "CONNECT")
    assert context["connectionId"] == connect["requestContext"]["connectionId"]


@pytest.mark.fact("AU-3")
async def test_the_authorizer_sees_stage_variables_and_an_empty_query(serve):
    stage = Stage("dev", variables={"table": "t"})
    world = await serve(guarded(stages=(stage,)), functions=FakeFunctions(gate=policy()))
    await world.upgraded()
    event = world.events()[0]
    assert (event["stageVariables"], event["queryStringParameters"]) == ({"table": "t"}, {})


@pytest.mark.fact("AU-4", "AU-5", "AU-16", "AU-30")
@pytest.mark.parametrize(
    ("source", "given", "path"),
    [
        ("route.request.header.X-Token", ["x-token: t"], "/dev"),
        ("route.request.header.Cookie", ["Cookie: session=1"], "/dev"),
        ("route.request.querystring.token", [], "/dev?token=t"),
        ("stageVariables.secret", [], "/dev"),
        ("context.identity.sourceIp", [], "/dev"),
        ("route.request.header.X-Forwarded-Proto", [], "/dev"),  # the gateway adds it
        ("route.request.header.x-amzn-trace-id", [], "/dev"),
    ],
)
async def test_a_given_identity_source_lets_the_authorizer_be_asked(serve, source, given, path):
    stage = Stage("dev", variables={"secret": "s"})
    world = await serve(guarded(source, stages=(stage,)), functions=FakeFunctions(gate=policy()))
    await world.upgraded(*given, path=path)


@pytest.mark.fact("AU-5")
@pytest.mark.parametrize(
    ("sources", "given", "path"),
    [
        (["route.request.header.X-Token"], [], "/dev"),
        (["route.request.header.X-Token"], ["X-Token:"], "/dev"),
        (["route.request.querystring.token"], [], "/dev?Token=t"),
        (["route.request.querystring.token"], [], "/dev?token="),
        (["route.request.querystring.token", "route.request.header.X-Token"], [], "/dev?token=t"),
        (["stageVariables.none"], [], "/dev"),
        (["context.none"], [], "/dev"),
    ],
)
async def test_a_missing_identity_source_is_401_and_the_authorizer_is_not_asked(serve, sources, given, path):
    world = await serve(guarded(*sources), functions=FakeFunctions(gate=policy()))
    assert await world.refusal(*given, path=path) == 401
    assert world.asked == []


@pytest.mark.fact("AU-7", "AU-23")
@pytest.mark.parametrize(
    "answer",
    [
        policy("Deny"),
        policy(resource="arn:aws:execute-api:us-east-1:000000000000:other/dev/$connect"),
        {"principalId": "u", "policyDocument": {"Version": "2012-10-17", "Statement": []}},
    ],
)
async def test_a_client_that_the_policy_does_not_allow_is_403(serve, answer):
    world = await serve(guarded(), functions=FakeFunctions(gate=answer))
    assert await world.refusal() == 403
    assert world.asked == ["gate"]


@pytest.mark.fact("AU-8")
async def test_an_authorizer_that_raises_unauthorized_is_401(serve):
    world = await serve(guarded(), functions=FakeFunctions(gate=FunctionError("Exception", "Unauthorized")))
    assert await world.refusal() == 401


@pytest.mark.fact("AU-9", "AU-11", "QT-11")
@pytest.mark.parametrize(
    "answer",
    [
        FunctionError("Exception", "unauthorized"),
        FunctionError("Sandbox.Timedout", "Task timed out after 3.00 seconds"),
        NotInvoked("no such function"),
        None,
        {"statusCode": 401},
        {"principalId": "u"},
        {"policyDocument": policy()["policyDocument"]},
        {"principalId": "u", "policyDocument": {"Statement": [{"Effect": "Perhaps"}]}},
        policy(context={"nested": {"object": 1}}),
        policy(context={"list": [1]}),
        policy(context={"long": "x" * 8192}),
    ],
)
async def test_an_authorizer_that_fails_or_answers_nonsense_is_500(serve, answer):
    world = await serve(guarded(), functions=FakeFunctions(gate=answer))
    assert await world.refusal() == 500
    assert world.asked == ["gate"]


@pytest.mark.fact("AU-10")
@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (ARN, 101),
        (ARN.replace("$connect", "*"), 101),
        ("*", 101),
        (ARN.replace("dev/$connect", "*"), 101),
        (ARN.replace("$connect", "*/*"), 403),
        (ARN.replace("dev/$connect", "*/*/*"), 403),
        (ARN.replace("dev", "prod"), 403),
    ],
)
async def test_wildcards_need_every_slash_they_write(serve, resource, status):
    world = await serve(guarded(), functions=FakeFunctions(gate=policy(resource=resource)))
    assert await world.refusal() == status


@pytest.mark.fact("AU-12", "EV-33", "DC-20", "OQ-15")
async def test_the_context_is_in_all_three_events_as_text(serve):
    context = {"stringKey": "value", "numberKey": 123, "booleanKey": True}
    world = await serve(guarded(), functions=FakeFunctions(gate=policy(context=context)))
    raw = await world.upgraded()
    await raw.text("hello")
    await raw.frame(8, b"")
    await until(lambda: "disconnect" in world.asked, "$disconnect to run")
    expected = {"stringKey": "value", "numberKey": "123", "booleanKey": "true", "principalId": "user-1"}
    for event in world.events()[1:]:
        assert event["requestContext"]["authorizer"] == expected
        assert list(event["requestContext"])[:2] == ["routeKey", "authorizer"]
    assert "authorizer" not in world.events()[0]["requestContext"]


@pytest.mark.fact("AU-14")
async def test_a_policy_that_denies_other_routes_does_not_matter_afterwards(serve):
    answer = policy()
    answer["policyDocument"]["Statement"].append(
        {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": ARN.replace("$connect", "$default")}
    )
    world = await serve(guarded(), functions=FakeFunctions(gate=answer))
    raw = await world.upgraded()
    await raw.text("hello")
    await until(lambda: "default" in world.asked, "the message to be routed")


@pytest.mark.fact("AU-15")
async def test_a_stricter_authorizer_does_not_touch_open_connections(serve):
    functions = FakeFunctions(gate=policy())
    world = await serve(guarded(), functions=functions)
    raw = await world.upgraded()
    functions.answers["gate"] = policy("Deny")
    await raw.text("hello")
    await until(lambda: "default" in world.asked, "the message to be routed")
    assert await world.refusal() == 403


# --- API keys and signatures ------------------------------------------------------------------------------------------


def with_key(**settings):
    return chat_api(lambda_route("$connect", api_key_required=True), api_keys={"secret-key": "key-id"}, **settings)


@pytest.mark.fact("AU-22", "EV-32")
async def test_an_api_key_is_asked_for_and_shown_in_the_identity(serve):
    world = await serve(with_key())
    assert await world.refusal() == 403
    assert await world.refusal("x-api-key: wrong") == 403
    await world.upgraded("X-API-Key: secret-key")
    assert world.asked == ["connect"]
    identity = world.events()[0]["requestContext"]["identity"]
    assert identity == {"apiKey": "secret-key", "apiKeyId": "key-id", "sourceIp": "127.0.0.1"}


@pytest.mark.fact("AU-22")
@pytest.mark.parametrize(("key", "status"), [("secret-key", 101), ("wrong", 403), (None, 403)])
async def test_an_api_key_may_come_from_the_authorizer(serve, key, status):
    connect = Route(
        "$connect",
        LambdaProxy("connect"),
        authorization="CUSTOM",
        authorizer=Authorizer("gate", "gate"),
        api_key_required=True,
    )
    api = chat_api(
        connect,
        api_keys={"secret-key": "key-id"},
        api_key_selection_expression="$context.authorizer.usageIdentifierKey",
    )
    answer = policy() if key is None else policy(usageIdentifierKey=key)
    world = await serve(api, functions=FakeFunctions(gate=answer))
    assert await world.refusal() == status


SIGNED = chat_api(lambda_route("$connect", authorization="AWS_IAM"))
CREDENTIALS = Credentials("AKIDEXAMPLE", "secret")


def signed_headers(url: str) -> list[str]:
    request = AWSRequest("GET", url)
    SigV4Auth(CREDENTIALS, "execute-api", "us-east-1").add_auth(request)
    return [f"{name}: {value}" for name, value in request.headers.items()]


@pytest.mark.fact("AU-21", "EV-32")
async def test_a_handshake_signed_in_its_headers_is_let_in(serve):
    world = await serve(SIGNED)
    await world.upgraded(*signed_headers(f"http://localhost:{world.server.port}/dev"))
    identity = world.events()[0]["requestContext"]["identity"]
    assert identity["accessKey"] == "AKIDEXAMPLE"
    assert identity["accountId"] == "000000000000"
    assert identity["userArn"] == "arn:aws:iam::000000000000:user/AKIDEXAMPLE"


@pytest.mark.fact("AU-21")
async def test_a_handshake_signed_in_its_query_is_let_in(serve):
    world = await serve(SIGNED)
    request = AWSRequest("GET", f"http://localhost:{world.server.port}/dev?room=lobby")
    SigV4QueryAuth(CREDENTIALS, "execute-api", "us-east-1").add_auth(request)
    await world.upgraded(path=request.url.partition(str(world.server.port))[2])
    assert world.events()[0]["queryStringParameters"]["room"] == "lobby"


@pytest.mark.fact("AU-21", "AU-23")
async def test_an_unsigned_or_badly_signed_handshake_is_403(serve):
    world = await serve(SIGNED)
    assert await world.refusal() == 403
    assert await world.refusal("Authorization: Bearer token") == 403
    other = [line.replace("execute-api", "dynamodb") for line in signed_headers("http://localhost/dev")]
    assert await world.refusal(*other) == 403
    assert await world.refusal(path="/dev?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=1") == 403
    assert world.asked == []


def signed_query(url: str, expires: int) -> str:
    request = AWSRequest("GET", url)
    SigV4QueryAuth(CREDENTIALS, "execute-api", "us-east-1", expires=expires).add_auth(request)
    return f"/dev?{request.url.partition('?')[2]}"


def refused_for(told: list) -> str:
    (refused,) = (one for one in told if isinstance(one, Refused))
    return refused.reason


@pytest.mark.fact("AU-21", "AU-23")
async def test_a_presigned_address_opens_connections_until_it_expires(serve):
    told = []
    world = await serve(SIGNED, observer=told.append)
    path = signed_query("http://localhost/dev", 600)
    await world.upgraded(path=path)
    world.clock.advance(minutes=9)
    await world.upgraded(path=path)
    world.clock.advance(minutes=2)
    assert await world.refusal(path=path) == 403
    assert "has expired after 600 s" in refused_for(told)


@pytest.mark.fact("AU-21", "AU-23")
async def test_a_signature_in_the_headers_is_of_now(serve):
    world = await serve(SIGNED)
    headers = signed_headers("http://localhost/dev")
    world.clock.advance(minutes=6)
    assert await world.refusal(*headers) == 403


@pytest.mark.fact("AU-21", "AU-23")
@pytest.mark.parametrize(
    ("pattern", "instead", "cause"),
    [
        (r"(X-Amz-Date: )\S+", r"\1yesterday", "expected YYYYMMDDTHHMMSSZ"),
        (r"X-Amz-Date: \S+", "X-Other: 1", "expected YYYYMMDDTHHMMSSZ"),
        (r"(X-Amz-Date: )\d{4}", r"\g<1>1999", "credential scope is of"),
        (r"((?:X-Amz-Date: |Credential=AKIDEXAMPLE/))\d{4}", r"\g<1>2099", "not yet valid"),
    ],
)
async def test_a_signature_whose_date_is_wrong_is_403_and_is_explained(serve, pattern, instead, cause):
    told = []
    world = await serve(SIGNED, observer=told.append)
    headers = [re.sub(pattern, instead, line) for line in signed_headers("http://localhost/dev")]
    assert await world.refusal(*headers) == 403
    assert cause in refused_for(told)


async def test_secrets_of_the_handshake_are_in_no_log(serve, caplog):
    world = await serve(with_key(), functions=FakeFunctions(connect=None))
    await world.refusal("X-API-Key: secret-key", "Authorization: Bearer token-1", path="/dev?token=token-2")
    await world.refusal("X-API-Key: wrong-key")
    assert caplog.text
    for secret in ("secret-key", "token-1", "token-2", "wrong-key"):
        assert secret not in caplog.text
