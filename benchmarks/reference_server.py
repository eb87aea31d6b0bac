"""The reference: a raw `websockets` server that does only the socket work.

It sends every message to everybody connected, the sender first. No events, no functions, no storage.
Run: python -m benchmarks.reference_server READY_FILE
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed


async def main(ready_file: Path) -> None:
    connections: set[ServerConnection] = set()

    async def talk(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            with contextlib.suppress(ConnectionClosed):  # clients end without a close frame
                async for message in connection:
                    await connection.send(message)
                    broadcast(connections - {connection}, message)
        finally:
            connections.discard(connection)

    async with serve(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ready_file.write_text(json.dumps({"port": port, "path": "/"}))
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
