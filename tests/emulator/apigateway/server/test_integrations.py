"""Integrations that are no Lambda proxies, through real sockets: MOCK, AWS behind templates, HTTP and HTTP_PROXY."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest
from aiohttp import web

from pingbox.emulator.services.lambda_.outcome import FunctionError
from pingbox.model.api import IntegrationResponse, Route, Stage, TemplatedIntegration
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import API_ID, chat_api
from support.waiting import until


def templated(key: str, integration: TemplatedIntegration) -> Route:
    return Route(key, integration, two_way=True)


async def answer(serve, integration: TemplatedIntegration, message: str, **functions) -> str:
    """The frame that a message gets from a two-way `$default` route with this integration."""
    world = await serve(chat_api(templated("$default", integration)), functions=FakeFunctions(**functions))
    raw = await world.upgraded()
    await raw.text(message)
    opcode, _, payload = await raw.received()
    assert opcode == 1
    return payload.decode()


@pytest.mark.fact("RR-9", "RR-12", "RR-13")
async def test_mock_answers_with_its_response_template(serve):
    integration = TemplatedIntegration(
        "MOCK",
        request_templates={"$default": '{"statusCode": 200}'},
        responses=(
            IntegrationResponse(
                templates={"$default": '{"pong":"$context.connectionId","on":"$context.stage$context.none"}'}
            ),
        ),
    )
    found = json.loads(await answer(serve, integration, "ping"))
    assert len(found["pong"]) == 16
    assert found["on"] == "dev"


@pytest.mark.fact("RR-10", "RR-11", "RR-12")
@pytest.mark.parametrize(("wish", "seen"), [("404", "none"), ("403", "none"), ("200", "fine"), ("500", "fine")])
async def test_the_response_is_picked_by_the_status_code(serve, wish, seen):
    integration = TemplatedIntegration(
        "MOCK",
        request_templates={"a": "{\"statusCode\": $input.path('$.status')}", "$default": "{}"},
        template_selection_expression="$request.body.kind",
        responses=(
            IntegrationResponse("/4\\d\\d/", {"$default": "none"}),
            IntegrationResponse("$default", {"$default": "fine"}),
        ),
    )
    assert await answer(serve, integration, f'{{"kind":"a","status":{wish}}}') == seen


async def template_taken(serve, expression):
    integration = TemplatedIntegration(
        "AWS",
        "worker",
        request_templates={"application/json": '{"made": "json"}', "$default": '{"made": "default"}'},
        template_selection_expression=expression,
    )
    return await answer(serve, integration, "{}", worker=lambda event: event["made"])


@pytest.mark.fact("RR-11")
@pytest.mark.parametrize("expression", ["\\$default", "other"])
async def test_a_selection_that_names_no_template_falls_back_to_the_default(serve, expression):
    assert await template_taken(serve, expression) == '"default"'


async def test_without_a_selection_expression_the_template_for_json_is_taken(serve):
    """Published samples are written so; that AWS assumes application/json here is inferred from them, no known fact."""
    assert await template_taken(serve, None) == '"json"'


@pytest.mark.fact("RR-9", "RR-13")
async def test_a_function_behind_templates_gets_and_gives_what_they_make(serve):
    integration = TemplatedIntegration(
        "AWS",
        "worker",
        request_templates={
            "$default": """#set($body = $input.path('$'))
            {"who": "$context.connectionId", "text": $input.json('$.text'),
             "raw": "$util.escapeJavaScript($input.body)",
             "list": [#foreach($item in $body.items)"$item"#if($foreach.hasNext),#end#end]}"""
        },
        responses=(IntegrationResponse(templates={"$default": "{\"answer\":$input.json('$.said')}"}),),
    )
    seen = []

    def worker(event):
        seen.append(event)
        return {"said": event["text"].upper()}

    message = '{"text":"say \\"hi\\"","items":["a","b"]}'
    assert await answer(serve, integration, message, worker=worker) == '{"answer":"SAY \\"HI\\""}'
    assert seen[0]["list"] == ["a", "b"]
    assert seen[0]["raw"] == message


@pytest.mark.fact("RR-10")
async def test_a_functions_error_is_matched_by_its_message(serve):
    integration = TemplatedIntegration(
        "AWS",
        "worker",
        responses=(
            IntegrationResponse("/.*not found.*/", {"$default": "$input.path('$.errorMessage')!"}),
            IntegrationResponse("$default", {"$default": "fine"}),
        ),
    )
    assert (
        await answer(serve, integration, "{}", worker=FunctionError("E", "item not found here"))
        == "item not found here!"
    )
    assert await answer(serve, integration, "{}", worker={}) == "fine"


@pytest.mark.fact("RT-21", "RR-15")
@pytest.mark.parametrize(
    "integration",
    [
        TemplatedIntegration("MOCK"),
        TemplatedIntegration("MOCK", request_templates={"$default": "no json"}),
        TemplatedIntegration("AWS", "worker", request_templates={"$default": "no json"}),
        TemplatedIntegration("AWS", "worker", request_templates={"$default": "$util.parseJson('{')"}),
        TemplatedIntegration("AWS", "worker", passthrough_behavior="NEVER"),
        TemplatedIntegration(
            "AWS", "worker", request_templates={"other": "{}"}, passthrough_behavior="WHEN_NO_TEMPLATES"
        ),
        TemplatedIntegration("HTTP", "http://example.com/"),
        TemplatedIntegration("HTTP_PROXY", "http://127.0.0.1.example.com/"),
        TemplatedIntegration("HTTP", "http://127.0.0.1:1/"),
    ],
)
async def test_an_integration_that_cannot_be_performed_is_an_internal_server_error_and_is_explained(
    serve, integration, caplog
):
    assert (await answer(serve, integration, "{}")).startswith('{"message": "Internal server error"')
    assert "route $default:" in caplog.text


@pytest.mark.fact("RR-15")
async def test_without_a_matching_template_the_message_passes_through(serve):
    integration = TemplatedIntegration("AWS", "worker", request_templates={"other": "{}"})
    assert await answer(serve, integration, '{"a":1}', worker=lambda event: event) == '{"a": 1}'


# --- HTTP -------------------------------------------------------------------------------------------------------------


class Backend:
    """An HTTP server on this machine that shows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        self.asked.append((request.method, request.raw_path, dict(request.headers), body))
        status = int(request.query.get("status", 200))
        return web.Response(status=status, text=f"backend says {status}", headers={"X-Kind": "teapot"})


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    shown = Backend()
    runner = web.ServerRunner(web.Server(shown.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shown.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shown
    await runner.cleanup()


@pytest.mark.fact("RR-9", "RR-17")
async def test_http_proxy_passes_the_message_and_the_answer_as_they_are(serve, backend):
    integration = TemplatedIntegration("HTTP_PROXY", f"{backend.url}/in", "POST")
    assert await answer(serve, integration, '{"raw": "text"}') == "backend says 200"
    [(method, path, headers, body)] = backend.asked
    assert (method, path, body) == ("POST", "/in", b'{"raw": "text"}')
    assert headers["User-Agent"] == f"AmazonAPIGateway_{API_ID}"
    assert headers["X-Amzn-Apigateway-Api-Id"] == API_ID


@pytest.mark.fact("RR-14", "RR-10", "RR-11")
async def test_http_maps_parameters_and_picks_its_template_by_status_and_header(serve, backend):
    integration = TemplatedIntegration(
        "HTTP",
        f"{backend.url}/rooms/{{room}}?fixed=1",
        "PUT",
        request_templates={"$default": "made of $input.path('$.room')"},
        request_parameters={
            "integration.request.path.room": "route.request.body.room",
            "integration.request.querystring.status": "'404'",
            "integration.request.header.X-Connection": "context.connectionId",
        },
        responses=(
            IntegrationResponse(
                "/404/",
                {"404/teapot": "not there: $input.body"},
                "${integration.response.statuscode}/${integration.response.header.x-kind}",
            ),
        ),
    )
    assert await answer(serve, integration, '{"room":"a b/c"}') == "not there: backend says 404"
    [(method, path, headers, body)] = backend.asked
    assert (method, path, body) == ("PUT", "/rooms/a%20b%2Fc?fixed=1&status=404", b"made of a b/c")
    assert len(headers["X-Connection"]) == 16


@pytest.mark.fact("RR-9", "EV-5")
async def test_an_address_may_be_made_of_stage_variables(serve, backend):
    integration = TemplatedIntegration("HTTP_PROXY", "${stageVariables.backend}/in${stageVariables.none}")
    stage = Stage("dev", variables={"backend": backend.url})
    world = await serve(chat_api(templated("$default", integration), stages=(stage,)))
    raw = await world.upgraded()
    await raw.text("x")
    assert (await raw.received())[2] == b"backend says 200"
    assert backend.asked[0][1] == "/in"


@pytest.mark.fact("RT-21", "RR-14")
@pytest.mark.parametrize("breaking", ["\r\nX-Admin: 1", "\n", "\0"])
async def test_a_message_cannot_write_headers_of_its_own(serve, backend, breaking, caplog):
    parameters = {"integration.request.header.X-User": "route.request.body.user"}
    integration = TemplatedIntegration("HTTP_PROXY", backend.url, request_parameters=parameters)
    heard = await answer(serve, integration, json.dumps({"user": f"ana{breaking}"}))
    assert heard.startswith('{"message": "Internal server error"')
    assert "X-User': its value has a line break" in caplog.text
    assert backend.asked == []


HALF_AN_EMOJI = '{"t":"\\ud83d"}'
"""JSON can say it, UTF-8 cannot: what JavaScript's `slice` leaves of an emoji."""


@pytest.mark.fact("RR-13", "RR-14")
@pytest.mark.parametrize(
    ("settings", "path", "body"),
    [
        ({"request_parameters": {"integration.request.querystring.t": "route.request.body.t"}}, "/?t=?", None),
        ({"request_parameters": {"integration.request.path.t": "route.request.body.t"}}, "/?", None),
        ({"request_templates": {"$default": "$input.path('$.t')"}}, "/", b"?"),
        ({"request_templates": {"$default": "$util.urlEncode($input.path('$.t'))"}}, "/", b"%3F"),
        ({"request_templates": {"$default": "$util.base64Encode($input.path('$.t'))"}}, "/", b"Pw=="),
    ],
    ids=["query", "path", "body", "urlEncode", "base64Encode"],
)
async def test_half_a_surrogate_pair_reaches_the_backend_as_a_question_mark(serve, backend, settings, path, body):
    target = f"{backend.url}/{{t}}" if path == "/?" else f"{backend.url}/"
    assert await answer(serve, TemplatedIntegration("HTTP", target, **settings), HALF_AN_EMOJI) == "backend says 200"
    _, asked_path, _, asked_body = backend.asked[0]
    assert unquote(asked_path) == path
    assert body is None or asked_body == body


@pytest.mark.fact("RR-14", "CN-1", "CN-3")
@pytest.mark.parametrize("status", [101, 403])
async def test_http_on_connect_decides_the_handshake_by_its_status(serve, backend, status):
    wanted = 200 if status == 101 else status
    integration = TemplatedIntegration(
        "HTTP",
        f"{backend.url}/connect?status={wanted}",
        "POST",
        request_parameters={"integration.request.header.X-User": "route.request.querystring.user"},
    )
    world = await serve(chat_api(Route("$connect", integration)))
    assert await world.refusal(path="/dev?user=ana") == status
    assert backend.asked[0][2]["X-User"] == "ana"


@pytest.mark.fact("AU-23")
@pytest.mark.parametrize(
    ("integration", "status"),
    [
        (TemplatedIntegration("HTTP_PROXY", "http://127.0.0.1:1/"), 504),
        (TemplatedIntegration("HTTP_PROXY", "http://example.com/"), 500),
        (TemplatedIntegration("HTTP_PROXY", "http://127.0.0.1:99999/"), 500),
        (TemplatedIntegration("MOCK"), 500),
    ],
)
async def test_a_backend_that_is_not_there_is_told_apart_from_a_wrong_declaration(serve, integration, status):
    world = await serve(chat_api(Route("$connect", integration)))
    assert await world.refusal() == status


@pytest.mark.fact("RT-26")
async def test_base64_becomes_binary_only_where_the_integration_converts(serve, backend):
    integration = TemplatedIntegration("HTTP", backend.url, content_handling_strategy="CONVERT_TO_BINARY")
    await answer(serve, integration, "/wAB")
    assert backend.asked[0][3] == b"\xff\x00\x01"


@pytest.mark.fact("RT-21")
@pytest.mark.parametrize("message", ["a", "!!!!", "é"])
async def test_what_is_not_base64_cannot_be_converted(serve, backend, message):
    integration = TemplatedIntegration("HTTP", backend.url, content_handling_strategy="CONVERT_TO_BINARY")
    assert (await answer(serve, integration, message)).startswith('{"message": "Internal server error"')
    assert backend.asked == []


async def test_a_one_way_route_with_a_backend_is_silent(serve, backend):
    world = await serve(chat_api(Route("$default", TemplatedIntegration("HTTP_PROXY", backend.url))))
    raw = await world.upgraded()
    await raw.text("x")
    await until(lambda: backend.asked, "the backend to be asked")
    await world.post("the next thing seen")
    assert (await raw.received())[2] == b"the next thing seen"
