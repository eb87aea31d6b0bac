"""A chat's world in one process: hand-written ports for the handlers, and events as API Gateway makes them.

Nothing here imitates the gateway's timing: a post lands in a list, and a test decides who is gone.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pingbox.chat.app import chat_tables
from pingbox.handlers import connect, disconnect, fanout, message, sweep
from pingbox.handlers.fresh import Fresh
from pingbox.handlers.ports import Delivery, Dynamodb, Ports
from pingbox.handlers.settings import Settings
from pingbox_core.rate import Rate
from support.chat.frames_judge import check_event

SECRET = b"a-secret-for-tests-only"
START = 1_764_000_000_000  # milliseconds

SETTINGS = Settings(
    connections_table="Connections",
    messages_table="Messages",
    token_secret=SECRET,
    allowed_origins=frozenset({"*"}),
    rate=Rate(0, 10),
)


def make_tables(client: Any, settings: Settings = SETTINGS) -> None:
    """Create both tables with their TTL, as the laptop and the deploy do."""
    for table in chat_tables(settings.connections_table, settings.messages_table):
        client.create_table(**table.parameters)
        client.update_time_to_live(**table.time_to_live)


class Mailbox:
    """A postman whose deliveries are lists of events. Ids in `gone` answer 410, in `throttled` fail."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.gone: set[str] = set()
        self.throttled: set[str] = set()
        self.closed: list[str] = []

    def post(self, connection_ids: Sequence[str], frame: bytes) -> Mapping[str, Delivery]:
        return {one: self._post_one(one, frame) for one in connection_ids}

    def _post_one(self, connection: str, frame: bytes) -> Delivery:
        if connection in self.gone:
            return Delivery.GONE
        if connection in self.throttled:
            return Delivery.FAILED
        assert len(frame) <= 32_000, "a frame above the protocol's limit"
        check_event(event := json.loads(frame))
        self.posts.append((connection, event))
        return Delivery.DELIVERED

    def close(self, connection_id: str) -> None:
        self.closed.append(connection_id)
        self.gone.add(connection_id)

    def is_open(self, connection_id: str) -> bool:
        return connection_id not in self.gone

    def take(self, connection: str) -> list[dict[str, Any]]:
        """What this connection got since the last look, in order."""
        got = [event for receiver, event in self.posts if receiver == connection]
        self.posts = [post for post in self.posts if post[0] != connection]
        return got


def counted_bytes() -> Callable[[int], bytes]:
    """Random bytes that are not random: 1, 2, 3, ..."""
    numbers = itertools.count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


@dataclass
class World:
    """Ports over a DynamoDB client and a mailbox, with a clock that stands still until it is moved."""

    dynamodb: Dynamodb
    settings: Settings = SETTINGS
    now: int = START
    mailbox: Mailbox = field(default_factory=Mailbox)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    fanouts: list[dict[str, Any]] = field(default_factory=list)
    connected_at: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: START))

    def __post_init__(self) -> None:
        self.ports = Ports(
            settings=self.settings,
            dynamodb=self.dynamodb,
            postman=self.mailbox,
            secret=lambda: SECRET,
            log=self.log.append,
            fanout=lambda payload: self.fanouts.append(json.loads(payload)),
            clock=lambda: self.now,
            fresh=Fresh(counted_bytes()),
            pause=lambda seconds: None,
        )

    def with_settings(self, **changes: Any) -> World:
        """The same world under other settings, over the same tables and mailbox."""
        return replace(self, settings=replace(self.settings, **changes))

    def connect(
        self, connection: str, *, query: Mapping[str, str] | None = None, address: str = "127.0.0.1", **headers: str
    ) -> dict[str, Any]:
        """Run ConnectLambda; header names are written with underscores."""
        self.connected_at[connection] = self.now
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        event = {
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "requestContext": self._context("CONNECT", connection) | {"identity": {"sourceIp": address}},
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = dict(query)
        return connect.handle(self.ports, event, None)

    def page(self, connection: str, name: str | None = None, token: str | None = None, **hello: Any) -> dict[str, Any]:
        """A page enters: `$connect` with the subprotocol, `hello`; its `welcome` comes back, the rest stays."""
        offer = "pingbox.v1" if token is None else f"pingbox.v1, auth.{token}"
        assert self.connect(connection, Sec_WebSocket_Protocol=offer)["statusCode"] == 200
        self.send(connection, action="hello", name=name, **hello)
        welcome = next(event for _, event in self.mailbox.posts if event["type"] == "welcome" and _ == connection)
        self.mailbox.posts.remove((connection, welcome))
        return welcome

    def send(self, connection: str, **frame: Any) -> None:
        """Run MessageLambda with this frame."""
        self.send_text(connection, json.dumps(frame))

    def send_text(self, connection: str, body: str) -> None:
        context = self._context("MESSAGE", connection) | {"messageId": "m="}
        response = message.handle(self.ports, {"requestContext": context, "body": body, "isBase64Encoded": False}, None)
        assert response == {"statusCode": 200}

    def disconnect(self, connection: str) -> dict[str, Any]:
        """The socket closes and DisconnectLambda runs."""
        self.mailbox.gone.add(connection)
        context = self._context("DISCONNECT", connection) | {"disconnectStatusCode": 1001, "disconnectReason": ""}
        return disconnect.handle(self.ports, {"requestContext": context, "isBase64Encoded": False}, None)

    def sweep(self) -> None:
        sweep.handle(self.ports, {"source": "aws.events"}, None)

    def run_fanouts(self) -> None:
        """Run FanoutLambda for each chunk handed to it so far."""
        chunks, self.fanouts[:] = list(self.fanouts), []
        for chunk in chunks:
            fanout.handle(self.ports, chunk, None)

    def take(self, connection: str) -> list[dict[str, Any]]:
        return self.mailbox.take(connection)

    def ask(self, connection: str, **frame: Any) -> dict[str, Any]:
        """Send a frame and return the one event that came back; what came before is forgotten."""
        self.take(connection)
        self.send(connection, **frame)
        (answer,) = self.take(connection)
        return answer

    def _context(self, kind: str, connection: str) -> dict[str, Any]:
        return {
            "routeKey": {"CONNECT": "$connect", "DISCONNECT": "$disconnect"}.get(kind, "$default"),
            "eventType": kind,
            "stage": "dev",
            "connectedAt": self.connected_at[connection],
            "requestTimeEpoch": self.now,
            "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "connectionId": connection,
            "apiId": "abcdef1234",
        }
