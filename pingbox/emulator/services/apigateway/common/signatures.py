"""Signed handshakes, `AWS_IAM` (AU-21): all of Signature Version 4 that can be judged without the secret key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pingbox.emulator.services.apigateway.websocket import error_frames
from pingbox.emulator.services.apigateway.websocket.connect_route import Refuse
from pingbox.emulator.services.apigateway.websocket.handshake_request import HandshakeRequest
from pingbox.model.partitions import partition_of

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*SignedHeaders=[^,\s]+\s*,\s*Signature=[0-9a-f]{64}"
)
_CREDENTIAL = re.compile(r"(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/execute-api/aws4_request")
_QUERY = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
# Seconds that the clocks of client and service may differ, and that a signature without X-Amz-Expires lasts.
_TOLERANCE = 5 * 60


@dataclass(frozen=True)
class _Signed:
    credential: str
    date: str
    lasts: str


def check_signature(request: HandshakeRequest, account_id: str, now: float) -> Mapping[str, str] | Refuse:
    """What a signature adds to the identity, or 403 without a well-formed and valid one (AU-21, AU-23).

    Its form and its time are checked (algorithm, credential scope of `execute-api`, signed headers, 64 hex digits,
    date, expiry), in the header or in the query. The signature itself is not: nobody knows here which secret belongs
    to an access key. `now` in seconds since the epoch.
    """
    signed = _from_header(request) or _from_query(request)
    if signed is None:
        return _refused("no signature in the Authorization header or in the query")
    credential = _CREDENTIAL.fullmatch(signed.credential)
    if credential is None:
        return _refused("the signature's credential scope is not KEY/DATE/REGION/execute-api/aws4_request")
    problem = _problem_of_time(signed, credential["day"], now)
    if problem is not None:
        return _refused(problem)
    key = credential["key"]
    arn = f"arn:{partition_of(credential['region'])}:iam::{account_id}:user/{key}"
    return {"accountId": account_id, "caller": key, "user": key, "userArn": arn, "accessKey": key}


def _from_header(request: HandshakeRequest) -> _Signed | None:
    found = _HEADER.fullmatch(request.header("authorization") or "")
    if found is None:
        return None
    return _Signed(found["credential"], request.header("x-amz-date") or "", str(_TOLERANCE))


def _from_query(request: HandshakeRequest) -> _Signed | None:
    query = request.query_values()
    if query.get("X-Amz-Algorithm") != ["AWS4-HMAC-SHA256"] or any(not query.get(name) for name in _QUERY):
        return None
    if not re.fullmatch(r"[0-9a-f]{64}", query["X-Amz-Signature"][-1]):
        return None
    lasts = query.get("X-Amz-Expires", [str(_TOLERANCE)])[-1]
    return _Signed(query["X-Amz-Credential"][-1], query["X-Amz-Date"][-1], lasts)


def _problem_of_time(signed: _Signed, day: str, now: float) -> str | None:
    try:
        at = datetime.strptime(signed.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return f"the signature's X-Amz-Date is {signed.date[:20]!r}, expected YYYYMMDDTHHMMSSZ"
    if not signed.date.startswith(day):
        return f"the signature's credential scope is of {day}, its X-Amz-Date is {signed.date}"
    if not re.fullmatch(r"\d{1,6}", signed.lasts):
        return f"the signature's X-Amz-Expires is {signed.lasts[:20]!r}, expected seconds"
    clock = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ} by the emulator's clock"
    if now > at + int(signed.lasts):
        expired = f"the signature of {signed.date} has expired after {signed.lasts} s"
        return f"{expired}; it is {clock}: sign each handshake anew"
    if now < at - _TOLERANCE:
        return f"the signature of {signed.date} is not yet valid; it is {clock}"
    return None


def _refused(cause: str) -> Refuse:
    return Refuse(403, error_frames.FORBIDDEN, f"AWS_IAM: {cause}")
