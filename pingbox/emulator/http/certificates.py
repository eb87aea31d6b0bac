"""A certificate authority for this machine, for clients that insist on https.

They call `https://{apiId}.execute-api.{region}.amazonaws.com/{stage}` as on AWS. Functions are led here and trust the
authority (`redirect`); other programs need the name in a hosts file, and the certificate (`--tls-ca`) to trust. It is
made anew each time and only in memory, so no key for AWS names is left lying around.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_HOSTS = 1000  # certificates are kept by host; whoever asks for more starts anew


class LocalAuthority:
    """`context` is for listeners: it has a certificate for whatever host a client asks for. TLS 1.2 or later (HS-9).

    `pem` is the certificate to trust. Thread-safe in that making a certificate twice does no harm.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        """`hosts` are the names in the certificate of a client that names none (SNI); localhost is among them.

        Takes a moment: it brings `cryptography` along, which only TLS needs.
        """
        import trustme

        self._authority = trustme.CA(organization_name="PingBox local authority")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.pem: bytes = self._authority.cert_pem.bytes()
        self.context = self._new_context((*hosts, "localhost", "*.localhost", "127.0.0.1", "::1"))
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, host: str | None, _: ssl.SSLContext) -> None:
        if host:
            connection.context = self._context_of(host.lower())

    def _context_of(self, host: str) -> ssl.SSLContext:
        found = self._contexts.get(host)
        if found is None:
            if len(self._contexts) >= _MAX_HOSTS:
                self._contexts.clear()
            found = self._contexts[host] = self._new_context((host,))
        return found

    def _new_context(self, names: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._authority.issue_cert(*names).configure_cert(context)
        return context
