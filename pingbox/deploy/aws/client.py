"""Every call to AWS goes through `Aws.call`, so that a test can replace it.

boto3 is imported when the first client is made, never by importing this module.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, Protocol

from pingbox.deploy.aws.stand_in import StandIn
from pingbox.deploy.errors import AwsError, DeployError, DeployRefusedError

Answer = dict[str, Any]


class Aws(Protocol):
    """What the deploy needs of AWS."""

    @property
    def region(self) -> str:
        """The region that calls go to."""
        ...

    @property
    def stand_in(self) -> StandIn | None:
        """What plays AWS, None for AWS itself."""
        ...

    def knows(self, service: str, operation: str, parameter: str) -> bool:
        """Whether this version of the client has the operation with this parameter; AWS adds some every month."""
        ...

    def call(self, service: str, operation: str, **arguments: Any) -> Answer:
        """One call, by boto3 names. `AwsError` if AWS refuses, `DeployRefusedError` without credentials or network."""
        ...


def pages(aws: Aws, service: str, operation: str, *, cursor: str = "NextToken", **arguments: Any) -> Iterator[Answer]:
    """Every page of a listing whose request and answer share the name of the continuation token."""
    answer = aws.call(service, operation, **arguments)
    yield answer
    while answer.get(cursor):
        answer = aws.call(service, operation, **arguments, **{cursor: answer[cursor]})
        yield answer


class Boto:
    """`Aws` by boto3. `profile` and `region` None mean what the environment and ~/.aws say."""

    def __init__(self, profile: str | None, region: str | None) -> None:
        """Reads the configuration; opens no connection. `DeployRefusedError` for an unknown profile or no region."""
        self._session = _session(profile, region)
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """The region that calls go to."""
        return str(self._session.region_name)

    @property
    def stand_in(self) -> StandIn | None:
        """What `AWS_ENDPOINT_URL` names."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        return StandIn(endpoint) if endpoint else None

    def knows(self, service: str, operation: str, parameter: str) -> bool:
        """Whether this version of botocore has the operation with this parameter."""
        meta = self._client(service).meta
        if operation not in meta.method_to_api_mapping:
            return False
        shape = meta.service_model.operation_model(meta.method_to_api_mapping[operation]).input_shape
        return shape is not None and parameter in shape.members

    def call(self, service: str, operation: str, **arguments: Any) -> Answer:
        """One call; see `Aws.call`."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        client = self._client(service)
        try:
            answer: Answer = getattr(client, operation)(**arguments)
        except ClientError as error:
            raise _answered(error) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise _unanswered(error) from error
        return answer

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            from botocore.config import Config

            config = Config(
                retries={"mode": "standard", "total_max_attempts": 5},
                connect_timeout=5,
            )
            client = self._made(service, config)
            if service == "s3control" and self.stand_in:
                client.meta.events.register("before-sign.s3-control", _without_account)
            self._clients[service] = client
        return self._clients[service]

    def _made(self, service: str, config: Any) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            return self._session.client(service, config=config)
        except BotoCoreError as error:
            raise _unanswered(error) from error
        except ValueError as error:  # botocore's word for an endpoint, or a region, that no host can have
            raise DeployRefusedError(
                "the address of AWS",
                str(error),
                "a URL like http://127.0.0.1:4566, a region like eu-central-1",
                "check AWS_ENDPOINT_URL and --region, or unset the former to reach AWS itself",
            ) from error


def _without_account(request: Any, **_: Any) -> None:
    """S3 Control puts the account's number before the host, which a stand-in for AWS on one address cannot have."""
    request.url = re.sub(r"://\d{12}\.", "://", request.url)


def _session(profile: str | None, region: str | None) -> Any:
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise _unanswered(error) from error
    if session.region_name is None:
        raise DeployRefusedError(
            "the region", "none", "one like eu-central-1", "pass --region, or set AWS_REGION or the profile's region"
        )
    return session


def _answered(error: Any) -> DeployError:
    detail = error.response.get("Error", {})
    code = str(detail.get("Code", "unknown"))
    if code in {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}:
        return DeployRefusedError("the AWS credentials", code, "ones that are still valid", "sign in again and repeat")
    if code in {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure"}:
        return DeployRefusedError(
            "the AWS credentials",
            f"not known in this region ({code})",
            "credentials of an account in which the region is switched on",
            "check `aws sts get-caller-identity`; a region that is off is switched on in the account's settings",
        )
    return AwsError(error.operation_name, code, str(detail.get("Message", error)))


def _unanswered(error: Any) -> DeployRefusedError:
    """No answer at all: credentials, configuration or network."""
    name = type(error).__name__
    if name in {"NoCredentialsError", "PartialCredentialsError"}:
        return DeployRefusedError(
            "the AWS credentials",
            "none" if name == "NoCredentialsError" else str(error),
            "a profile, AWS_ACCESS_KEY_ID, or a role",
            "run `aws configure` or pass --profile; `--dry-run` needs none",
        )
    if name == "ProfileNotFound":
        return DeployRefusedError(
            "the profile", str(error), "one of ~/.aws/config", "see `aws configure list-profiles`"
        )
    if "SSO" in name or "Token" in name:
        return DeployRefusedError("the AWS sign-in", str(error), "a session that is still valid", "run `aws sso login`")
    return DeployRefusedError(
        "AWS", f"{name}: {error}", "an answer", "check the region's name, the network and AWS_ENDPOINT_URL"
    )
