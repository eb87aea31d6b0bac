"""A redirected client gives what it would give over HTTP: results, exceptions, paginators, waiters, resources."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import boto3
import pytest
from aiohttp import web
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb import LocalDynamoDB
from pingbox.emulator.services.dynamodb.service import DynamoDBService
from pingbox.emulator.services.port import AwsRequest, AwsResponse
from pingbox.emulator.services.registry import ServiceRegistry
from support.dynamodb.cases import CASES, answer_of, create_tables
from support.dynamodb.redirected import ENDPOINT, redirected_to

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}


@pytest.fixture
def db() -> Iterator[LocalDynamoDB]:
    local = LocalDynamoDB.open(None, clock=SystemClock())
    yield local
    local.close()


@pytest.fixture
def client(db: LocalDynamoDB) -> Any:
    made = redirected_to(db).client("dynamodb")
    table(made)
    return made


def table(client: Any) -> None:
    client.create_table(
        TableName="TTT",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


class HttpServer:
    """A LocalDynamoDB on a free port, in a thread of its own."""

    def __init__(self, db: LocalDynamoDB) -> None:
        self._service = DynamoDBService(db)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.endpoint = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    async def _serve(self) -> str:
        async def answer(request: web.Request) -> web.Response:
            asked = AwsRequest("POST", "", "/", headers=request.headers, body=await request.read())
            answer = await self._service.handle(asked)
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

        app = web.Application(client_max_size=2**24)
        app.router.add_post("/", answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._service.close()
        self._loop.close()


def test_every_way_gives_the_same_answers() -> None:
    """All cases, over HTTP, cut short at the request, and by the shortest way: the same."""
    engines = [LocalDynamoDB.open(None, clock=SystemClock()) for _ in range(3)]
    http = HttpServer(engines[0])
    over_http = boto3.client("dynamodb", endpoint_url=http.endpoint, config=Config(retries={"max_attempts": 0}), **KEYS)
    cut_short = boto3.client("dynamodb", endpoint_url=ENDPOINT, **KEYS)
    redirected_to(engines[1]).redirect(cut_short)
    shortest = redirected_to(engines[2]).client("dynamodb")
    for made in (over_http, cut_short, shortest):
        create_tables(made)
    try:
        for case in CASES:
            http_answer = answer_of(case, over_http)
            assert http_answer == answer_of(case, cut_short) == answer_of(case, shortest), case.name
    finally:
        over_http.close()
        http.close()
        for engine in engines:
            engine.close()


def test_results_have_the_types_of_boto3(client: Any) -> None:
    described = client.describe_table(TableName="TTT")["Table"]
    assert isinstance(described["CreationDateTime"], datetime.datetime)
    assert described["CreationDateTime"].tzinfo is not None
    put = client.put_item(TableName="TTT", Item={"pk": {"S": "a"}, "sk": {"N": "1"}, "b": {"B": b"\xff"}})
    metadata = put["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (200, 0)
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]
    assert client.get_item(TableName="TTT", Key={"pk": {"S": "a"}, "sk": {"N": "1"}})["Item"]["b"] == {"B": b"\xff"}


def test_exceptions_are_the_clients_own(client: Any) -> None:
    item = {"TableName": "TTT", "Item": {"pk": {"S": "a"}, "sk": {"N": "1"}}}
    client.put_item(**item)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as failed:
        client.put_item(
            **item, ConditionExpression="attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD"
        )
    assert failed.value.response["Item"] == item["Item"]
    assert failed.value.response["Error"]["Message"] == "The conditional request failed"
    assert failed.value.operation_name == "PutItem"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.scan(TableName="nope")
    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(
            TransactItems=[{"Put": {**item, "ConditionExpression": "attribute_not_exists(pk)"}}]
        )
    assert [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]] == ["ConditionalCheckFailed"]


def test_bad_parameters_are_refused_by_botocore_itself(client: Any) -> None:
    with pytest.raises(ParamValidationError, match="Missing required parameter"):
        client.get_item(TableName="TTT")
    with pytest.raises(ParamValidationError, match="Invalid type"):
        client.put_item(TableName="TTT", Item={"pk": {"S": 5}})


def test_paginators_and_waiters_work(client: Any) -> None:
    for n in range(7):
        client.put_item(TableName="TTT", Item={"pk": {"S": "a"}, "sk": {"N": str(n)}})
    pages = client.get_paginator("query").paginate(
        TableName="TTT",
        KeyConditionExpression="pk=:p",
        ExpressionAttributeValues={":p": {"S": "a"}},
        PaginationConfig={"PageSize": 3},
    )
    assert [len(page["Items"]) for page in pages] == [3, 3, 1]
    client.get_waiter("table_exists").wait(TableName="TTT", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    client.delete_table(TableName="TTT")
    client.get_waiter("table_not_exists").wait(TableName="TTT", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


def test_resources_work(db: LocalDynamoDB) -> None:
    resource = redirected_to(db).resource("dynamodb")
    table(resource.meta.client)
    messages = resource.Table("TTT")
    with messages.batch_writer() as batch:
        for n in range(30):
            batch.put_item(Item={"pk": "general", "sk": n, "text": "hi", "who": {"ana"}, "blob": b"\x00"})
    found = messages.query(
        KeyConditionExpression=Key("pk").eq("general") & Key("sk").gte(10),
        FilterExpression=Attr("sk2").not_exists(),
        Limit=2,
    )
    assert [item["sk"] for item in found["Items"]] == [Decimal(10), Decimal(11)]
    assert found["Items"][0]["who"] == {"ana"}
    assert found["Items"][0]["blob"].value == b"\x00"
    updated = messages.update_item(
        Key={"pk": "general", "sk": 3},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": Decimal("1.50")},
        ReturnValues="UPDATED_NEW",
    )
    assert updated["Attributes"] == {"n": Decimal("1.5")}


def test_a_clients_own_hooks_still_run(db: LocalDynamoDB) -> None:
    made = boto3.client("dynamodb", endpoint_url=ENDPOINT, **KEYS)
    redirected_to(db).redirect(made)
    seen: list[str] = []
    made.meta.events.register("before-call.dynamodb.ListTables", lambda params, **_: seen.append(params["url_path"]))
    made.meta.events.register("after-call.dynamodb", lambda http_response, **_: seen.append(http_response.status_code))
    assert made.list_tables()["TableNames"] == []
    assert seen == ["/", 200]


def test_redirect_all_takes_clients_made_before_and_lets_them_go_again(db: LocalDynamoDB) -> None:
    early = boto3.client("dynamodb", **KEYS)
    elsewhere = boto3.client(
        "dynamodb", endpoint_url="http://127.0.0.1:1", config=Config(retries={"max_attempts": 0}), **KEYS
    )
    with redirected_to(db).redirect_all():
        late = boto3.client("dynamodb", **KEYS)
        table(late)
        assert early.list_tables()["TableNames"] == ["TTT"]
        with pytest.raises(Exception, match="Could not connect"):
            elsewhere.list_tables()
    early.meta.events.register("before-send", lambda **_: (_ for _ in ()).throw(RuntimeError("goes out")))
    with pytest.raises(RuntimeError, match="goes out"):
        early.list_tables()


class Gateway:
    """Knows one connection; every other one is gone."""

    name = "execute-api"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, bytes]] = []

    def matches(self, request: AwsRequest) -> bool:
        return "/@connections/" in request.path

    async def handle(self, request: AwsRequest) -> AwsResponse:
        return self.answer(request)

    def answer(self, request: AwsRequest) -> AwsResponse:
        self.asked.append((request.method, request.host, request.path, request.body))
        unique = {"x-amzn-RequestId": str(len(self.asked))}
        if not request.path.endswith("abc%3D"):
            return AwsResponse(410, {"x-amzn-ErrorType": "GoneException", **unique}, b"{}")
        if request.method == "GET":
            when = b'{"connectedAt":"2026-01-02T03:04:05.678Z","identity":{"sourceIp":"::1"}}'
            return AwsResponse(200, {"Content-Type": "application/json", **unique}, when)
        return AwsResponse(200 if request.method == "POST" else 204, unique)


@pytest.mark.parametrize("url", ["http://127.0.0.1:3001/dev", "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/dev"])
def test_connections_are_reached_as_over_http(url: str) -> None:
    gateway = Gateway()
    made = Boto3Redirect(ENDPOINT, ServiceRegistry([gateway])).client("apigatewaymanagementapi", endpoint_url=url)
    posted = made.post_to_connection(ConnectionId="abc=", Data="grüße".encode())
    assert posted["ResponseMetadata"]["HTTPStatusCode"] == 200
    told = made.get_connection(ConnectionId="abc=")
    assert told["ConnectedAt"] == datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.UTC)
    assert told["Identity"] == {"SourceIp": "::1"}
    made.delete_connection(ConnectionId="abc=")
    with pytest.raises(made.exceptions.GoneException) as gone:
        made.post_to_connection(ConnectionId="other", Data=b"x")
    assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
    assert len({answer["ResponseMetadata"]["RequestId"] for answer in (posted, told, gone.value.response)}) == 3
    host = url.split("/")[2]
    assert gateway.asked == [
        ("POST", host, "/dev/@connections/abc%3D", "grüße".encode()),
        ("GET", host, "/dev/@connections/abc%3D", b""),
        ("DELETE", host, "/dev/@connections/abc%3D", b""),
        ("POST", host, "/dev/@connections/other", b"x"),
    ]


def test_a_service_that_is_not_registered_goes_its_own_way() -> None:
    made = Boto3Redirect(ENDPOINT).client(
        "dynamodb", config=Config(retries={"max_attempts": 0}), endpoint_url="http://127.0.0.1:1"
    )
    with pytest.raises(Exception, match="Could not connect"):
        made.list_tables()
    made.close()


def test_an_engine_that_fails_is_an_error_of_the_server() -> None:
    class Broken:
        def call(self, operation: str, request: Mapping[str, Any]) -> Any:
            from pingbox.emulator.services.dynamodb import Answer

            return Answer(500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "no"})

    made = redirected_to(Broken()).client("dynamodb")
    with pytest.raises(ClientError) as failed:
        made.list_tables()
    assert failed.value.response["Error"] == {"Code": "InternalServerError", "Message": "no"}
