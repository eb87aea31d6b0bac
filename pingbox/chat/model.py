"""The app to be deployed, as inert values in the words of the field. Nothing here knows CloudFormation's spelling.

`app.py` fills these in for the chat, `render.py` and its neighbours turn them into a template.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"


class Site(Enum):
    """How the page is served."""

    WEBSITE = "website"
    """S3 static website hosting: public bucket, HTTP only."""
    CLOUDFRONT = "cloudfront"
    """CloudFront before a private bucket: HTTPS, security headers."""


@dataclass(frozen=True)
class ChatKey:
    """A key attribute. `type` is DynamoDB's letter: `S` text, `N` number, `B` bytes."""

    name: str
    type: str = "S"


@dataclass(frozen=True)
class ChatIndex:
    """A global secondary index that carries the keys and the `include` attributes."""

    name: str
    partition: ChatKey
    sort: ChatKey
    include: tuple[str, ...]


@dataclass(frozen=True)
class ChatTable:
    """An on-demand table. `durable` data gets point-in-time recovery and is retained on protected stages."""

    name: str
    partition: ChatKey
    sort: ChatKey
    ttl: str
    durable: bool
    indexes: tuple[ChatIndex, ...] = ()


# What a grant may point at. Each becomes exactly one ARN.


@dataclass(frozen=True)
class OnTable:
    """The table itself. Its indexes are not included: an index needs `OnIndex`, or the query fails at run time."""

    table: str


@dataclass(frozen=True)
class OnIndex:
    """One index of a table."""

    table: str
    index: str


@dataclass(frozen=True)
class OnConnections:
    """This API's and stage's `@connections`. `method` is POST to send, GET to look, DELETE to disconnect."""

    method: str


@dataclass(frozen=True)
class OnFunction:
    """Another function of the app."""

    function: str


@dataclass(frozen=True)
class OnSecret:
    """The SSM parameter that holds the token secret."""


@dataclass(frozen=True)
class OnFailures:
    """The queue that keeps events whose asynchronous invocation failed for good."""


@dataclass(frozen=True)
class OnOwnLogs:
    """The function's own log group."""


GrantTarget = OnTable | OnIndex | OnConnections | OnFunction | OnSecret | OnFailures | OnOwnLogs


@dataclass(frozen=True)
class Grant:
    """A function may call these IAM actions on this one target."""

    target: GrantTarget
    actions: tuple[str, ...]


@dataclass(frozen=True)
class ChatFunction:
    """One Lambda function, its own role, its own log group.

    `timeout` is in seconds; a routed function must stay at or below 29 (API Gateway gives up then).
    `asynchronous` functions are invoked as events: they get two attempts and then the queue of failures.
    `schedule` is an EventBridge expression such as `rate(5 minutes)`, or None.
    """

    name: str
    handler: str
    grants: tuple[Grant, ...]
    timeout: int = 10
    memory: int = 256
    asynchronous: bool = False
    schedule: str | None = None
    environment: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """`ConnectLambda` -> `Connect`: the stem of its role's, log group's and permission's logical ids."""
        return self.name.removesuffix("Lambda")


@dataclass(frozen=True)
class ChatRoute:
    """One route key of the WebSocket API and the function that answers it."""

    route_key: str
    function: str

    @property
    def stem(self) -> str:
        """`$connect` -> `Connect`, `sendMessage` -> `SendMessage`."""
        word = self.route_key.removeprefix("$")
        return word[:1].upper() + word[1:]


@dataclass(frozen=True)
class ChatStack:
    """Everything one stage of the app consists of."""

    api_name: str
    stage: str
    routes: tuple[ChatRoute, ...]
    functions: tuple[ChatFunction, ...]
    tables: tuple[ChatTable, ...]
    site: Site
    retain_data: bool
    runtime: str = "python3.13"
    architecture: str = "arm64"
    route_selection_expression: str = "$request.body.action"
    description: str = field(default="")

    @property
    def routed(self) -> tuple[ChatFunction, ...]:
        """The functions behind at least one route, in order."""
        named = {route.function for route in self.routes}
        return tuple(function for function in self.functions if function.name in named)
