"""A Lambda function as an app declares it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from pingbox.model.permissions import Statement

OWN_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""What runs a function whose app declares no runtime: the Python that runs PingBox."""


@dataclass(frozen=True)
class AsynchronousSettings:
    """What becomes of asynchronous events that fail (LM-50), as `AWS::Lambda::EventInvokeConfig` declares it.

    `retries`: further tries after the first, 0 to 2; `max_age` in seconds. `on_success`, `on_failure` and `dead_letter`
    are ARNs, None for none.
    """

    retries: int = 2
    max_age: float = 6 * 3600.0
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None


@dataclass(frozen=True)
class FunctionSpec:
    """A function as an app declares it.

    `handler` is `module.function` as Lambda writes it (dots or slashes in the module path); `code` the folder it is
    found in; `runtime` Lambda's name, e.g. `python3.13` or `nodejs22.x`; `timeout` in seconds; `memory` in MB.
    `packages` are folders with packages that were installed for it here, and are no part of the app. `qualifiers` are
    its aliases and published versions, each with the number of the version that it means: `{"live": "1", "1": "1"}`.
    All of them run the code as it is on disk. `unavailable`: why it cannot run here, a sentence; None if it can.
    `permissions`: what its role allows it; None where the app does not declare that, or not all of it.
    """

    name: str
    handler: str
    code: str
    runtime: str = OWN_RUNTIME
    timeout: float = 3.0
    memory: int = 128
    environment: Mapping[str, str] | None = None
    layers: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    asynchronous: AsynchronousSettings = AsynchronousSettings()
    unavailable: str | None = None
    permissions: tuple[Statement, ...] | None = None
