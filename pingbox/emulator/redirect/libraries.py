"""Libraries that find their way past `socket`, or that trust no authority of ours: patched when they are imported.

Nothing here imports them. `ssl` is told to trust the emulator's authority for the hosts that lead there, at the first
such connection; name servers are not asked for what the emulator refuses or stands for.
"""

from __future__ import annotations

from pingbox.emulator.redirect import authority
from pingbox.emulator.redirect.after_import import AfterImport
from pingbox.emulator.redirect.sockets import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from pingbox.emulator.redirect.sockets import Watch

    Current = Callable[[], Watch | None]


def install(current: Current, more: dict[str, Callable[[ModuleType], Callable[[], None]]]) -> Callable[[], None]:
    """Patch what is imported now or later; `more` are further modules with their patches. Returns what undoes it."""
    patches: dict[str, Callable[[ModuleType], Callable[[], None]]] = {
        "ssl": lambda module: _patch_ssl(module, current),
        "http.client": lambda module: _patch_http_client(module, current),
        "aiohttp.connector": _patch_aiohttp,
        "pycares": lambda module: _patch_pycares(module, current),
        "dns.message": lambda module: _patch_dnspython(module, current),
        **more,
    }
    undo: list[Callable[[], None]] = []

    def undone_later(patch: Callable[[ModuleType], Callable[[], None]]) -> Callable[[ModuleType], None]:
        return lambda module: undo.append(patch(module))

    finder = AfterImport({name: undone_later(patch) for name, patch in patches.items()})
    finder.install()

    def restore() -> None:
        finder.uninstall()
        _all(*undo)()

    return restore


def _replaced(owner: Any, name: str, wrap: Callable[[Any], Any]) -> Callable[[], None]:
    """Put `wrap(original)` in the place of an attribute; returns what puts the original back."""
    original = getattr(owner, name)
    own = name in vars(owner)
    wrapped = wrap(original)
    setattr(owner, name, wrapped)

    def restore() -> None:
        if getattr(owner, name) is wrapped:
            if own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)

    return restore


def _all(*undo: Callable[[], None]) -> Callable[[], None]:
    def restore() -> None:
        for one in undo:
            one()

    return restore


def _patch_ssl(module: ModuleType, current: Current) -> Callable[[], None]:
    context: Any = module.SSLContext

    def trust(self: Any, server_hostname: object) -> None:
        watch, name = current(), text(server_hostname)
        if watch is not None and name is not None and watch.leads_here(name):
            self.load_verify_locations(cadata=authority.pem(watch.port))

    def socket_wrapper(original: Any) -> Any:
        def wrap_socket(self: Any, *args: Any, **options: Any) -> Any:
            trust(self, options.get("server_hostname", args[4] if len(args) > 4 else None))
            return original(self, *args, **options)

        return wrap_socket

    def bio_wrapper(original: Any) -> Any:
        def wrap_bio(self: Any, incoming: Any, outgoing: Any, *args: Any, **options: Any) -> Any:
            trust(self, options.get("server_hostname", args[1] if len(args) > 1 else None))
            return original(self, incoming, outgoing, *args, **options)

        return wrap_bio

    return _all(_replaced(context, "wrap_socket", socket_wrapper), _replaced(context, "wrap_bio", bio_wrapper))


def _refusing(current: Current, position: int, keyword: str) -> Callable[[Any], Any]:
    """A method that is not called for a host that is AWS's; the host is one of its arguments."""

    def wrap(original: Any) -> Any:
        def guarded(*args: Any, **options: Any) -> Any:
            watch = current()
            asked = options.get(keyword, args[position] if len(args) > position else None)
            if watch is not None and asked is not None:
                watch.refuse(text(asked) or str(asked))
            return original(*args, **options)

        return guarded

    return wrap


def _patch_http_client(module: ModuleType, current: Current) -> Callable[[], None]:
    """A tunnel goes through a proxy that is elsewhere; one over TLS is not seen by `socket`."""
    return _replaced(module.HTTPConnection, "set_tunnel", _refusing(current, 1, "host"))


def _patch_aiohttp(module: ModuleType) -> Callable[[], None]:
    """With aiodns, aiohttp would ask name servers by itself."""
    from aiohttp.resolver import ThreadedResolver

    return _replaced(module, "DefaultResolver", lambda _: ThreadedResolver)


def _patch_pycares(module: ModuleType, current: Current) -> Callable[[], None]:
    names = ("query", "search", "getaddrinfo", "gethostbyname")
    there = [name for name in names if hasattr(module.Channel, name)]
    keyword = {"query": "name", "search": "name", "getaddrinfo": "host", "gethostbyname": "name"}
    return _all(*(_replaced(module.Channel, name, _refusing(current, 1, keyword[name])) for name in there))


def _patch_dnspython(module: ModuleType, current: Current) -> Callable[[], None]:
    return _replaced(module, "make_query", _refusing(current, 0, "qname"))
