"""DisconnectLambda, route `$disconnect`: best effort on AWS's side (DC-1), so a hint and never the only cleaner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pingbox.handlers import environment
from pingbox.handlers.effects import departure
from pingbox.handlers.invocation import Invocation
from pingbox.handlers.ports import Ports


def handle(ports: Ports, event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Remove everything of the connection and tell its rooms. The result goes nowhere (DC-2)."""
    connection = event["requestContext"]["connectionId"]
    with Invocation(ports, "disconnect", connection) as invocation:
        if not departure.depart(invocation, connection):
            invocation.line["code"] = "already_gone"
        departure.clean(invocation)
        return {"statusCode": 200}
    return {"statusCode": 500}


lambda_handler = environment.function(handle, management=True)
