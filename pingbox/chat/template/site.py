"""The page's bucket, public as a website or private behind CloudFront."""

from __future__ import annotations

from typing import Any, assert_never

from pingbox.chat.model import Site
from pingbox.chat.template.entries import ResourceEntry
from pingbox.chat.template.intrinsics import Value, get_att, ref, sub

BUCKET = "SiteBucket"
# AWS's managed policy "CachingOptimized": honours the objects' own Cache-Control.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
# CloudFront has one name space for all regions of an account, so the region is part of the name.
ACCOUNT_WIDE_NAME = "${AWS::StackName}-${AWS::Region}-site"
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' wss://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def site_resources(site: Site) -> tuple[ResourceEntry, ...]:
    """The bucket and what stands before it."""
    match site:
        case Site.WEBSITE:
            return _website()
        case Site.CLOUDFRONT:
            return _behind_cloudfront()
        case _:
            assert_never(site)


def _website() -> tuple[ResourceEntry, ...]:
    """Public read by policy, never by ACL. Since April 2023 the two policy blocks have to be lifted explicitly."""
    access = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    website = {"WebsiteConfiguration": {"IndexDocument": "index.html", "ErrorDocument": "index.html"}}
    return _bucket(access, website), _bucket_policy(_read_by_everyone())


def _behind_cloudfront() -> tuple[ResourceEntry, ...]:
    """Private bucket with all four blocks on; only this distribution may read it."""
    access = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    return (
        _bucket(access, {}),
        _bucket_policy(_read_by_distribution()),
        _access_control(),
        _response_headers(),
        _distribution(),
    )


def _bucket(access: dict[str, bool], website: dict[str, Any]) -> ResourceEntry:
    properties = {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": access,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        **website,
    }
    return ResourceEntry(BUCKET, "AWS::S3::Bucket", properties, keep=False)


def _bucket_policy(statement: dict[str, Value]) -> ResourceEntry:
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return ResourceEntry(
        "SiteBucketPolicy", "AWS::S3::BucketPolicy", {"Bucket": ref(BUCKET), "PolicyDocument": document}
    )


def _read_by_everyone() -> dict[str, Value]:
    return {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": sub(f"${{{BUCKET}.Arn}}/*")}


def _read_by_distribution() -> dict[str, Value]:
    source = sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${SiteDistribution}")
    return {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": sub(f"${{{BUCKET}.Arn}}/*"),
        "Condition": {"StringEquals": {"AWS:SourceArn": source}},
    }


def _access_control() -> ResourceEntry:
    config = {
        "Name": sub(ACCOUNT_WIDE_NAME),
        "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    return ResourceEntry(
        "SiteAccessControl", "AWS::CloudFront::OriginAccessControl", {"OriginAccessControlConfig": config}
    )


def _response_headers() -> ResourceEntry:
    """The headers that the laptop's server sends as well, and HSTS, which only HTTPS can."""
    security = {
        "ContentSecurityPolicy": {"ContentSecurityPolicy": sub(CONTENT_POLICY), "Override": True},
        "ContentTypeOptions": {"Override": True},
        "FrameOptions": {"FrameOption": "DENY", "Override": True},
        "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True},
        "StrictTransportSecurity": {"AccessControlMaxAgeSec": 31_536_000, "Override": True},
    }
    isolation = [
        {"Header": f"Cross-Origin-{name}-Policy", "Value": "same-origin", "Override": True}
        for name in ("Opener", "Resource")
    ]
    config = {
        "Name": sub(ACCOUNT_WIDE_NAME),
        "SecurityHeadersConfig": security,
        "CustomHeadersConfig": {"Items": isolation},
    }
    return ResourceEntry(
        "SiteHeaders", "AWS::CloudFront::ResponseHeadersPolicy", {"ResponseHeadersPolicyConfig": config}
    )


def _distribution() -> ResourceEntry:
    """S3OriginConfig has to be there, empty, with the access control: the schema does not say so."""
    origin = {
        "Id": "site",
        "DomainName": get_att(BUCKET, "RegionalDomainName"),
        "OriginAccessControlId": get_att("SiteAccessControl", "Id"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    behavior = {
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": CACHING_OPTIMIZED,
        "ResponseHeadersPolicyId": ref("SiteHeaders"),
        "Compress": True,
    }
    config = {
        "Enabled": True,
        "Comment": sub("${AWS::StackName}"),
        "DefaultRootObject": "index.html",
        "HttpVersion": "http2and3",
        "PriceClass": "PriceClass_100",
        "Origins": [origin],
        "DefaultCacheBehavior": behavior,
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
    }
    return ResourceEntry("SiteDistribution", "AWS::CloudFront::Distribution", {"DistributionConfig": config})
