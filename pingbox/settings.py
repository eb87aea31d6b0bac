"""What the person at the keyboard asked for, read once from arguments and environment and never changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pingbox.model import regions, stage_names

_HOST = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9a-fA-F:]+")
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9_.-]+)(:\d{1,5})?")

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3001
DEFAULT_STAGE = "dev"

SHUTDOWN_TIMEOUT_SECONDS = 5.0
"""How long functions that run when `serve` is stopped may go on, the `$disconnect` of every connection among them."""

Durability = Literal["normal", "full"]
LogFormat = Literal["text", "json"]


class SettingsError(ValueError):
    """A setting that cannot be used; the text names it, the value received and what is expected."""


@dataclass(frozen=True)
class ServeSettings:
    """Everything `pingbox serve` was asked for.

    `port` 0 takes a free port. `data_dir` None keeps everything in memory (`--ephemeral`). `app` None serves
    PingBox's own chat, otherwise it is a template, a folder or `module:function`. `stage` None means the default:
    `dev`, or the stage that the app declares. `region` None is the one that the app names, else
    `us-east-1`. `ready_file` is written once the server answers.
    `allow_hosts` are further names under which the port may be asked, `allow_origins` the pages that may use it.
    `tls_port` adds a TLS listener whose authority's certificate is written to `tls_ca`; both or neither.
    `isolate`: functions' processes reach the emulator and nothing else.
    `switches` are the gateway's other plausible answers by name (`message_order=serial`).
    `install` false installs nothing that an app's functions need and lack.
    `rate` is how many messages a minute a user may send; 0 is no limit, None the chat's own.
    `retention_days` is after how many days messages expire, 2 at least; None keeps them.
    `dynamodb_endpoint` puts another DynamoDB in place of the local one; `real_dynamodb` real tables on AWS.
    """

    host: str = DEFAULT_HOST
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    port: int = DEFAULT_PORT
    stage: str | None = None
    region: str | None = None
    app: str | None = None
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    data_dir: Path | None = None
    durability: Durability = "normal"
    dynamodb_endpoint: str | None = None
    real_dynamodb: bool = False
    rate: int | None = None
    retention_days: int | None = None
    tls_port: int | None = None
    tls_ca: Path | None = None
    in_process: bool = False
    isolate: bool = False
    install: bool = True
    switches: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ready_file: Path | None = None
    open_browser: bool = False
    verbose: bool = False
    payloads: bool = True
    log_format: LogFormat = "text"
    trace: Path | None = None

    def __post_init__(self) -> None:
        if self.stage is not None:
            check_stage(self.stage)
        if self.region is not None and not regions.is_region(self.region):
            raise SettingsError(f"region {self.region!r} is not a region of AWS; expected one like eu-central-1")
        if (self.tls_port is None) != (self.tls_ca is None):
            raise SettingsError(
                "--tls-port and --tls-ca go together: the listener's port, and the file its authority is written to"
            )
        for name in self.allow_hosts:
            if not _HOST.fullmatch(name):
                raise SettingsError(f"--allow-host {name!r} is not a name; expected one without scheme, port and path")
        for origin in self.allow_origins:
            if not _ORIGIN.fullmatch(origin):
                raise SettingsError(
                    f"--allow-origin {origin!r} is not an origin; expected scheme://host or scheme://host:port, or *"
                )
        if self.isolate and (self.in_process or self.app is None):
            raise SettingsError("--isolate is for an APP whose functions have processes of their own, not --in-process")
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port {self.port} does not exist; expected 1 to 65535, or 0 for any free one")


def check_stage(stage: str) -> str:
    """Return `stage`, or raise `SettingsError` for what API Gateway does not take as one (HS-2)."""
    if not stage_names.is_stage_name(stage):
        expected = f"{stage_names.DESCRIPTION} (at most {stage_names.MAX_LENGTH})"
        raise SettingsError(f"stage {stage!r} is not a stage name; expected {expected}")
    return stage
