"""Functions in network namespaces of their own: what a guard inside a process cannot hold, the kernel does (Linux).

A function's process sees a loopback on which the emulator's ports are, by a bridge over a Unix socket, and nothing
else: neither AWS nor the internet, nor other programs on this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from pingbox.emulator.services.lambda_.process.isolated_process import CANNOT
from pingbox.emulator.services.lambda_.process.launch import Launch

_SCRIPT = Path(__file__).with_name("isolated_process.py")
_COMMAND = (sys.executable, "-I", "-S", str(_SCRIPT))
_LINE_BYTES = 16


def cannot_isolate() -> str | None:
    """Why functions cannot be isolated on this machine; None if they can."""
    if sys.platform != "linux":
        return f"network namespaces are Linux's, and this is {sys.platform}"
    options = json.dumps({"bridge": "", "ports": []})
    tried = subprocess.run(  # noqa: S603 - our own script
        [*_COMMAND, options, "true"], capture_output=True, text=True, check=False, start_new_session=True
    )
    if tried.returncode == 0:
        return None
    if tried.returncode == CANNOT:
        return f"{tried.stderr.strip()}; the kernel or the container does not let this user make one"
    return f"an isolated process ended with {tried.returncode}: {tried.stderr.strip()[-300:]}"


class Bridge:
    """Leads from isolated processes to ports of this machine's loopback. On one event loop; `close` at the end.

    Only ports that were allowed are reached: the path of the socket is no secret.
    """

    def __init__(self, folder: str) -> None:
        self._path = str(Path(folder) / "bridge")
        self._allowed: set[int] = set()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self._path)
        self._listening.listen(1024)
        self._server = asyncio.get_running_loop().create_task(
            asyncio.start_unix_server(self._serve, sock=self._listening)
        )

    def isolated(self, launch: Launch, *ports: int) -> Launch:
        """The same process in a namespace of its own, from which these ports are reached."""
        self._allowed.update(ports)
        options = json.dumps({"bridge": self._path, "ports": sorted(set(ports))})
        return replace(launch, command=(*_COMMAND, options, *launch.command))

    async def close(self) -> None:
        """Take no more connections."""
        (await self._server).close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            port = int((await reader.readuntil(b"\n"))[:_LINE_BYTES])
            if port not in self._allowed:
                return
            there, back = await asyncio.open_connection("127.0.0.1", port)
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                back.close()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # one of the two has hung up, which the other one sees
        finally:
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
