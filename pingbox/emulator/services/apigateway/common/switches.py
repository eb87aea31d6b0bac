"""Where the real gateway's behaviour is not known for sure, or an app wants to be tested against the other answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pingbox.emulator.services.apigateway.common import limits


@dataclass(frozen=True)
class Switches:
    """The plausible alternatives to the defaults of facts OQ-*.

    `message_order`: `concurrent` starts the invocation of every message in the order of arrival and waits for none;
    `serial` invokes for the next message of a connection when the one before has ended (OQ-1).
    `throttled`: what a throttled message gets, the error `frame` of RT-24 or a `close` with 1008 (OQ-7).
    `pings_reset_idle`: whether a client's ping counts as traffic (OQ-2).
    `unsigned_management`: whether `@connections` answers requests without a signature (MG-14). Accepted by default,
    because `curl` is how people try things on a laptop.
    `connect_without_status`: what a response of `$connect` without `statusCode` is: `200` as AWS's REST gateway takes
    it, or malformed, `502` (CN-20).
    `idle_timeout` and `connection_duration` in seconds (QT-7, QT-6); shorter values speed a rehearsal up.
    `connect_rate` and `connect_burst`: new connections a second for all APIs together (QT-1); None never refuses.
    """

    message_order: Literal["concurrent", "serial"] = "concurrent"
    throttled: Literal["frame", "close"] = "frame"
    pings_reset_idle: bool = False
    unsigned_management: Literal["accept", "refuse"] = "accept"
    connect_without_status: Literal["200", "502"] = "200"
    idle_timeout: float = limits.IDLE_SECONDS
    connection_duration: float = limits.DURATION_SECONDS
    connect_rate: float | None = None
    connect_burst: int | None = None
