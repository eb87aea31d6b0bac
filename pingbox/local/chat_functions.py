"""The chat's own functions in this process: its handlers, with the laptop's ports in place of the cloud's."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pingbox.emulator.cloud import LocalCloud
from pingbox.emulator.redirect.aws_calls import note
from pingbox.emulator.services.lambda_.api.invoke_api import EVENT
from pingbox.emulator.services.lambda_.app_functions import Load
from pingbox.handlers.environment import json_lines
from pingbox.handlers.issuer_keys import IssuerKeys
from pingbox.handlers.ports import Ports, RoomLocks, no_issuer, system_clock
from pingbox.handlers.settings import from_environment
from pingbox.local.local_postman import LocalPostman
from pingbox.model.app import App
from pingbox.model.function import FunctionSpec

_Handle = Callable[[Ports, Mapping[str, Any], object], dict[str, Any]]


@dataclass(frozen=True)
class ChatPorts:
    """What the handlers get here. All of it is asked for when an environment is initialised, so after the start.

    `client` makes the boto3 client of DynamoDB. `variables` are known here only, and come over the template's.
    `secret` signs guests' tokens. `print_log` takes the handlers' log.
    `locks` are shared by all environments.
    """

    cloud: Callable[[], LocalCloud]
    client: Callable[[], Any]
    variables: Callable[[], Mapping[str, str]]
    secret: Callable[[], bytes]
    print_log: Callable[[str], object]
    locks: RoomLocks = field(default_factory=RoomLocks)

    def code(self, app: App) -> dict[str, Load]:
        """The app's functions as Python objects."""
        return {spec.name: partial(self._load, spec) for spec in app.functions}

    def _load(self, spec: FunctionSpec) -> Callable[[Any, Any], Any]:
        handle: _Handle = importlib.import_module(spec.handler.rpartition(".")[0]).handle
        return partial(handle, self._ports(spec))

    def _ports(self, spec: FunctionSpec) -> Ports:
        cloud = self.cloud()
        endpoint = cloud.server.management_url(cloud.stage)
        settings = from_environment({**(spec.environment or {}), "MANAGEMENT_ENDPOINT": endpoint, **self.variables()})
        return Ports(
            settings=settings,
            dynamodb=self.client(),
            postman=LocalPostman(cloud.server, cloud.stage),
            secret=self.secret,
            log=json_lines(settings.log_level, self.print_log),
            fanout=partial(self._fan_out, settings.fanout_function),
            clock=lambda: int(cloud.clock.now() * 1000),
            alone=self.locks,
            issuer_keys=IssuerKeys(settings.jwks_url, system_clock) if settings.jwks_url else no_issuer,
        )

    def _fan_out(self, function: str | None, payload: bytes) -> None:
        assert function is not None  # nobody fans out by a function that has no name
        note("lambda", "Invoke", {"FunctionName": function, "InvocationType": EVENT})
        self.cloud().invoke_api.invoke_sync(function, EVENT, payload)
