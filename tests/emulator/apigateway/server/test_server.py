"""The server as a whole: one port for several APIs and other services, redeploys, its start and its end."""

from __future__ import annotations

import asyncio
import errno
import ssl

import pytest
from aiohttp import web
from botocore.exceptions import ClientError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from pingbox.emulator.activity import (
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    Invoked,
    ManagementCalled,
    Refused,
)
from pingbox.emulator.clock import WoundClock
from pingbox.emulator.http.certificates import LocalAuthority
from pingbox.emulator.services.apigateway.common.declaration_rules import DeclarationError
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.model.api import Api, Route, Stage, TemplatedIntegration
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import API_ID, chat_api, lambda_route
from support.sockets.raw_socket import upgrade_request
from support.waiting import until

OTHER = Api(
    "otherapi99", "other", (lambda_route("$connect", "other"), lambda_route("$default", "other")), (Stage("prod"),)
)


# --- several APIs and stages ------------------------------------------------------------------------------------------


@pytest.mark.fact("HS-1", "HS-2", "EV-30", "EV-31")
@pytest.mark.parametrize(
    ("path", "host", "where"),
    [
        ("/dev", "localhost", (API_ID, "dev")),
        ("/beta", "localhost", (API_ID, "beta")),
        ("/dev/", "localhost", (API_ID, "dev")),
        ("/otherapi99/prod", "localhost", ("otherapi99", "prod")),
        (f"/{API_ID}/dev", "localhost", (API_ID, "dev")),
        ("/prod", "otherapi99.execute-api.eu-west-1.amazonaws.com", ("otherapi99", "prod")),
        ("/prod", "otherapi99.localhost:3001", ("otherapi99", "prod")),
    ],
)
async def test_an_api_is_named_by_host_or_path_and_the_first_one_needs_no_name(serve, path, host, where):
    world = await serve([chat_api(stages=(Stage("dev"), Stage("beta"))), OTHER])
    raw = await world.raw()

    await raw.send(upgrade_request(path).replace(b"Host: localhost", f"Host: {host}".encode()))
    assert (await raw.answer()).status == 101
    context = world.events()[0]["requestContext"]
    assert (context["apiId"], context["stage"]) == where
    assert context["domainName"] == f"{where[0]}.execute-api.us-east-1.amazonaws.com"


async def test_the_urls_of_the_server_lead_to_the_apis(serve):
    world = await serve([chat_api(), OTHER])
    first = await world.client("/dev")
    other = await world.client(world.server.ws_url("prod", "otherapi99").partition(str(world.server.port))[2])
    for which, client, endpoint in (
        (0, first, world.server.management_url("dev")),
        (1, other, world.server.management_url("prod", "otherapi99")),
    ):
        boto = world.management(endpoint)
        await asyncio.to_thread(boto.post_to_connection, ConnectionId=world.connection_id(which), Data=str(which))
        await client.expect(str(which))
    with pytest.raises(ClientError, match="Gone"):
        await asyncio.to_thread(
            world.management().post_to_connection, ConnectionId=world.connection_id(1), Data=b"not this api's"
        )


@pytest.mark.fact("HS-10")
async def test_a_redeploy_keeps_connections_and_takes_effect_with_the_next_message(serve):
    world = await serve()
    raw = await world.upgraded()
    await raw.text('{"action":"new"}')
    await until(lambda: "default" in world.asked, "the route not to be known yet")
    world.server.replace([chat_api(lambda_route("new"))])
    await raw.text('{"action":"new"}')
    await until(lambda: "new" in world.asked, "the new route to be known")
    assert world.events("DISCONNECT") == []


@pytest.mark.fact("QT-25")
async def test_connections_of_a_stage_that_is_taken_away_are_closed(serve):
    world = await serve(chat_api(stages=(Stage("dev"), Stage("old"))))
    stays, goes = await world.upgraded(), await world.upgraded(path="/old")
    world.server.replace([chat_api()])
    assert await goes.close_code() == 1001
    await stays.text("still here")
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    assert await world.refusal(path="/old") == 403


@pytest.mark.fact("HS-2", "RT-11")
async def test_apis_that_cannot_be_served_are_refused_with_all_reasons(serve):
    with pytest.raises(DeclarationError) as refused:
        GatewayServer(
            [chat_api(lambda_route("$mine"), stages=(Stage("$default"),))], FakeFunctions(), clock=WoundClock()
        )
    assert len(refused.value.problems) == 2
    world = await serve()
    with pytest.raises(DeclarationError):
        world.server.replace([chat_api(route_selection_expression="$request.header.x")])
    await world.upgraded()  # the old APIs are still served


@pytest.mark.fact("AU-20", "QT-13", "QT-14", "RR-16")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"routes": (lambda_route("$connect", authorization="JWT"),)}, "JWT"),
        ({"routes": (lambda_route("slow", timeout_ms=29_001),)}, "29001"),
        ({"routes": (lambda_route("hasty", timeout_ms=49),)}, "49"),
        ({"stages": (Stage("dev", {f"v{number}": "" for number in range(101)}),)}, "101 variables"),
        ({"stages": (Stage("dev", {"v" * 65: ""}),)}, "at most 64"),
        ({"stages": (Stage("dev", {"v": "x" * 513}),)}, "512"),
        (
            {"routes": (Route("r", TemplatedIntegration("MOCK", request_templates={"$default": "x" * 307_201})),)},
            "307200",
        ),
    ],
)
async def test_what_aws_would_not_deploy_is_not_served(serve, change, reason):
    with pytest.raises(DeclarationError, match=reason):
        await serve(chat_api(*change.get("routes", ()), stages=change.get("stages", (Stage("dev"),))))


@pytest.mark.fact("HS-1", "HS-9", "MG-1")
async def test_the_same_is_served_over_tls_under_awss_own_names(serve, tmp_path):
    """TLS 1.2 at least; an AWS client that trusts the local authority needs nothing but the name to lead here."""
    tls = LocalAuthority()
    world = await serve(tls=tls.context)
    (tmp_path / "authority.pem").write_bytes(tls.pem)
    trusting = ssl.create_default_context(cadata=tls.pem.decode())
    host = f"{API_ID}.execute-api.us-east-1.amazonaws.com"
    async with connect(f"wss://{host}:{world.server.tls_port}/dev", host="127.0.0.1", ssl=trusting) as client:
        boto = world.aws(
            "apigatewaymanagementapi",
            f"https://localhost:{world.server.tls_port}/dev",
            verify=str(tmp_path / "authority.pem"),
        )
        await asyncio.to_thread(boto.post_to_connection, ConnectionId=world.connection_id(), Data=b"over TLS")
        assert await client.recv() == "over TLS"
        await client.send("x" * 32769)
        await client.wait_closed()
        assert client.protocol.close_rcvd.code == 1009
    with pytest.raises(ConnectionClosedError):
        await client.recv()
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    async with connect(f"wss://{host}:{world.server.tls_port}/dev", host="127.0.0.1", ssl=trusting) as client:
        assert client.transport.get_extra_info("ssl_object").version() == "TLSv1.2"


# --- other services on the port ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("dynamodb", "list_tables", {}),
        ("s3", "list_buckets", {}),
        ("sns", "list_topics", {}),
        ("sqs", "list_queues", {}),
        ("stepfunctions", "list_state_machines", {}),
        ("scheduler", "list_schedules", {}),
    ],
)
async def test_a_service_that_is_not_registered_is_named_in_a_501_that_its_client_understands(
    serve, service, call, arguments
):
    async def page(request):
        return web.Response(text="page")

    world = await serve(fallback=page)
    with pytest.raises(ClientError) as failed:
        await asyncio.to_thread(getattr(world.aws(service), call), **arguments)
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert failed.value.response["Error"]["Code"] == "NotImplemented"
    assert "is not emulated" in failed.value.response["Error"]["Message"]


async def test_everything_else_goes_to_the_fallback_with_its_body(serve):
    async def page(request):
        return web.Response(text=f"{request.method} {request.raw_path} {len(await request.read())}")

    world = await serve(fallback=page)
    assert (await world.http("GET", "/")).body == b"GET / 0"
    assert (await world.http("GET", "/dev?a=1")).body == b"GET /dev?a=1 0"
    assert (await world.http("PUT", "/big", b"x" * 3_000_000)).body == b"PUT /big 3000000"
    await world.upgraded()
    assert (await world.http("GET", f"/dev/@connections/{world.connection_id()}")).status == 200


async def test_without_a_fallback_other_paths_are_forbidden(serve):
    world = await serve()
    assert (await world.http("GET", "/")).status == 403
    assert (await world.http("POST", "/anything/else", b"x")).status == 403


# --- what happens is told ---------------------------------------------------------------------------------------------


async def test_the_observer_is_told_everything_in_order(serve):
    happened = []
    api = chat_api(lambda_route("ask", two_way=True))
    functions = FakeFunctions(ask={"statusCode": 200, "body": "a"})
    world = await serve(api, functions=functions, observer=happened.append)
    raw = await world.upgraded()
    await raw.text('{"action":"ask"}')
    await raw.received()
    await world.post("pushed")
    await raw.received()
    await raw.frame(8, b"")
    await until(lambda: sum(isinstance(seen, Invoked) for seen in happened) == 3, "$disconnect to end")
    told = [type(seen) for seen in happened]
    assert sorted(told[5:7], key=str) == sorted([ManagementCalled, FrameSent], key=str)
    assert told[:5] == [Invoked, Connected, FrameReceived, Invoked, FrameSent]
    assert told[7:] == [Disconnected, Invoked]
    assert [seen.cause for seen in happened if isinstance(seen, FrameSent)] == ["route response", "post"]
    assert [seen.route_key for seen in happened if isinstance(seen, Invoked)] == ["$connect", "ask", "$disconnect"]
    await world.refusal(path="/nope")
    assert isinstance(happened[-1], Refused)


async def test_an_observer_that_raises_breaks_nothing(serve, caplog):
    def observer(happening):
        raise RuntimeError("observer has a bug")

    world = await serve(observer=observer)
    raw = await world.upgraded()
    await raw.text("x")
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    await world.post("y")
    assert (await raw.received())[2] == b"y"
    assert "the observer failed" in caplog.text


# --- start and stop ---------------------------------------------------------------------------------------------------


async def test_a_port_in_use_is_an_os_error(serve):
    world = await serve()
    with pytest.raises(OSError, match=r"address already in use|in use") as refused:
        await GatewayServer([chat_api()], FakeFunctions(), clock=WoundClock(), port=world.server.port).start()
    assert refused.value.errno == errno.EADDRINUSE


@pytest.mark.fact("QT-28")
async def test_stop_says_1001_runs_disconnect_and_leaves_no_task_behind(serve):
    world = await serve()
    before = asyncio.all_tasks()
    clients = [await world.client() for _ in range(20)]
    silent = await world.upgraded()
    idle_http = await world.raw()
    await idle_http.send(b"GET /dev HTTP/1.1\r\nHost: x\r\n\r\n")
    await idle_http.answer()
    visitor = await world.raw()
    await visitor.send(b"GET /")
    await asyncio.wait_for(world.server.stop(), 2)
    for client in clients:
        await client.closed_with(1001, "Going away")
    assert await silent.close_code() == 1001
    assert len(world.events("DISCONNECT")) == 21
    await until(lambda: asyncio.all_tasks() <= before, "all tasks of the server to end")
    with pytest.raises(ConnectionRefusedError):
        await world.raw()
    with pytest.raises(RuntimeError, match="not running"):
        world.server.management("GET", "", "/dev/@connections/x", b"")
    await world.server.stop()  # a second time does nothing


async def test_stop_does_not_wait_for_functions_that_hang(serve):
    async def hang(event):
        await asyncio.Event().wait()

    world = await serve(functions=FakeFunctions(default=hang, disconnect=hang))
    raw = await world.upgraded()
    await raw.text("x")
    await until(lambda: world.events("MESSAGE"), "the function to hang")
    await asyncio.wait_for(world.server.stop(), 3)


async def test_stop_answers_what_disconnect_asks_and_takes_no_new_client(serve):
    """`$disconnect` cleans up over the port: a process of its own knows no other way."""
    seen = []

    async def clean_up(event):
        newcomer = await world.raw()
        with pytest.raises(ClientError) as gone:
            await world.post("x", event["requestContext"]["connectionId"])
        seen.append((gone.value.response["Error"]["Code"], (await newcomer.upgrade()).status))

    world = await serve(functions=FakeFunctions(disconnect=clean_up))
    client = await world.client()
    await world.server.stop()
    await client.closed_with(1001)
    assert seen == [("GoneException", 503)]


async def test_stop_lets_a_client_in_whose_connect_was_running_and_says_goodbye(serve):
    """It was accepted, so its `$disconnect` runs."""
    go_on = asyncio.Event()

    async def slow(event):
        await go_on.wait()
        return {"statusCode": 200}

    world = await serve(functions=FakeFunctions(connect=slow))
    raw = await world.raw()
    await raw.send(upgrade_request())
    await until(lambda: world.events(), "$connect to run")
    stopping = asyncio.create_task(world.server.stop())
    await asyncio.sleep(0)
    go_on.set()
    assert (await raw.answer()).status == 101
    assert await raw.close_code() == 1001
    await stopping
    assert len(world.events("DISCONNECT")) == 1


async def test_stop_in_a_hurry_waits_for_no_function(serve):
    async def hang(event):
        await asyncio.Event().wait()

    world = await serve(functions=FakeFunctions(disconnect=hang))
    await world.client()
    force = asyncio.Event()
    stopping = asyncio.create_task(world.server.stop(3600, force))
    await until(lambda: world.events("DISCONNECT"), "the function to hang")
    force.set()
    await asyncio.wait_for(stopping, 5)


async def test_stop_during_a_handshake_hangs_up(serve):
    async def hang(event):
        await asyncio.Event().wait()

    world = await serve(functions=FakeFunctions(connect=hang))
    raw = await world.raw()

    await raw.send(upgrade_request())
    await until(lambda: world.events(), "$connect to run")
    await asyncio.wait_for(world.server.stop(), 3)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await raw.answer()


async def test_a_clock_that_is_wound_on_after_the_end_disturbs_nobody(serve):
    world = await serve()
    await world.upgraded()
    await world.server.stop()
    world.clock.advance(hours=3)
