"""A Lambda function as an app declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FunctionSpec:
    """A function as an app declares it.

    `handler` is `module.function` as Lambda writes it (dots or slashes in the module path); `code` the folder it is
    found in; `runtime` Lambda's name, e.g. `python3.13` or `nodejs22.x`; `timeout` in seconds; `memory` in MB.
    `packages` are folders with packages that were installed for it here, and are no part of the app.
    """

    name: str
    handler: str
    code: str
    runtime: str = "python3.13"
    timeout: float = 3.0
    memory: int = 128
    environment: Mapping[str, str] | None = None
    layers: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
