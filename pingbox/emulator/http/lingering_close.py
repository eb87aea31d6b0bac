"""Ends a TCP connection so that the last words arrive."""

from __future__ import annotations

import asyncio

LINGER_SECONDS = 2.0
"""How long the other side may take to hang up."""


class LingeringClose(asyncio.Protocol):
    """Reads on and forgets until the other side hangs up.

    Closing a socket whose received bytes nobody has read makes the kernel send a reset, which overtakes and destroys
    what was written last: the status that explains the refusal.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._hangup = asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._hangup.cancel()


def say(transport: asyncio.Transport, last_words: bytes) -> None:
    """Write, half-close, and let go of the transport. Its old protocol hears nothing more."""
    if transport.is_closing():
        return
    transport.set_protocol(LingeringClose(transport))
    transport.write(last_words)
    transport.resume_reading()
    end_writing(transport)


def end_writing(transport: asyncio.Transport) -> None:
    """Half-close; TLS cannot, so there the connection is closed when everything is written.

    The other side may be gone already, and we hear of it here first: then there is nobody to say goodbye to.
    """
    if transport.can_write_eof():
        try:
            transport.write_eof()
        except OSError:
            transport.abort()
    else:
        transport.close()
