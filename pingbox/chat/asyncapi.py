"""The protocol as an AsyncAPI 3 document: `python -m pingbox.chat.asyncapi > docs/reference/asyncapi.yaml`."""

from __future__ import annotations

import sys
from typing import Any

from pingbox.chat.frames import ACTIONS, EVENTS


def document() -> dict[str, Any]:
    """The document. Who generates a client from it still keeps the rules of docs/reference/protocol.md."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "PingBox chat",
            "version": "1.0.0",
            "description": "The wire protocol pingbox.v1. protocol.md says what a client must do to lose nothing.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {"host": "127.0.0.1:3001", "pathname": "/dev", "protocol": "ws"},
            "aws": {
                "host": "{api}.execute-api.{region}.amazonaws.com",
                "pathname": "/{stage}",
                "protocol": "wss",
                "variables": {"api": {}, "region": {"default": "us-east-1"}, "stage": {"default": "dev"}},
            },
        },
        "channels": {
            "chat": {
                "address": "/",
                "messages": {
                    **{f"{name}.action": _message_ref(f"{name}.action") for name in ACTIONS},
                    **{f"{name}.event": _message_ref(f"{name}.event") for name in EVENTS},
                },
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "fromClient": _operation("receive", [f"{name}.action" for name in ACTIONS]),
            "toClient": _operation("send", [f"{name}.event" for name in EVENTS]),
        },
        "components": {
            "messages": {
                **{f"{name}.action": _message(name, f"{name}.action") for name in ACTIONS},
                **{f"{name}.event": _message(name, name) for name in EVENTS},
            },
            "schemas": {**{f"{name}.action": schema for name, schema in ACTIONS.items()}, **EVENTS},
        },
    }


def text() -> str:
    """The document as YAML."""
    import yaml

    class Plain(yaml.SafeDumper):
        """Every value where it stands: no anchors."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    written: str = yaml.dump(document(), Dumper=Plain, sort_keys=False, allow_unicode=True, width=120)
    return written


def _message_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


def _message(name: str, schema: str) -> dict[str, Any]:
    return {"name": name, "payload": {"$ref": f"#/components/schemas/{schema}"}}


def _operation(action: str, messages: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/chat"},
        "messages": [{"$ref": f"#/channels/chat/messages/{name}"} for name in messages],
    }


if __name__ == "__main__":
    sys.stdout.write(text())
