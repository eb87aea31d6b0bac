"""Name resolution and connections of this process, by `socket`'s own functions: what is the emulator's arrives there.

Every client in Python that resolves by `socket` and connects by `socket.socket` is led, whatever its library: urllib,
requests, httpx, aiohttp, asyncio. So is what a proxy is asked to connect to: that is refused, for a proxy is elsewhere.
"""

from __future__ import annotations

import socket

from pingbox.emulator.redirect.targets import MARKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Watch(Protocol):
        """What is led and what is refused; None in `current` while nothing is watched."""

        def leads_here(self, host: str) -> bool: ...

        def refuse(self, host: str) -> None:
            """Raises `ProxyRefused` for a host that no proxy may be asked for."""
            ...

        @property
        def port(self) -> int: ...


_METHODS = ("connect", "connect_ex", "send", "sendall")
_BEGINS_REQUESTS = frozenset(b"CDGHOPT")  # CONNECT, DELETE, GET, …; no WebSocket frame does


def install(current: Callable[[], Watch | None]) -> Callable[[], None]:
    """Replace the functions; returns what puts them back."""
    functions = {name: getattr(socket, name) for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex")}
    socket.getaddrinfo = _getaddrinfo(functions["getaddrinfo"], current)
    socket.gethostbyname = _by_name(functions["gethostbyname"], current)
    socket.gethostbyname_ex = _by_name(functions["gethostbyname_ex"], current)
    own = {name: socket.socket.__dict__[name] for name in _METHODS if name in socket.socket.__dict__}
    for name in _METHODS:
        method = getattr(socket.socket, name)
        wrapped = _connect(method, current) if name.startswith("connect") else _send(method, current)
        setattr(socket.socket, name, wrapped)

    def restore() -> None:
        for name, function in functions.items():
            setattr(socket, name, function)
        for name in _METHODS:
            if name in own:
                setattr(socket.socket, name, own[name])
            else:
                delattr(socket.socket, name)

    return restore


def text(host: object) -> str | None:
    """A host as name resolution takes it, str or bytes; None for anything else."""
    if isinstance(host, bytes | bytearray):
        return host.decode("utf-8", "replace")
    return host if isinstance(host, str) else None


def _getaddrinfo(original: Any, current: Callable[[], Watch | None]) -> Any:
    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        watch, name = current(), text(host)
        if watch is None or name is None or not watch.leads_here(name):
            return original(host, port, family, type, proto, flags)
        if family not in (0, socket.AF_INET):
            raise socket.gaierror(socket.EAI_NONAME, f"{name} leads to PingBox here, which has an IPv4 address")
        return original(MARKER, port, socket.AF_INET, type, proto, 0)

    return getaddrinfo


def _by_name(original: Any, current: Callable[[], Watch | None]) -> Any:
    def by_name(hostname: Any) -> Any:
        watch, name = current(), text(hostname)
        led = watch is not None and name is not None and watch.leads_here(name)
        return original(MARKER if led else hostname)

    return by_name


def _connect(original: Any, current: Callable[[], Watch | None]) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        watch = current()
        if watch is not None and isinstance(address, tuple) and address:
            name = text(address[0])
            if name == MARKER or (name is not None and watch.leads_here(name)):
                address = ("127.0.0.1", watch.port)
        return original(self, address)

    return connect


def _send(original: Any, current: Callable[[], Watch | None]) -> Any:
    def send(self: socket.socket, data: Any, *flags: Any) -> Any:
        watch = current()
        if watch is not None and data and data[0] in _BEGINS_REQUESTS:
            asked = proxied_host(bytes(memoryview(data)[:300]))
            if asked is not None:
                watch.refuse(asked)
        return original(self, data, *flags)

    return send


def proxied_host(start: bytes) -> str | None:
    """The host that a proxy is asked for: `CONNECT host:443 HTTP/1.1`, `GET http://host/path HTTP/1.1`; or None."""
    if start[:8] == b"CONNECT ":
        authority = start[8:].partition(b" ")[0]
    elif b" http://" in start[:16]:
        authority = start.partition(b" http://")[2].partition(b" ")[0].partition(b"/")[0].rpartition(b"@")[2]
    else:
        return None
    host = authority.rpartition(b":")[0] if b":" in authority.rpartition(b"]")[2] else authority
    return host.decode("latin-1")
