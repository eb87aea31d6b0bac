"""Which part of AWS a region belongs to: its name in ARNs and its domain.

Source: AWS's IAM guide, "Amazon Resource Names"; botocore's `partitions.json`.
"""

from __future__ import annotations

_PARTITIONS = (("cn-", "aws-cn", "amazonaws.com.cn"), ("us-gov-", "aws-us-gov", "amazonaws.com"))


def partition_of(region: str) -> str:
    """`aws`, `aws-cn` or `aws-us-gov`."""
    return next((name for prefix, name, _ in _PARTITIONS if region.startswith(prefix)), "aws")


def url_suffix(region: str) -> str:
    """What the region's hosts end in (`AWS::URLSuffix`)."""
    return next((suffix for prefix, _, suffix in _PARTITIONS if region.startswith(prefix)), "amazonaws.com")
