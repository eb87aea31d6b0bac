"""The chat as it was deployed, seen from outside: through its page's configuration and its socket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from pingbox.testing import Clients, RefusedError, SyncWebSocket
from support.deploy.ministack import Account

_PATIENCE = 20.0  # seconds for one answer: the first invocation of a function starts a process


@dataclass
class Talker:
    """One open socket. Frames that are no events of ours are passed over: MiniStack also sends a handler's response."""

    socket: SyncWebSocket

    def send(self, **frame: Any) -> None:
        """Send a frame as it is."""
        self.socket.send_json(frame)

    def say(self, text: str, room: str = "general") -> None:
        """Send a message."""
        self.send(action="sendMessage", room=room, text=text)

    def hears(self, kind: str) -> dict[str, Any]:
        """The next event of this type; others before it are dropped."""
        while True:
            event = self.socket.receive_json()
            if event.get("type") == "error":
                raise AssertionError(f"waited for {kind}, got {event}")
            if event.get("type") == kind:
                return dict(event)


@dataclass(frozen=True)
class CloudChat:
    """One stage of the chat. `url` is where the socket really is, `origin` what the page's browser would send."""

    account: Account
    stack: str
    url: str
    origin: str

    @classmethod
    def found(cls, account: Account, stack: str) -> CloudChat:
        """By way of the stack's outputs and the page's `config.json`, as a browser finds it."""
        outputs = account.outputs(stack)
        body = account.client("s3").get_object(Bucket=outputs["SiteBucket"], Key="config.json")["Body"].read()
        return cls(account, stack, json.loads(body)["wsUrl"], account.url)

    @contextmanager
    def socket(self, **options: Any) -> Iterator[Talker]:
        """An open socket that has said nothing."""
        with Clients(self.url, timeout=_PATIENCE) as ws:
            yield Talker(ws.connect(origin=self.origin, **options))

    @contextmanager
    def page(self, name: str, room: str = "general") -> Iterator[Talker]:
        """A socket as the page opens it: subprotocol, `hello`, and everything up to `ready`."""
        with self.socket(subprotocols=["pingbox.v1"]) as talker:
            talker.send(action="hello", name=name, rooms=[{"room": room}])
            greeted = talker.hears("welcome")
            assert greeted["user"]["name"] == name
            yield talker

    def refusal(self, origin: str) -> int:
        """The status with which a handshake from this origin is refused."""
        with Clients(self.url, timeout=_PATIENCE) as ws, pytest.raises(RefusedError) as refused:
            ws.connect(origin=origin)
        return refused.value.status

    def code_digest(self, function: str) -> str:
        """SHA-256 of the code that a function runs now."""
        name = self.account.physical(self.stack, function)
        configuration: Mapping[str, str] = self.account.client("lambda").get_function_configuration(FunctionName=name)
        return configuration["CodeSha256"]

    @property
    def artifact_bucket(self) -> str:
        """The bucket of the zips."""
        return f"pingbox-artifacts-{self.account.id}-us-east-1"

    def artifacts(self) -> list[str]:
        """The keys of the zips."""
        listing = self.account.client("s3").list_objects_v2(Bucket=self.artifact_bucket).get("Contents", ())
        return [entry["Key"] for entry in listing if entry["Key"].endswith(".zip")]
