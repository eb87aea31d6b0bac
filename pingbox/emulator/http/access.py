"""Who may use the port: a rule over the headers by which a browser says for which page it asks. Pure.

Any web page can send requests to 127.0.0.1, and one whose name is rebound to this machine may read the answers. SDKs
and the aws CLI send none of these headers but Host. What is served over WebSocket is reached from any page, as on AWS,
unless origins are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pingbox.emulator.redirect.hosts import ip_of, is_aws_host, is_metadata_host

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SHOWN = 200  # characters of a header's value in a refusal


@dataclass(frozen=True)
class Caller:
    """What a request says of itself; None for a header that it has not.

    `upgrade`: it asks for a WebSocket. Several values of a header are joined with commas, as HTTP has it.
    """

    host: str | None
    origin: str | None = None
    referer: str | None = None
    fetch_site: str | None = None
    upgrade: bool = False


@dataclass(frozen=True)
class Access:
    """`host` is the address listened on. `hosts` are further names under which the port is reached, `*.name` for all
    below one; `origins` the pages that may use it (`https://app.example.com`, `*` for all), besides its own.
    """

    host: str = "127.0.0.1"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def refusal(self, caller: Caller) -> str | None:
        """Why the request is refused, for a developer; None if it is not."""
        if caller.host is not None and not self._is_own_host(caller.host):
            name = _shown(_host_and_port(caller.host)[0] or caller.host)
            return (
                f"the request is for the host {_shown(caller.host)}, which is no name of this machine: a web page may "
                f"have been led here; if the name is yours, start PingBox with --allow-host {name}"
            )
        if caller.upgrade:
            return self._foreign_socket(caller)
        return self._foreign_request(caller)

    def foreign_page(self, caller: Caller) -> str | None:
        """The origin of a page from elsewhere that opens a WebSocket; None for this machine's pages, and programs."""
        origin = caller.origin
        if origin is None or self._is_allowed(origin, caller) or _is_loopback(_origin_host(origin)):
            return None
        return _shown(origin)

    def _foreign_socket(self, caller: Caller) -> str | None:
        if not self.origins or caller.origin is None or self._is_allowed(caller.origin, caller):
            return None
        return f"pages of {_shown(caller.origin)} may not connect: --allow-origin names {', '.join(self.origins)}"

    def _foreign_request(self, caller: Caller) -> str | None:
        for header, value in (("Origin", caller.origin), ("Referer", caller.referer)):
            if value is not None and not self._is_allowed(value, caller):
                return (
                    f"the request comes from a web page of another origin ({header}: {_shown(_origin_of(value))}); "
                    f"if the page is yours, start PingBox with --allow-origin {_shown(_origin_of(value))}"
                )
        if caller.fetch_site == "cross-site" and caller.origin is None and caller.referer is None:
            return "the request comes from a web page of another site (Sec-Fetch-Site: cross-site)"
        return None

    def _is_allowed(self, url: str, caller: Caller) -> bool:
        """Whether an Origin, or a Referer, is the port's own or listed."""
        origin = _origin_of(url)
        return "*" in self.origins or origin in self.origins or _is_same(origin, caller.host)

    def _is_own_host(self, header: str) -> bool:
        name, _ = _host_and_port(header)
        if name is None:
            return False
        if _is_loopback(name) or name == self.host.lower() or any(_is_named(name, one) for one in self.hosts):
            return True
        if is_aws_host(name):
            return not is_metadata_host(name)
        # Names can be rebound, addresses cannot: a page at an address is that machine's.
        return ip_of(name) is not None and not _is_loopback(self.host)


def _is_named(name: str, allowed: str) -> bool:
    allowed = allowed.lower().rstrip(".")
    return name.endswith(allowed[1:]) if allowed.startswith("*.") else name == allowed


def _is_loopback(name: str | None) -> bool:
    if name is None:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = ip_of(name)
    return address is not None and address.is_loopback


def _is_same(origin: str, host: str | None) -> bool:
    parts = _split(origin)
    if parts is None or parts.hostname is None or host is None or parts.scheme not in _PORTS:
        return False
    default = _PORTS[parts.scheme]
    name, port = _host_and_port(host)
    return (name, port or default) == (parts.hostname.rstrip("."), parts.port or default)


def _origin_of(url: str) -> str:
    """The origin of a URL; what is no URL (`null`) stays as it is."""
    parts = _split(url)
    return url if parts is None or not parts.netloc else f"{parts.scheme}://{parts.netloc}".lower()


def _origin_host(url: str) -> str | None:
    parts = _split(url)
    return None if parts is None else parts.hostname


def _host_and_port(header: str) -> tuple[str | None, int | None]:
    """The name or address, in small letters and without brackets, and the port; (None, None) for what is neither."""
    parts = _split(f"//{header.strip()}")
    if parts is None or not parts.hostname or parts.path or parts.query or parts.fragment or "@" in header:
        return None, None
    return parts.hostname.rstrip("."), parts.port


def _split(url: str) -> SplitResult | None:
    """None for what cannot be read."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _shown(value: str) -> str:
    text = value if value.isprintable() else repr(value)[1:-1]
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
