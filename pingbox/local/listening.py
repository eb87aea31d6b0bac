"""Where `serve` listens, its TLS listener included, who may use the port, and what is said about that at the start."""

from __future__ import annotations

import ipaddress
import ssl

from pingbox.emulator.cloud import Listen
from pingbox.emulator.http.access import Access
from pingbox.model.partitions import url_suffix
from pingbox.settings import ServeSettings


def listening(settings: ServeSettings, region: str) -> Listen:
    """As the settings say. Writes the certificate of the TLS listener's authority to `tls_ca`."""
    return Listen(
        settings.host, settings.port, _tls_context(settings, region), settings.tls_port or 0, access(settings)
    )


def _tls_context(settings: ServeSettings, region: str) -> ssl.SSLContext | None:
    if settings.tls_port is None or settings.tls_ca is None:
        return None
    from pingbox.emulator.http.certificates import LocalAuthority

    made = LocalAuthority([f"*.execute-api.{region}.{url_suffix(region)}"])
    settings.tls_ca.write_bytes(made.pem)
    return made.context


def tls_facts(settings: ServeSettings, port: int) -> list[tuple[str, str]]:
    """What to tell about TLS at the start."""
    if settings.tls_port is None:
        return []
    return [("TLS", f"https://localhost:{port} and https://*.execute-api.…; trust {settings.tls_ca}")]


def access(settings: ServeSettings) -> Access:
    """The rule as the options have it."""
    return Access(settings.host, settings.allow_hosts, settings.allow_origins)


def exposure(settings: ServeSettings, *, tables: bool) -> list[tuple[str, str]]:
    """What to tell at the start about a host that others reach; nothing for this machine alone.

    `tables`: whether the port answers DynamoDB.
    """
    if is_loopback(settings.host):
        return []
    what = ["invoke every function", "post to every connection"]
    if tables:
        what.insert(0, "read, change and delete every table")
    pages = f"only pages of {', '.join(settings.allow_origins)}" if settings.allow_origins else "any page"
    return [
        (
            "Open to",
            f"the network: whoever reaches {settings.host} can {', '.join(what)}, without a key; {pages} may connect",
        )
    ]


def is_loopback(host: str) -> bool:
    """Whether `host` is an address of this machine that others do not reach."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
