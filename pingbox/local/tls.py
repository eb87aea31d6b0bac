"""The second listener, for handlers and clients that insist on https."""

from __future__ import annotations

import ssl

from pingbox.model.partitions import url_suffix
from pingbox.settings import ServeSettings


def tls_context(settings: ServeSettings, region: str) -> ssl.SSLContext | None:
    """The listener's certificates, their authority's written to `tls_ca` for others to trust; None without TLS."""
    if settings.tls_port is None or settings.tls_ca is None:
        return None
    from pingbox.emulator.http.certificates import LocalAuthority

    made = LocalAuthority([f"*.execute-api.{region}.{url_suffix(region)}"])
    settings.tls_ca.write_bytes(made.pem)
    return made.context


def tls_facts(settings: ServeSettings, port: int) -> list[tuple[str, str]]:
    """What to tell about it at the start."""
    if settings.tls_port is None:
        return []
    return [("TLS", f"https://localhost:{port} and https://*.execute-api.…; trust {settings.tls_ca}")]
