"""FanoutLambda, invoked asynchronously by the others: post one frame to one chunk of connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.handlers import environment
from pingbox.handlers.effects import departure
from pingbox.handlers.invocation import Invocation
from pingbox.handlers.ports import Ports


def handle(ports: Ports, event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Post `event["frame"]` to `event["connections"]`, all of room `event["room"]`, and clean what is gone.

    Lambda may deliver an asynchronous event twice; log events are idempotent by `seq`, so that does no harm.
    """
    with Invocation(ports, "fanout") as invocation:
        invocation.line |= {"room": event["room"], "receivers": len(event["connections"])}
        invocation.post(event["connections"], event["frame"].encode(), event["room"])
        departure.clean(invocation)
    return {}


lambda_handler = environment.function(handle, management=True)
