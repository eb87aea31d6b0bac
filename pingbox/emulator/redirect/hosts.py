"""Which host names belong to AWS, and to which of its services."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address
    from typing import Any

# The DNS suffixes of every AWS partition (botocore's partitions.json, IPv4 and dual stack), and newer service roots.
AWS_SUFFIXES = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".on.aws",
    ".aws.dev",
    ".amazonwebservices.com.cn",
    ".amazonwebservices.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".csp.hci.ic.gov",
    ".cloud.adc-e.uk",
    ".aws.hci.ic.gov",
    ".aws.ic.gov",
    ".aws.scloud",
    ".cloud-aws.adc-e.uk",
    ".aws.amazon.com",
    ".awsapps.com",
    ".amazoncognito.com",
    ".amazonaws.cn",
    ".amazonaws-eusc.eu",
)

# Where machines on AWS hand out the keys of their role, by address and by name.
_METADATA_ADDRESSES = frozenset({"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"})
_METADATA_NAMES = frozenset({"instance-data", "instance-data.ec2.internal"})

_NUMBERS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")  # an IPv4 address, as `inet_aton` reads it
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
_NOT_A_SERVICE = frozenset({"", "dualstack", "fips", "vpce", "global"})
_EXECUTE_API = re.compile(
    r"[^.]+(-vpce-[^.]+)?\.execute-api(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws)"
)


def normalized(host: str) -> str:
    """A name or address in one spelling: small letters, ASCII, no brackets, no dot at the end; addresses as `ipaddress`
    prints them, an IPv4 address in IPv6 clothing as IPv4.
    """
    name = host.strip().strip("[]").lower().rstrip(".")
    if not name.isascii():
        name = _in_ascii(name)
    address = ip_of(name)
    return name if address is None else str(address)


def ip_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` spells, in any of the forms that the C library takes: `169.254.169.254`, `2852039166`,
    `0xA9FEA9FE`, `0251.0376.0251.0376`, `169.16689662`, `::ffff:169.254.169.254`. None for a name.
    """
    name = host.lower()
    if _NUMBERS.fullmatch(name):
        import socket

        try:
            found: IPv4Address = _addresses().IPv4Address(socket.inet_aton(name))
        except OSError:
            return None
        return found
    if ":" not in name:
        return None
    try:
        address: IPv6Address = _addresses().IPv6Address(name.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return _embedded(address) or address


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside: mapped (`::ffff:…`), compatible (`::…`), by NAT64 (`64:ff9b::…`) or 6to4 (`2002:…`)."""
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return address.ipv4_mapped or address.sixtofour
    number = int(address)
    if number >> 32 == 0x64FF9B << 64 or (number >> 32 == 0 and number > 0xFFFF):
        inner: IPv4Address = _addresses().IPv4Address(number & 0xFFFFFFFF)
        return inner
    return None


def _addresses() -> Any:
    import ipaddress  # here: a worker's start does not wait for it

    return ipaddress


def _in_ascii(name: str) -> str:
    """What name resolution would ask for: full-width letters and dots are letters and dots."""
    import unicodedata

    return unicodedata.normalize("NFKC", name).lower().replace("\u3002", ".").rstrip(".")


def is_metadata_host(host: str) -> bool:
    """Whether `host` is the metadata service of a machine or container on AWS."""
    name = normalized(host)
    return name in _METADATA_NAMES or name in _METADATA_ADDRESSES


def is_aws_host(host: str) -> bool:
    """Whether `host` (name or address, no port) is AWS's: under one of its suffixes, or its metadata service."""
    name = normalized(host)
    return ("." + name).endswith(AWS_SUFFIXES) or name in _METADATA_NAMES or name in _METADATA_ADDRESSES


def is_execute_api_host(host: str) -> bool:
    """Whether `host` is the domain of an API Gateway API, `{apiId}.execute-api.{region}.amazonaws.com`."""
    return _EXECUTE_API.fullmatch(normalized(host)) is not None


def service_of(host: str) -> str:
    """The service as its host spells it: `dynamodb` for `dynamodb.us-east-1.amazonaws.com`, `s3` for a bucket's."""
    name = "." + normalized(host)
    if is_metadata_host(host):
        return "instance metadata"
    for suffix in sorted(AWS_SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            name = name.removesuffix(suffix)
            break
    labels = [label for label in name.split(".") if label not in _NOT_A_SERVICE and not _REGION.fullmatch(label)]
    return labels[-1] if labels else "(unknown service)"
