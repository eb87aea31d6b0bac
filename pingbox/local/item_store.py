"""Which DynamoDB an app works on: the local one, another engine at a URL, or real tables on AWS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from pingbox.emulator.clock import Clock, SystemClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb import LocalDynamoDB, StoreError
from pingbox.emulator.services.dynamodb.service import TARGET, DynamoDBService
from pingbox.emulator.services.port import AwsRequest, AwsResponse, Service
from pingbox.emulator.services.registry import ServiceRegistry
from pingbox.model.app import Table
from pingbox.model.regions import DEFAULT_REGION
from pingbox.settings import ServeSettings

_HOP_BY_HOP = frozenset({"host", "connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive"})


class ItemStore(Protocol):
    """A DynamoDB. `service` is what the emulator's port offers of it to other processes, None if nothing."""

    service: Service | None

    def client(self, endpoint: str) -> Any:
        """A boto3 client of it; `endpoint` is the emulator's own address."""
        ...

    def create(self, tables: Sequence[Table], endpoint: str) -> None:
        """Make the tables that are not there yet."""
        ...

    def describe(self, endpoint: str) -> str:
        """Where the items are, for a person."""
        ...

    def close(self) -> None: ...


def item_store(settings: ServeSettings, clock: Clock | None = None, region: str = DEFAULT_REGION) -> ItemStore:
    """The one that was asked for; ARNs of local tables are of `region`.

    Raises `StoreError` for a data folder that cannot be used.
    """
    if settings.real_dynamodb:
        return RealTables()
    if settings.dynamodb_endpoint is not None:
        return OtherEngine(settings.dynamodb_endpoint, region)
    clock = clock or SystemClock()
    dynamodb = LocalDynamoDB.open(settings.data_dir, clock=clock, durability=settings.durability, region=region)
    return LocalTables(dynamodb, settings, region)


class LocalTables:
    """The emulator's own DynamoDB, answered in process and open to other processes at the emulator's port."""

    def __init__(self, dynamodb: LocalDynamoDB, settings: ServeSettings, region: str) -> None:
        self._region = region
        self.dynamodb = dynamodb
        self._service = DynamoDBService(dynamodb)
        self.service: Service | None = self._service
        self._where = "in memory, forgotten at the end" if settings.data_dir is None else f"kept in {settings.data_dir}"

    def client(self, endpoint: str) -> Any:
        from botocore.config import Config

        # botocore's check of parameters is 40 % of a call; the handlers' tests run with it, the engine checks anyway.
        unchecked = Config(parameter_validation=False)
        return Boto3Redirect(endpoint, ServiceRegistry([self._service]), self._region).client(
            "dynamodb", config=unchecked
        )

    def create(self, tables: Sequence[Table], endpoint: str) -> None:
        create_missing(self.client(endpoint), tables)

    def describe(self, endpoint: str) -> str:
        return f"{endpoint}  ({self._where})"

    def close(self) -> None:
        self._service.close()
        self.dynamodb.close()


class OtherEngine:
    """DynamoDB Local, dynalite or whatever else speaks DynamoDB's protocol at a URL."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region
        self.service: Service | None = _Forwarded(url)

    def client(self, endpoint: str) -> Any:
        return Boto3Redirect(self._url, region=self._region).session().client("dynamodb", endpoint_url=self._url)

    def create(self, tables: Sequence[Table], endpoint: str) -> None:
        create_missing(self.client(endpoint), tables)

    def describe(self, endpoint: str) -> str:
        return self._url

    def close(self) -> None:
        return None


class _Forwarded:
    """DynamoDB at another URL as a service of this port."""

    name = "dynamodb"

    def __init__(self, url: str) -> None:
        self._url = url

    def matches(self, request: AwsRequest) -> bool:
        return request.target is not None and request.target.prefix == TARGET

    async def handle(self, request: AwsRequest) -> AwsResponse:
        """Hand a request on as it came, so that handlers need to know one address only."""
        import aiohttp

        kept = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(self._url, data=request.body, headers=kept) as answer,
            ):
                received = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
                return AwsResponse(answer.status, received, await answer.read())
        except aiohttp.ClientError as error:
            message = f"the DynamoDB at {self._url} did not answer: {error}"
            return AwsResponse(503, {}, json.dumps({"__type": "ServiceUnavailable", "message": message}).encode())


class RealTables:
    """Tables on AWS, with the credentials of whoever started us; asked for explicitly."""

    def __init__(self) -> None:
        self.service: Service | None = None

    def client(self, endpoint: str) -> Any:
        import boto3

        return boto3.client("dynamodb")

    def create(self, tables: Sequence[Table], endpoint: str) -> None:
        create_missing(self.client(endpoint), tables)

    def describe(self, endpoint: str) -> str:
        return "real tables on AWS"

    def close(self) -> None:
        return None


def create_missing(client: Any, tables: Sequence[Table]) -> None:
    """Create each table that is not there yet, and switch on its time to live.

    Raises `StoreError` where the store cannot hold them: a full disk, for instance.
    """
    if not tables:
        return
    from botocore.exceptions import ClientError

    try:
        _create_missing(client, tables)
    except ClientError as error:
        if error.response["Error"].get("Code") != "InternalServerError":
            raise
        raise StoreError(str(error.response["Error"].get("Message"))) from error


def _create_missing(client: Any, tables: Sequence[Table]) -> None:
    there = {name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]}
    for table in tables:
        if table.name in there:
            continue
        client.create_table(**table.parameters)
        client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})
        if table.ttl_attribute is not None:
            client.update_time_to_live(**table.time_to_live)
