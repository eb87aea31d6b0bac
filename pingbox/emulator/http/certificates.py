"""A certificate authority for this machine, for handlers in languages whose AWS client we cannot redirect.

They call `https://{apiId}.execute-api.{region}.amazonaws.com/{stage}` as on AWS; the name has to lead to this machine
(a line in the hosts file) and the authority's certificate has to be trusted (`AWS_CA_BUNDLE`, `NODE_EXTRA_CA_CERTS`,
`SSL_CERT_FILE`). It is made anew each time and only in memory, so no key for AWS names is left lying around.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class LocalTls:
    """`context` is for the listener; `authority` the certificate to trust, PEM."""

    context: ssl.SSLContext
    authority: bytes


def local_tls(region: str) -> LocalTls:
    """Certificates for every API of the region and for localhost. TLS 1.2 is the minimum (HS-9)."""
    # Imported here: it brings `cryptography` along, and only the HTTPS listener needs it.
    import trustme

    authority = trustme.CA(organization_name="PingBox local authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    names = (f"*.execute-api.{region}.amazonaws.com", "localhost", "*.localhost", "127.0.0.1", "::1")
    authority.issue_cert(*names).configure_cert(context)
    return LocalTls(context, authority.cert_pem.bytes())
