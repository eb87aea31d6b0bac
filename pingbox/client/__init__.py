"""A client of the chat: `Client` for asyncio, `connect` for everybody else. See docs/reference/protocol.md.

async with Client("ws://127.0.0.1:3001/dev", name="Ana", rooms=["general"]) as chat:
stored = await chat.send("general", "hi")
async for event in chat.events():
print(event["type"], event.get("text"))
"""

from __future__ import annotations

from pingbox.client.client import Client, ClosedByServerError, RefusedError
from pingbox.client.sync import SyncClient, connect

__all__ = ["Client", "ClosedByServerError", "RefusedError", "SyncClient", "connect"]
