"""Buckets: made private, emptied with every version, removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pingbox.deploy.aws.client import Aws
from pingbox.deploy.errors import AwsError

BATCH = 1000  # what one DeleteObjects takes


def create_private(aws: Aws, bucket: str, region: str) -> None:
    """A bucket for artifacts: private, no ACLs. S3 encrypts every object by itself.

    Nothing else is set: a permission to set an expiry or a key would let one stage make the artifacts of the others
    unusable. A bucket that another deploy of this account made a moment ago is used.
    """
    arguments: dict[str, Any] = {"Bucket": bucket, "ObjectOwnership": "BucketOwnerEnforced"}
    if region != "us-east-1":  # S3 refuses a location constraint for it
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": region}
    try:
        aws.call("s3", "create_bucket", **arguments)
    except AwsError as error:
        if error.code != "BucketAlreadyOwnedByYou":
            raise
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    aws.call(
        "s3",
        "put_public_access_block",
        Bucket=bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(blocked, True),
    )


def empty(aws: Aws, bucket: str) -> None:
    """Remove all objects, old versions and delete markers. A bucket that is not there is empty."""
    try:
        for batch in _batches(_versions(aws, bucket)):
            remove(aws, bucket, batch)
    except AwsError as error:
        if error.code != "NoSuchBucket":
            raise


def remove(aws: Aws, bucket: str, objects: list[dict[str, str]]) -> None:
    """Remove at most 1000 objects. `AwsError` if S3 kept one of them."""
    answer = aws.call("s3", "delete_objects", Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    for failure in answer.get("Errors", ()):
        raise AwsError("DeleteObjects", failure["Code"], f"{failure['Key']}: {failure.get('Message', '')}")


def remove_if_empty(aws: Aws, bucket: str) -> None:
    """Remove the bucket if nothing is in it: S3 deletes no full one. One that is gone is left alone."""
    try:
        aws.call("s3", "delete_bucket", Bucket=bucket)
    except AwsError as error:
        if error.code not in {"BucketNotEmpty", "NoSuchBucket"}:
            raise


def _versions(aws: Aws, bucket: str) -> Iterator[dict[str, str]]:
    """Every version and delete marker. The listing is read to its end before anything is removed from under it."""
    found: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = aws.call("s3", "list_object_versions", Bucket=bucket, **cursor)
        for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            found.append({"Key": entry["Key"], "VersionId": entry["VersionId"]})
        if not page.get("IsTruncated"):
            return iter(found)
        cursor = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _batches(objects: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    batch: list[dict[str, str]] = []
    for entry in objects:
        batch.append(entry)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
