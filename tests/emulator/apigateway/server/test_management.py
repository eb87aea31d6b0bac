"""`@connections`, mostly through boto3 as apps use it: facts MG-*."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from websockets.asyncio.client import connect

from pingbox.emulator.activity import ManagementCalled
from pingbox.emulator.services.apigateway.common.switches import Switches
from pingbox.model.api import Stage
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import API_ID, chat_api, lambda_route
from support.waiting import until

UNKNOWN = "TXzPWdnOjoECGjA="


async def error(call, **arguments) -> ClientError:
    with pytest.raises(ClientError) as caught:
        await asyncio.to_thread(call, **arguments)
    return caught.value


@pytest.mark.fact("MG-1", "MG-5", "MG-30", "MG-31", "MG-40")
@pytest.mark.parametrize("data", ["text ünïcode", b"bytes", '{"json":true}'])
async def test_a_post_reaches_the_client_as_a_text_message(serve, data):
    world = await serve()
    raw = await world.upgraded()
    answer = await world.post(data)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["HTTPHeaders"].get("content-length") == "0"
    assert await raw.received() == (1, True, data if isinstance(data, bytes) else data.encode())


async def test_every_answer_has_a_request_id_of_its_own(serve):
    """As aws/aws-sdk-js-v3 #2763 shows for a GoneException; apps log `ResponseMetadata["RequestId"]`."""
    world = await serve()
    await world.upgraded()
    posted = [(await world.post("x"))["ResponseMetadata"] for _ in range(2)]
    gone = await error(world.management().post_to_connection, ConnectionId=UNKNOWN, Data=b"x")
    ids = {metadata["RequestId"] for metadata in (*posted, gone.response["ResponseMetadata"])}
    assert len(ids) == 3
    assert {str(uuid.UUID(one)) for one in ids} == ids


@pytest.mark.fact("MG-30")
async def test_bytes_that_are_no_utf8_arrive_as_text_all_the_same(serve):
    world = await serve()
    raw = await world.upgraded()
    await world.post(b"\xff\x00ok")
    assert await raw.received() == (1, True, "\ufffd\x00ok".encode())


@pytest.mark.fact("MG-33")
async def test_an_empty_post_is_an_empty_message(serve):
    world = await serve()
    raw = await world.upgraded()
    answer = await world.http("POST", f"/dev/@connections/{world.connection_id()}")
    assert answer.status == 200
    assert await raw.received() == (1, True, b"")


@pytest.mark.fact("MG-2", "MG-6", "MG-7", "MG-8")
async def test_get_describes_the_connection(serve):
    world = await serve()
    raw = await world.upgraded("User-Agent: me")
    world.clock.advance(60)
    await raw.text("traffic")
    await until(lambda: world.events("MESSAGE"), "the message to be routed")
    seen = await asyncio.to_thread(world.management().get_connection, ConnectionId=world.connection_id())
    connected_at = world.events()[0]["requestContext"]["connectedAt"]
    assert seen["ConnectedAt"] == datetime.fromtimestamp(connected_at / 1000, UTC)
    assert 60 <= (seen["LastActiveAt"] - seen["ConnectedAt"]).total_seconds() < 70
    assert seen["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "me"}


@pytest.mark.fact("MG-6", "MG-7")
async def test_get_shows_null_for_a_missing_user_agent_and_times_with_milliseconds(serve):
    world = await serve()
    await world.upgraded()
    answer = await world.http("GET", f"/dev/@connections/{world.connection_id()}")
    described = json.loads(answer.body)
    assert list(described) == ["connectedAt", "identity", "lastActiveAt"]
    assert described["identity"] == {"sourceIp": "127.0.0.1", "userAgent": None}
    for at in (described["connectedAt"], described["lastActiveAt"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at)
    boto = await asyncio.to_thread(world.management().get_connection, ConnectionId=world.connection_id())
    assert "UserAgent" not in boto["Identity"]


@pytest.mark.fact("MG-3", "MG-34", "DC-12", "QT-24", "OQ-6")
async def test_delete_closes_the_connection(serve):
    """204; the client gets 1000, `$disconnect` 1000 and AWS's own words."""
    world = await serve()
    raw = await world.upgraded()
    answer = await asyncio.to_thread(world.management().delete_connection, ConnectionId=world.connection_id())
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert await raw.close_code() == 1000
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")
    context = world.events("DISCONNECT")[0]["requestContext"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1000, "Connection Closed Normally")


@pytest.mark.fact("MG-35")
async def test_after_a_delete_everything_is_gone(serve):
    world = await serve()
    await world.upgraded()
    client, connection_id = world.management(), world.connection_id()
    await asyncio.to_thread(client.delete_connection, ConnectionId=connection_id)
    for call, data in (("delete", {}), ("get", {}), ("post_to", {"Data": b"x"})):
        failed = await error(getattr(client, f"{call}_connection"), ConnectionId=connection_id, **data)
        assert failed.response["Error"]["Code"] == "GoneException"


async def test_what_was_posted_before_a_delete_still_arrives(serve):
    world = await serve()
    raw = await world.upgraded()
    client, connection_id = world.management(), world.connection_id()

    def post_and_delete():
        client.post_to_connection(ConnectionId=connection_id, Data=b"bye")
        client.delete_connection(ConnectionId=connection_id)

    await asyncio.to_thread(post_and_delete)
    assert await raw.received() == (1, True, b"bye")
    assert await raw.close_code() == 1000


@pytest.mark.fact("MG-4", "MG-5")
@pytest.mark.parametrize("at", ["@", "%40"])
@pytest.mark.parametrize("escaped", [True, False])
async def test_both_spellings_of_the_path_mean_the_same(serve, at, escaped):
    world = await serve()
    raw = await world.upgraded()
    connection_id = world.connection_id()
    path = f"/dev/{at}connections/{quote(connection_id) if escaped else connection_id}"
    assert (await world.http("POST", path, b"hello")).status == 200
    assert (await raw.received())[2] == b"hello"


@pytest.mark.fact("MG-10", "MG-20", "MG-22")
async def test_an_unknown_connection_is_gone_with_an_empty_body(serve):
    world = await serve()
    client = world.management()
    failed = await error(client.post_to_connection, ConnectionId=UNKNOWN, Data=b"x")
    assert isinstance(failed, client.exceptions.GoneException)
    answer = await world.http("POST", f"/dev/@connections/{UNKNOWN}", b"x")
    assert (answer.status, answer.headers["x-amzn-errortype"], answer.body) == (410, "GoneException", b"")


@pytest.mark.fact("MG-10", "DC-1")
async def test_a_closed_connection_is_gone(serve):
    world = await serve()
    client = await world.client()
    await client.close()
    await until(lambda: world.events("DISCONNECT"), "$disconnect to run")
    failed = await error(world.management().get_connection, ConnectionId=world.connection_id())
    assert failed.response["Error"]["Code"] == "GoneException"


async def test_an_endpoint_with_a_slash_at_its_end_is_meant_as_one_without(serve):
    """Handlers write it, and today's SDK for JavaScript makes two slashes of it."""
    world = await serve()
    raw = await world.upgraded()
    assert (await world.http("POST", f"/dev//@connections/{world.connection_id()}", b"hello")).status == 200
    assert (await raw.received())[2] == b"hello"


@pytest.mark.fact("MG-11", "MG-19", "OQ-13")
@pytest.mark.parametrize("connection_id", ["nonsense", "TXzPWdnOjoECGjAx", "TXzPWdnOjoECGjA", "a/b", "%20"])
async def test_a_malformed_id_is_a_bad_request(serve, connection_id):
    world = await serve()
    failed = await error(world.management().post_to_connection, ConnectionId=connection_id, Data=b"x")
    assert failed.response["Error"]["Code"] == "BadRequestException"
    assert failed.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert f"Invalid connectionId: {connection_id}" in failed.response["Error"]["Message"]


@pytest.mark.fact("MG-13", "OQ-18")
@pytest.mark.parametrize("path", ["", "/", "/nope", "/nn27okk1we", "/nope/dev"])
async def test_a_missing_or_unknown_stage_is_forbidden(serve, path):
    world = await serve()
    await world.upgraded()
    client = world.management(world.server.url + path)
    failed = await error(client.post_to_connection, ConnectionId=world.connection_id(), Data=b"x")
    assert isinstance(failed, client.exceptions.ForbiddenException)
    assert failed.response["Error"]["Message"] == "Forbidden"


async def test_a_post_to_an_api_that_is_not_here_names_those_that_are(serve, caplog):
    world = await serve()
    await world.upgraded()
    client = world.management(world.server.url + "/a1b2c3/dev")
    for _ in range(2):
        await error(client.post_to_connection, ConnectionId=world.connection_id(), Data=b"x")
    [line] = [record.getMessage() for record in caplog.records if "a1b2c3/dev" in record.getMessage()]
    assert "there is no such API or stage here; there are: nn27okk1we/dev" in line


@pytest.mark.fact("MG-14")
async def test_unsigned_requests_are_answered_unless_a_switch_says_no(serve):
    world = await serve()
    await world.upgraded()
    assert (await world.http("GET", f"/dev/@connections/{world.connection_id()}")).status == 200
    strict = await serve(switches=Switches(unsigned_management="refuse"))
    await strict.upgraded()
    answer = await strict.http("GET", f"/dev/@connections/{strict.connection_id()}")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(answer.body) == {"message": "Missing Authentication Token"}
    await strict.post("signed")


@pytest.mark.fact("MG-16", "QT-5")
async def test_a_post_of_more_than_128_kb_is_too_large(serve):
    world = await serve()
    client = await world.client()
    await world.post(b"x" * 131072)
    await client.expect("x" * 131072)
    boto = world.management()
    failed = await error(boto.post_to_connection, ConnectionId=world.connection_id(), Data=b"x" * 131073)
    assert isinstance(failed, boto.exceptions.PayloadTooLargeException)
    assert failed.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert failed.response["Error"]["Message"]


@pytest.mark.fact("MG-32", "OQ-11")
async def test_a_long_post_is_one_message_in_frames_of_32_kb(serve):
    world = await serve()
    raw = await world.upgraded()
    await world.post(b"y" * 70_000)
    frames = [await raw.received() for _ in range(3)]
    assert [(opcode, fin, len(payload)) for opcode, fin, payload in frames] == [
        (1, False, 32768),
        (0, False, 32768),
        (0, True, 70_000 - 65536),
    ]


@pytest.mark.fact("HS-6", "MG-32")
async def test_a_long_post_is_one_compressed_message_where_deflate_was_agreed(serve):
    world = await serve()
    raw = await world.upgraded("Sec-WebSocket-Extensions: permessage-deflate")
    async with connect(world.server.ws_url("dev"), compression="deflate") as client:
        await world.post(b"y" * 70_000, world.connection_id(0))
        await world.post(b"y" * 70_000, world.connection_id(1))
        assert (await raw.received())[0] == 0x41  # RSV1
        assert await client.recv() == "y" * 70_000


@pytest.mark.fact("MG-17", "MG-21")
async def test_a_client_that_does_not_read_is_answered_with_429(serve):
    """Nothing is buffered without end for it, others are not held up, and it can go on when it reads again."""
    world = await serve()
    slow = await world.upgraded()
    slow.writer.transport.pause_reading()
    fast = await world.upgraded()
    client = world.management()
    statuses: list[int] = []

    def post_until_refused():
        for _ in range(200):
            status = world.server.management(
                "POST", "localhost", f"/dev/@connections/{world.connection_id(0)}", b"z" * 131072
            ).status
            statuses.append(status)
            client.get_connection(ConnectionId=world.connection_id(1))  # lets the loop write
            if status == 429:
                return

    await asyncio.to_thread(post_until_refused)
    assert statuses[-1] == 429
    failed = await error(client.post_to_connection, ConnectionId=world.connection_id(0), Data=b"x")
    assert isinstance(failed, client.exceptions.LimitExceededException)
    await world.post(b"others are served", world.connection_id(1))
    assert (await fast.received())[2] == b"others are served"
    slow.writer.transport.resume_reading()
    for _ in statuses[:-1]:
        assert sum([len((await slow.received())[2]) for _ in range(4)]) == 131072
    answer = await asyncio.to_thread(
        world.server.management, "POST", "", f"/dev/@connections/{world.connection_id(0)}", b"again"
    )
    assert answer.status == 200
    assert (await slow.received())[2] == b"again"


async def test_other_methods_are_refused(serve):
    world = await serve()
    await world.upgraded()
    assert (await world.http("PUT", f"/dev/@connections/{world.connection_id()}")).status == 403


async def test_boto3_reuses_its_http_connection(serve):
    world = await serve()
    raw = await world.upgraded()
    client, connection_id = world.management(), world.connection_id()

    def post_ten():
        for number in range(10):
            client.post_to_connection(ConnectionId=connection_id, Data=str(number))

    await asyncio.to_thread(post_ten)
    assert [(await raw.received())[2] for _ in range(10)] == [str(number).encode() for number in range(10)]
    assert len({seen.at for seen in world.recorder.steps if isinstance(seen, ManagementCalled)}) == 10


@pytest.mark.fact("MG-31")
async def test_handlers_in_this_process_get_the_same_answers_without_tcp(serve):
    world = await serve(chat_api(stages=(Stage("dev"), Stage("other"))))
    raw = await world.upgraded()
    path = f"/dev/@connections/{quote(world.connection_id())}"

    def ask():
        management = world.server.management
        return (
            management("POST", f"{API_ID}.execute-api.us-east-1.amazonaws.com", path, b"hello").status,
            management("GET", "localhost", path, b"").status,
            management("GET", "localhost", path.replace("/dev/", "/other/"), b"").status,
            management("POST", "unknownapi.execute-api.us-east-1.amazonaws.com", path, b"").status,
            management("DELETE", "localhost", path, b"").status,
            management("DELETE", "localhost", path, b"").status,
        )

    assert await asyncio.to_thread(ask) == (200, 200, 410, 403, 204, 410)
    assert (await raw.received())[2] == b"hello"


async def test_post_to_many_gives_each_connection_its_own_status(serve):
    world = await serve()
    clients = [await world.client(), await world.client()]
    ids = [event["requestContext"]["connectionId"] for event in world.events("CONNECT")]
    statuses = await asyncio.to_thread(world.server.post_to_many, "dev", [*ids, UNKNOWN, "bad"], "hallo ü".encode())
    assert dict(statuses) == {ids[0]: 200, ids[1]: 200, UNKNOWN: 410, "bad": 400}
    assert [await client.receive() for client in clients] == ["hallo ü", "hallo ü"]
    assert world.server.post_to_many("nope", ids, b"") == dict.fromkeys(ids, 403)
    assert set(world.server.post_to_many("dev", ids, b"x" * 131073).values()) == {413}


async def test_posts_of_one_thread_keep_their_order_and_come_before_the_route_response(serve):
    async def answers(event):
        def post():
            for number in range(50):
                world.server.post_to_many("dev", [event["requestContext"]["connectionId"]], str(number).encode())

        await asyncio.to_thread(post)
        return {"statusCode": 200, "body": "response"}

    api = chat_api(lambda_route("$default", two_way=True))
    world = await serve(api, functions=FakeFunctions(default=answers))
    raw = await world.upgraded()
    await raw.text("go")
    seen = [(await raw.received())[2].decode() for _ in range(51)]
    assert seen == [*map(str, range(50)), "response"]
