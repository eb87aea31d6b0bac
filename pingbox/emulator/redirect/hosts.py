"""Which host names belong to AWS, and to which of its services."""

from __future__ import annotations

import re

# The DNS suffixes of every AWS partition (botocore's partitions.json, IPv4 and dual stack), and newer service roots.
_SUFFIXES = (
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
)

# Where machines on AWS hand out the keys of their role.
_METADATA = frozenset({"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"})

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
_NOT_A_SERVICE = frozenset({"dualstack", "fips", "vpce", "global"})
_EXECUTE_API = re.compile(
    r"[^.]+(-vpce-[^.]+)?\.execute-api(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws)"
)


def is_aws_host(host: str) -> bool:
    """Whether `host` (name or address, no port) is AWS's: under one of its suffixes, or its metadata service."""
    name = host.rstrip(".").lower()
    return name.endswith(_SUFFIXES) or name in _METADATA


def is_execute_api_host(host: str) -> bool:
    """Whether `host` is the domain of an API Gateway API, `{apiId}.execute-api.{region}.amazonaws.com`."""
    return _EXECUTE_API.fullmatch(host.rstrip(".").lower()) is not None


def service_of(host: str) -> str:
    """The service as its host spells it: `dynamodb` for `dynamodb.us-east-1.amazonaws.com`, `s3` for a bucket's."""
    name = host.rstrip(".").lower()
    if name in _METADATA:
        return "instance metadata"
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            name = name.removesuffix(suffix)
            break
    labels = [label for label in name.split(".") if label not in _NOT_A_SERVICE and not _REGION.fullmatch(label)]
    return labels[-1] if labels else "(unknown service)"
