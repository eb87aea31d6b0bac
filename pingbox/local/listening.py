"""Where `serve` listens, its second listener included, for handlers and clients that insist on https."""

from __future__ import annotations

import ssl

from pingbox.emulator.cloud import Listen
from pingbox.local.network import access
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
