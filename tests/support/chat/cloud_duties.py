"""What each function of the deployed chat has to be able to do, exercised on the functions themselves.

Every duty calls a function as API Gateway, Lambda or the schedule would, and looks at its log line and at the outcome.
A duty that passes with the whole role must fail when one of its permissions is taken away.
"""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from pingbox.handlers.ports import Ports
from pingbox.handlers.settings import Settings
from pingbox.handlers.storage.connections import Connections
from pingbox.handlers.storage.messages import Messages
from pingbox_core import limits
from pingbox_core.identity import tokens
from pingbox_core.log import RoomRecord, Row
from pingbox_core.members import Member
from support.chat.cloud_chat import CloudChat, Talker

_numbers = itertools.count(1)


@dataclass
class Stagehand:
    """Sets the scene past the functions, with the root's credentials, and calls them."""

    chat: CloudChat
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        outputs = self.chat.account.outputs(self.chat.stack)
        settings = Settings(outputs["ConnectionsTable"], outputs["MessagesTable"])
        ports = Ports(
            settings,
            dynamodb=self.chat.account.client("dynamodb"),
            postman=None,  # type: ignore[arg-type] - the scene is set without posts
            secret=lambda: b"",
            log=lambda record: None,
        )
        self.connections, self.messages = Connections(ports), Messages(ports)
        self.table = settings.connections_table
        self.now = time.time_ns() // 1_000_000

    def room(self, *, rows: int = 0) -> str:
        """A room of its own, with so many messages in its log."""
        room = f"room-{next(_numbers)}"
        self.messages.create(RoomRecord(room, "epoch0", "Title", "", "u-root", self.now))
        for seq in range(1, rows + 1):
            self.messages.put(room, Row(seq, seq, self.now, "u-root", "Root", f"cid-{room}-{seq}", "hi"))
        return room

    def sit_in(self, room: str) -> str:
        """Somebody with an open socket in the room; the connection's id."""
        before = self._records()
        talker = self._stack.enter_context(self.chat.socket(subprotocols=["pingbox.v1"]))
        [connection] = self._records() - before
        self.sockets[connection] = talker
        self.connections.subscribe(self._member(connection, room, self.now), [room], tab=True)
        return connection

    def ghost_in(self, room: str, *, silent: bool = False) -> str:
        """Rows of a connection that is long gone, its user's document included; `silent` long enough for the sweep."""
        connection = f"ghost{next(_numbers)}="
        old = self.now - limits.SILENT - 60_000
        member = self._member(connection, room, old)
        self.connections.open(member, old if silent else self.now)
        self.connections.subscribe(member, [room], tab=True)
        self.messages.remember(member.user, member.name, {})
        return connection

    def is_known(self, connection: str) -> bool:
        """Whether the connection has a record."""
        return self.connections.record(connection) is not None

    def forget(self, connection: str) -> None:
        """Delete a connection's record and nothing else."""
        self.connections.close(connection)

    def call(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke and give the log line. Fails on an error of any kind, a post that failed included."""
        name = self.chat.account.physical(self.chat.stack, function)
        client = self.chat.account.client("lambda")
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail")
        body = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, body
        log = base64.b64decode(answer.get("LogResult", "")).decode().strip()
        last = log.splitlines()[-1]
        assert last.startswith("{"), f"more than the tail of a log holds, which is a traceback: {last}"
        line: dict[str, Any] = json.loads(last)
        assert "error" not in line, line
        assert "failed" not in line, line
        return {**line, "answer": json.loads(body)}

    def connect(self, connection: str, headers: dict[str, list[str]]) -> dict[str, Any]:
        """ConnectLambda gets a handshake from far away."""
        identity = {"sourceIp": "203.0.113.7"}
        context = {"connectionId": connection, "connectedAt": self.now, "identity": identity}
        return self.call("ConnectLambda", {"requestContext": context, "multiValueHeaders": headers})

    def guest_token(self, user: str) -> str:
        """As the chat signs it."""
        resource = self.chat.account.client("lambda").get_function_configuration(
            FunctionName=self.chat.account.physical(self.chat.stack, "ConnectLambda")
        )
        name = resource["Environment"]["Variables"]["TOKEN_SECRET_PARAMETER"]
        secret = self.chat.account.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        return tokens.sign(user, secret.encode(), self.now)

    def frame(self, connection: str, **frame: Any) -> dict[str, Any]:
        """MessageLambda gets one frame of this connection."""
        return self.call("MessageLambda", {"requestContext": {"connectionId": connection}, "body": json.dumps(frame)})

    @contextmanager
    def on_stage(self) -> Iterator[Stagehand]:
        """Everything that was opened is closed, and no row is left for the next scene."""
        self.sockets: dict[str, Talker] = {}
        try:
            yield self
        finally:
            self._stack.close()
            self._clear()

    def _member(self, connection: str, room: str, connected_at: int) -> Member:
        user = f"u-{next(_numbers)}"
        return Member(connection, user, user, frozenset({room}), room, False, connected_at)

    def _records(self) -> set[str]:
        found = self.chat.account.client("dynamodb").scan(TableName=self.table)["Items"]
        return {item["connectionId"]["S"] for item in found if item["topic"]["S"].startswith("conn#")}

    def _clear(self) -> None:
        dynamodb = self.chat.account.client("dynamodb")
        for item in dynamodb.scan(TableName=self.table)["Items"]:
            key = {name: item[name] for name in ("topic", "connectionId")}
            dynamodb.delete_item(TableName=self.table, Key=key)


def connects(stage: Stagehand) -> None:
    """A page and a plain client are let in, and found in the table."""
    for protocol in (["pingbox.v1"], None):
        headers = {"Origin": [stage.chat.origin]} | ({"Sec-WebSocket-Protocol": protocol} if protocol else {})
        connection = f"fresh{next(_numbers)}="
        assert stage.connect(connection, headers)["answer"]["statusCode"] == 200
        assert stage.is_known(connection)


def limits_connections(stage: Stagehand) -> None:
    """Whoever comes back with a token is looked up; of too many connections the oldest is told and closed."""
    user, oldest = "g-aaaaaaaaaaaaaaaa", stage.sit_in(stage.room())
    for connection in (oldest, *(f"tab{next(_numbers)}=" for _ in range(2 * limits.TABS_PER_USER - 1))):
        connected_at = stage.now - (1000 if connection == oldest else 0)
        stage.connections.subscribe(Member(connection, user, "Ana", connected_at=connected_at), [], tab=True)
    offer = f"pingbox.v1, auth.{stage.guest_token(user)}"
    headers = {"Origin": [stage.chat.origin], "Sec-WebSocket-Protocol": [offer]}
    assert stage.connect(f"fresh{next(_numbers)}=", headers)["posted"] == 1
    stage.sockets[oldest].socket.closed_with(1000)


def disconnects(stage: Stagehand) -> None:
    """Who leaves is taken out of the room, the one other is told at once, two others by FanoutLambda."""
    for others in (1, 2):
        room = stage.room()
        for _ in range(others):
            stage.sit_in(room)
        leaver = stage.ghost_in(room)
        line = stage.call("DisconnectLambda", {"requestContext": {"connectionId": leaver}})
        assert not stage.is_known(leaver)
        assert line["posted" if others == 1 else "chunks"] == 1
    room = stage.room()
    dead, leaver = stage.ghost_in(room), stage.ghost_in(room)
    line = stage.call("DisconnectLambda", {"requestContext": {"connectionId": leaver}})
    assert not stage.is_known(dead), "a dead listener is cleaned away"


def answers(stage: Stagehand) -> None:
    """The whole conversation of one client: greeted, speaking, reading, moving between rooms."""
    room, other = stage.room(), stage.room(rows=2)
    me = stage.sit_in(room)
    stage.sit_in(room)
    stage.frame(me, action="hello", name="Ana", rooms=[{"room": room}])
    stage.frame(me, action="sendMessage", room=room, text="to one")
    stage.frame(me, action="joinRoom", room=other)
    stage.frame(me, action="sync", room=other, after=0)
    stage.frame(me, action="listRooms")
    stage.frame(me, action="createRoom", room=f"new-{next(_numbers)}", title="New")
    stage.frame(me, action="leaveRoom", room=other)


def fans_out_and_cleans(stage: Stagehand) -> None:
    """More listeners than are posted to at once go to FanoutLambda; a dead one is cleaned away."""
    room = stage.room()
    me = stage.sit_in(room)
    stage.sit_in(room)
    stage.sit_in(room)
    stage.frame(me, action="hello", name="Ana", rooms=[{"room": room}])
    assert stage.frame(me, action="sendMessage", room=room, text="to two")["chunks"] == 1
    quiet = stage.room()
    alone = stage.sit_in(quiet)
    dead = stage.ghost_in(quiet)
    stage.frame(alone, action="joinRoom", room=quiet)
    stage.frame(alone, action="sendMessage", room=quiet, text="anybody?")
    assert not stage.is_known(dead)


def hangs_up(stage: Stagehand) -> None:
    """A connection that nobody knows any more is told so and closed."""
    lost = stage.sit_in(stage.room())
    stage.forget(lost)
    assert stage.frame(lost, action="ping", rooms={})["code"] == "unknown_connection"
    stage.sockets[lost].socket.closed_with(1000)


def posts_a_chunk(stage: Stagehand) -> None:
    """One frame to one chunk; the dead connection in it is cleaned away and its room told."""
    room = stage.room()
    alive, dead = stage.sit_in(room), stage.ghost_in(room)
    line = stage.call("FanoutLambda", {"room": room, "connections": [alive, dead], "frame": '{"type":"message"}'})
    assert (line["gone"], line["cleaned"], line["posted"]) == (1, 1, 2)
    assert not stage.is_known(dead)


def sweeps(stage: Stagehand) -> None:
    """Silent connections that are gone are found, their rooms told, and every room's head noted."""
    small, large = stage.room(rows=1), stage.room(rows=1)
    for room in (small, large, large):
        stage.sit_in(room)
    silent = [stage.ghost_in(small, silent=True), stage.ghost_in(large, silent=True)]
    line = stage.call("SweepLambda", {})
    assert (line["ghosts"], line["posted"], line.get("chunks")) == (2, 1, 1)
    assert line["heads"] >= 2
    assert not any(map(stage.is_known, silent))
    haunted = stage.room()
    dead = stage.ghost_in(haunted)
    stage.ghost_in(haunted, silent=True)
    stage.call("SweepLambda", {})
    assert not stage.is_known(dead), "a dead listener is cleaned away"


DUTIES: dict[str, tuple[Callable[[Stagehand], None], ...]] = {
    "ConnectLambda": (connects, limits_connections),
    "DisconnectLambda": (disconnects,),
    "MessageLambda": (answers, fans_out_and_cleans, hangs_up),
    "FanoutLambda": (posts_a_chunk,),
    "SweepLambda": (sweeps,),
}
