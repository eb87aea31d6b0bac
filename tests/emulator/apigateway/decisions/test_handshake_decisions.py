"""The decisions of the handshake as values: ids, addresses, outcomes, policies, keys and signatures."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingbox.emulator.activity import IntegrationTimedOut
from pingbox.emulator.services.apigateway.common.addresses import find_deployment, handshake_target
from pingbox.emulator.services.apigateway.common.declaration_rules import DeclarationError, check
from pingbox.emulator.services.apigateway.common.policies import PolicyError, allows
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.emulator.services.apigateway.mapping.proxy_response import Malformed, ProxyResponse, read_proxy_response
from pingbox.emulator.services.apigateway.websocket import connection, events, management
from pingbox.emulator.services.apigateway.websocket.connect_route import Accept, Refuse, connect_ended
from pingbox.emulator.services.apigateway.websocket.conversation import IntegrationFailed, Rendered
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Returned
from pingbox.model.api import (
    Api,
    Authorizer,
    DomainMapping,
    IntegrationResponse,
    LambdaProxy,
    Route,
    Stage,
    TemplatedIntegration,
)

RANDOM = st.binary(min_size=connection.RANDOM_BYTES, max_size=connection.RANDOM_BYTES)


@given(st.floats(0, 5e9), RANDOM, RANDOM)
def test_ids_always_have_the_look_of_the_captures(now, first, second):
    own = connection.connection_id(now, first)
    message = connection.message_id(now, second, own)
    request = connection.request_id(now, second)
    for identifier in (own, message, request):
        assert connection.well_formed(identifier)
        assert len(base64.urlsafe_b64decode(identifier)) == 11
    assert (own[11], message[11], request[11]) == ("C", "C", "F")
    assert message[-5:] == own[-5:]


@given(st.floats(1.7e9, 1.71e9), st.floats(0.05, 1e6), RANDOM)
def test_later_ids_sort_later_in_the_short_term(now, later, random):
    """EV-42: the clock of the ids ticks every 25 ms. Compared as bytes: the alphabet is not in the order of ASCII."""
    first, second = (base64.urlsafe_b64decode(connection.request_id(at, random)) for at in (now, now + later))
    assert first < second or int(now * 40) >> 32 != int((now + later) * 40) >> 32


@pytest.mark.parametrize(
    "wrong", ["", "x", "TXzPWdnOjoECGjA", "TXzPWdnOjoECGjA==", "TXzPWdnOjoECGjB=", "TXzPWdnOjo+CGjA="]
)
def test_what_is_no_id(wrong):
    assert not connection.well_formed(wrong)


def test_times_and_traces_have_the_look_of_the_captures():
    assert events.request_time(1708326702.789) == "19/Feb/2024:07:11:42 +0000"
    trace = events.trace_id(0x65D2FF2E, bytes.fromhex("718990494fd688f062bf1571"))
    assert trace == "Root=1-65d2ff2e-718990494fd688f062bf1571"


APIS = (Api("first", "1", (), (Stage("dev"), Stage("second"))), Api("second", "2", (), (Stage("dev"),)))


@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("localhost:3001", "/dev", ("first", "dev")),
        ("localhost", "/second/dev", ("second", "dev")),
        ("localhost", "/second", ("first", "second")),
        ("second.localhost:3001", "/dev", ("second", "dev")),
        ("SECOND.execute-api.us-east-1.amazonaws.com", "/dev", ("second", "dev")),
        ("third.localhost", "/dev", ("first", "dev")),
        ("third.execute-api.us-east-1.amazonaws.com", "/dev", None),
        ("localhost", "/third/dev", None),
        ("localhost", "/de%76", ("first", "dev")),
        ("localhost", "/", None),
        ("localhost", "", None),
        ("localhost", "/dev/x/y", None),
    ],
)
def test_addresses(host, path, found):
    deployment = handshake_target(APIS, host, path)
    assert (deployment and (deployment.api.api_id, deployment.stage.name)) == found


MAPPED = (
    Api(
        "first",
        "1",
        (),
        (Stage("dev"), Stage("prod")),
        mappings=(DomainMapping("ws.Example.com", "", "dev"), DomainMapping("ws.Example.com", "v1/chat", "prod")),
    ),
    Api("second", "2", (), (Stage("live"),), mappings=(DomainMapping("ws.example.com", "other", "live"),)),
)


@pytest.mark.fact("CD-1", "HS-1", "MG-37")
@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("ws.example.com", "/", ("first", "dev")),
        ("ws.example.com", "", ("first", "dev")),
        ("WS.example.com:443", "/v1/chat", ("first", "prod")),
        ("ws.example.com.", "/v1/chat/", ("first", "prod")),
        ("ws.example.com", "/other", ("second", "live")),
        ("ws.example.com", "/dev", None),
        ("ws.example.com", "/first/dev", None),
        ("ws.example.com", "/v1", None),
        ("a.ws.example.com", "/v1/chat", None),
        ("localhost:3001", "/dev", ("first", "dev")),
    ],
)
def test_at_a_custom_domain_the_path_is_the_mappings_key(host, path, found):
    deployment = handshake_target(MAPPED, host, path)
    assert (deployment and (deployment.api.api_id, deployment.stage.name)) == found
    posting = management.read_path(f"{path}/@connections/L0SM9cOFvHcCIhw=")
    named = find_deployment(MAPPED, host, prefix=posting.prefix, stage=posting.stage)
    assert (named and (named.api.api_id, named.stage.name)) == found, "posts are addressed alike"


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (Returned({"statusCode": 200}), Accept()),
        (Returned({"statusCode": "200"}), Accept()),
        (Returned({"statusCode": 200.0}), Accept()),
        (Returned({"statusCode": 200, "headers": {"sec-websocket-PROTOCOL": "p"}}), Accept("p")),
        (Returned({"statusCode": 200, "multiValueHeaders": {"Sec-WebSocket-Protocol": ["a", "p"]}}), Accept("p")),
        (Rendered(204, None), Accept()),
        (Returned({"statusCode": 403}), 403),
        (Returned({"statusCode": 101}), 502),
        (Returned({"statusCode": True}), 502),
        (Returned({"statusCode": float("inf")}), 502),
        (Returned(None), 502),
        (FunctionError("E", "m"), 502),
        (NotInvoked("r"), 500),
        (IntegrationFailed("p"), 500),
        (IntegrationTimedOut(), 504),
    ],
)
def test_connect_outcomes(outcome, answer):
    decided = connect_ended(outcome, Switches())
    assert (decided.status if isinstance(decided, Refuse) else decided) == answer


@pytest.mark.fact("CN-20")
@pytest.mark.parametrize("response", [{}, {"headers": {"x": "y"}}, {"body": "hello"}, {"isBase64Encoded": False}])
def test_connect_without_a_status_is_200_or_by_the_switch_502(response):
    assert connect_ended(Returned(response), Switches()) == Accept()
    refused = connect_ended(Returned(response), Switches(connect_without_status="502"))
    assert isinstance(refused, Refuse)
    assert refused.status == 502


@pytest.mark.fact("CN-20")
@pytest.mark.parametrize("response", [{"statusCode": None}, {"status": 200}, {"statusCode": ""}, [], "", 0])
def test_what_is_no_response_is_none_without_a_status_either(response):
    refused = connect_ended(Returned(response), Switches())
    assert isinstance(refused, Refuse)
    assert refused.status == 502


@pytest.mark.fact("CN-20")
@pytest.mark.parametrize("value", ["a", 1, None, {"a": "b"}])
def test_multi_value_headers_are_lists(value):
    problem = read_proxy_response({"statusCode": 200, "multiValueHeaders": {"Set-Cookie": value}})
    assert isinstance(problem, Malformed)
    assert "multiValueHeaders['Set-Cookie'] is" in problem.problem


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.text(), i)
    )
)
def test_any_returned_value_is_a_response_or_malformed(value):
    assert isinstance(read_proxy_response(value), ProxyResponse | Malformed)


def test_a_malformed_response_is_explained_without_its_contents():
    problem = read_proxy_response({"statusCode": 200, "body": {"secret": "s3cret"}})
    assert isinstance(problem, Malformed)
    assert "json.dumps" in problem.problem
    assert "s3cret" not in problem.problem


def statement(**members):
    return {"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "a/b", **members}]}


@pytest.mark.parametrize(
    ("document", "allowed"),
    [
        (statement(), True),
        (statement(Resource=["x", "a/*"]), True),
        (statement(Resource="a/?"), True),
        (statement(Resource="A/b"), False),
        (statement(Action=["EXECUTE-API:*"]), True),
        (statement(Action="dynamodb:*"), False),
        (statement(Effect="Deny"), False),
        ({"Statement": statement()["Statement"][0]}, True),
        ({"Statement": [*statement()["Statement"], *statement(Effect="Deny", Resource="*")["Statement"]]}, False),
        ({"Statement": [*statement()["Statement"], *statement(Effect="Deny", Resource="z")["Statement"]]}, True),
        ({"Statement": []}, False),
        ({"Statement": [{"Effect": "Allow", "NotAction": "x:y", "Resource": "*"}]}, True),
        ({"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": "a/*"}]}, False),
    ],
)
def test_policies(document, allowed):
    assert allows(document, "execute-api:Invoke", "a/b") is allowed


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"Statement": [1]},
        statement(Effect="allow"),
        statement(Condition={}),
        statement(Resource=[]),
        statement(Action=1),
    ],
)
def test_what_is_no_policy_or_more_than_we_know_is_refused_loudly(document):
    with pytest.raises(PolicyError):
        allows(document, "execute-api:Invoke", "a/b")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"stages": (Stage("$default"),)}, "stage name"),
        ({"routes": (Route("$mine"),)}, "must not begin with"),
        ({"routes": (Route("a"), Route("a"))}, "declared twice"),
        ({"routes": (Route("a", authorization="JWT"),)}, "expected NONE"),
        ({"routes": (Route("a", authorization="AWS_IAM"),)}, "on \\$connect only"),
        ({"routes": (Route("$connect", authorization="CUSTOM"),)}, "belong together"),
        (
            {"routes": (Route("$connect", authorization="CUSTOM", authorizer=Authorizer("a", "a", ("$x",))),)},
            "identity source",
        ),
        ({"routes": (Route("a", LambdaProxy("f", 30_000)),)}, "29000"),
        ({"routes": (Route("a", TemplatedIntegration("AWS_PROXYX")),)}, "integration type"),
        ({"routes": (Route("a", TemplatedIntegration("MOCK", passthrough_behavior="X")),)}, "PassthroughBehavior"),
        (
            {"routes": (Route("a", TemplatedIntegration("MOCK", request_templates={"$default": "\n#if($x"})),)},
            "line 2",
        ),
        (
            {
                "routes": (
                    Route("a", TemplatedIntegration("MOCK", responses=(IntegrationResponse("k", {"t": "#set(x"}),))),
                )
            },
            "line 1",
        ),
        ({"route_selection_expression": "$context.x"}, "expected \\${request.body"),
        ({"api_key_selection_expression": "$context.x"}, "API key"),
    ],
)
def test_an_api_that_cannot_be_served_is_refused_with_the_reason(change, complaint):
    with pytest.raises(DeclarationError, match=complaint):
        check([Api(**{"api_id": "a", "name": "chat", "routes": (), "stages": (Stage("dev"),), **change})])


def test_two_apis_may_not_share_an_id():
    with pytest.raises(DeclarationError, match="declared twice"):
        check([APIS[0], APIS[0]])
