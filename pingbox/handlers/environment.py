"""The ports of a Lambda environment: boto3 clients and settings, made once and kept for all its invocations."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from pingbox.handlers.issuer_keys import IssuerKeys
from pingbox.handlers.ports import (
    FanoutInvoker,
    Ports,
    Together,
    no_fanout,
    no_issuer,
    one_after_another,
    system_clock,
)
from pingbox.handlers.settings import LogLevel, Settings, from_environment

T = TypeVar("T")
Handler = Callable[[Ports, Mapping[str, Any], object], dict[str, Any]]
LambdaHandler = Callable[[dict[str, Any], object], dict[str, Any]]


def function(handle: Handler, *, secret: bool = False, management: bool = False) -> LambdaHandler:
    """A Lambda handler over `handle`. `secret`, `management`: what its environment must provide.

    In Lambda the ports are made at import, that is in the init phase; anywhere else at the first event, so that
    importing a handler costs nothing and needs no environment. Raises `BadEnvironmentError` then.
    """
    made: list[Ports] = []
    lock = threading.Lock()

    def ports() -> Ports:
        with lock:
            if not made:
                made.append(from_lambda(os.environ, secret=secret, management=management))
            return made[0]

    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        ports()

    def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        return handle(ports(), event, context)

    return lambda_handler


def from_lambda(environment: Mapping[str, str], *, secret: bool = False, management: bool = False) -> Ports:
    """The ports for these environment variables (see `settings`), over boto3."""
    import boto3
    from botocore.config import Config

    from pingbox.handlers.postman import WORKERS, ManagementPostman

    settings = from_environment(environment, secret=secret, management=management)
    config = Config(max_pool_connections=WORKERS, tcp_keepalive=True, connect_timeout=2, read_timeout=5)
    posting = Config(max_pool_connections=WORKERS, tcp_keepalive=True, connect_timeout=2, read_timeout=5,
                     retries={"total_max_attempts": 1})  # fmt: skip
    gateway = boto3.client(
        "apigatewaymanagementapi", endpoint_url=settings.management_endpoint or _NOWHERE, config=posting
    )
    return Ports(
        settings=settings,
        dynamodb=boto3.client("dynamodb", config=config),
        postman=ManagementPostman(gateway),
        secret=secret_reader(boto3, settings),
        log=json_lines(settings.log_level),
        together=_in_threads(),
        fanout=fanout_invoker(boto3, settings.fanout_function),
        issuer_keys=IssuerKeys(settings.jwks_url, system_clock) if settings.jwks_url else no_issuer,
    )


_NOWHERE = "https://management-endpoint-not-set.invalid"  # ConnectLambda never posts


def json_lines(
    level: LogLevel, write: Callable[[str], object] = sys.stdout.write
) -> Callable[[Mapping[str, Any]], None]:
    """A log that writes one JSON object a line; at WARNING only what failed inside."""

    def log(record: Mapping[str, Any]) -> None:
        if level == "INFO" or "error" in record:
            write(json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str) + "\n")

    return log


def secret_reader(boto3: Any, settings: Settings) -> Callable[[], bytes]:
    """The literal secret, or the SSM parameter, read when it is first needed and then kept.

    The client is made at once, in the init phase with its whole CPU: every guest needs it, and made during the first
    event it would cost several times as much.
    """
    kept: list[bytes] = [] if settings.token_secret is None else [settings.token_secret]
    client: Any = boto3.client("ssm") if settings.token_secret_parameter and not kept else None

    def secret() -> bytes:
        if not kept:
            answer = client.get_parameter(Name=settings.token_secret_parameter, WithDecryption=True)
            kept.append(answer["Parameter"]["Value"].encode())
        return kept[0]

    return secret


def fanout_invoker(boto3: Any, name: str | None) -> FanoutInvoker:
    """The client is made for the first room that is large enough: many environments never see one."""
    if name is None:
        return no_fanout
    made: list[Any] = []

    def invoke(payload: bytes) -> None:
        if not made:
            made.append(boto3.client("lambda"))
        made[0].invoke(FunctionName=name, InvocationType="Event", Payload=payload)

    return invoke


def _in_threads() -> Together:
    """Reads that wait for the network wait together. The pool starts with the first use that has more than one."""
    pool: list[ThreadPoolExecutor] = []

    def together(work: Sequence[Callable[[], T]]) -> list[T]:
        if len(work) < 2:
            return one_after_another(work)
        if not pool:
            pool.append(ThreadPoolExecutor(8, thread_name_prefix="together"))
        return list(pool[0].map(lambda piece: piece(), work))

    return together
