"""The environment variables of the five functions: the contract between the handlers and whoever deploys them.

| variable | meaning | needed by |
|--|--|--|
| CONNECTIONS_TABLE | name of the Connections table | all |
| MESSAGES_TABLE | name of the Messages table | all |
| MANAGEMENT_ENDPOINT | `https://{api}.execute-api.{region}.amazonaws.com/{stage}` | all but Connect |
| TOKEN_SECRET_PARAMETER | name of an SSM SecureString with the signing secret, read once | Connect, Message |
| TOKEN_SECRET | the secret itself, at least 16 bytes; laptop and tests only | instead of the above |
| SIGN_IN | who is let in: `guest`, `jwt-hs256`, `jwt-rs256`, or `guest,` and one of these. Default `guest` | Connect |
| JWT_ISSUER | the `iss` that tokens must have | Connect, with a jwt mode |
| JWT_AUDIENCE | the `aud`, or `client_id`, that tokens must have | Connect, with a jwt mode |
| JWT_JWKS_URL | where the issuer's keys are. Default `{JWT_ISSUER}/.well-known/jwks.json` | Connect, with jwt-rs256 |
| JWT_ADMIN_CLAIM | `claim=value` that makes an admin, as `cognito:groups=chat-admins`. Default: nobody is | Connect |
| ALLOWED_ORIGINS | comma list of exact origins; `*`: any; `missing`: clients that send none. Default: none | Connect |
| ALLOW_QUERY_TOKEN | `1`: `?token=` is accepted too (it ends up in access logs). Default `0` | Connect |
| DEFAULT_ROOM | room of those who name none. Default `general` | Connect, Message |
| FANOUT_FUNCTION | name of FanoutLambda; empty: every fan-out is inline | Message, Disconnect, Sweep, Fanout |
| INLINE_FANOUT_LIMIT | receivers up to which a fan-out is inline. Default 150 | Message, Disconnect, Sweep, Fanout |
| RETENTION_DAYS | messages expire after so many days, 2 at least. Default empty: kept for ever | Message, Sweep |
| RATE_PER_MIN | messages per minute and user, reads ten times that; 0: no limit. Default 60 | Connect, Message |
| RATE_BURST | how many of them at once, reads four times that. Default 30 | Message |
| LOG_LEVEL | `INFO`: a line per invocation; `WARNING`: failures only. Default `INFO` | all |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pingbox_core import names
from pingbox_core.identity import tokens
from pingbox_core.identity.jwt import Algorithm, Issuer
from pingbox_core.rate import Rate

LogLevel = Literal["INFO", "WARNING"]
DEFAULT_RATE: Final = Rate(per_minute=60, burst=30)
SIGN_IN_VARIABLES: Final = ("SIGN_IN", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS_URL", "JWT_ADMIN_CLAIM")
_ALGORITHMS: Final[Mapping[str, Algorithm]] = {"jwt-hs256": "HS256", "jwt-rs256": "RS256"}
_SECRET_BYTES: Final = 16
_SHORTEST_RETENTION: Final = 2  # days: the sweep notes every room's head daily, before its rows can expire


class BadEnvironmentError(RuntimeError):
    """A variable is missing or wrong. The message names it and never holds a secret's value."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"environment variable {variable} {problem}")
        self.variable = variable


@dataclass(frozen=True)
class Settings:
    """The variables above, checked. `token_secret` and `token_secret_parameter`: one of them, or neither."""

    connections_table: str
    messages_table: str
    management_endpoint: str | None = None
    fanout_function: str | None = None
    token_secret_parameter: str | None = None
    token_secret: bytes | None = None
    allowed_origins: frozenset[str] = frozenset()
    allow_query_token: bool = False
    guests: bool = True
    issuer: Issuer | None = None
    jwks_url: str | None = None
    default_room: str = "general"
    inline_fanout_limit: int = 150
    retention_days: int | None = None
    rate: Rate = DEFAULT_RATE
    log_level: LogLevel = "INFO"

    def __repr__(self) -> str:  # the secret must not end up in a log by way of a traceback
        return f"Settings({self.connections_table}, {self.messages_table}, {self.management_endpoint})"


def from_environment(environment: Mapping[str, str], *, secret: bool = False, management: bool = False) -> Settings:
    """Read and check. `secret`, `management`: this function cannot do without. Raises `BadEnvironmentError`."""
    read = _Reader(environment)
    guests, algorithm = read.auth("SIGN_IN")
    issuer = None if algorithm is None else read.issuer(algorithm)
    settings = Settings(
        connections_table=read.required("CONNECTIONS_TABLE", "the name of the Connections table"),
        messages_table=read.required("MESSAGES_TABLE", "the name of the Messages table"),
        management_endpoint=read.endpoint("MANAGEMENT_ENDPOINT", required=management),
        fanout_function=read.text("FANOUT_FUNCTION"),
        token_secret_parameter=read.text("TOKEN_SECRET_PARAMETER"),
        token_secret=read.secret("TOKEN_SECRET"),
        allowed_origins=frozenset(o for o in map(str.strip, (read.text("ALLOWED_ORIGINS") or "").split(",")) if o),
        allow_query_token=read.switch("ALLOW_QUERY_TOKEN"),
        guests=guests,
        issuer=issuer,
        jwks_url=read.jwks_url(issuer) if algorithm == "RS256" else None,
        default_room=read.room("DEFAULT_ROOM", "general"),
        inline_fanout_limit=read.whole("INLINE_FANOUT_LIMIT", 150, 0),
        retention_days=read.whole("RETENTION_DAYS", 0, _SHORTEST_RETENTION, or_empty=True) or None,
        rate=Rate(
            read.whole("RATE_PER_MIN", DEFAULT_RATE.per_minute, 0), read.whole("RATE_BURST", DEFAULT_RATE.burst, 1)
        ),
        log_level=read.log_level("LOG_LEVEL"),
    )
    if secret and settings.token_secret is None and settings.token_secret_parameter is None:
        raise BadEnvironmentError("TOKEN_SECRET_PARAMETER", "is missing; expected the name of an SSM SecureString")
    return settings


class _Reader:
    """One method per kind of value; an empty variable is an absent one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, variable: str) -> str | None:
        return self._environment.get(variable, "").strip() or None

    def required(self, variable: str, what: str) -> str:
        value = self.text(variable)
        if value is None:
            raise BadEnvironmentError(variable, f"is missing; expected {what}")
        return value

    def endpoint(self, variable: str, *, required: bool) -> str | None:
        what = "https://{api}.execute-api.{region}.amazonaws.com/{stage}"
        value = self.required(variable, what) if required else self.text(variable)
        if value is not None and not value.startswith(("https://", "http://")):
            raise BadEnvironmentError(variable, f"is {value!r}; expected {what}")
        return value

    def secret(self, variable: str) -> bytes | None:
        value = self.text(variable)
        if value is not None and len(value.encode()) < _SECRET_BYTES:
            raise BadEnvironmentError(variable, f"is too short; expected at least {_SECRET_BYTES} random bytes")
        return None if value is None else value.encode()

    def auth(self, variable: str) -> tuple[bool, Algorithm | None]:
        """Whether guests are let in, and how an issuer's tokens are signed; None: none are taken."""
        modes = {mode.strip() for mode in (self.text(variable) or "guest").split(",")}
        if not modes <= {"guest", *_ALGORITHMS} or len(modes - {"guest"}) > 1:
            known = "guest, jwt-hs256 or jwt-rs256, or guest and one of these"
            raise BadEnvironmentError(variable, f"is {self.text(variable)!r}; expected {known}")
        algorithm = next((_ALGORITHMS[mode] for mode in modes if mode != "guest"), None)
        return "guest" in modes, algorithm

    def issuer(self, algorithm: Algorithm) -> Issuer:
        admin = self.text("JWT_ADMIN_CLAIM")
        claim, equals, value = (admin or "").partition("=")
        if admin is not None and not (claim and equals and value):
            raise BadEnvironmentError("JWT_ADMIN_CLAIM", f"is {admin!r}; expected claim=value")
        audience = self.required("JWT_AUDIENCE", "the audience of the issuer's tokens")
        if audience == tokens.AUDIENCE:
            raise BadEnvironmentError("JWT_AUDIENCE", f"is {audience!r}, which is the audience of guests' own tokens")
        issuer = self.required("JWT_ISSUER", "the iss of the issuer's tokens")
        return Issuer(algorithm, issuer, audience, (claim, value) if admin else None)

    def jwks_url(self, issuer: Issuer | None) -> str:
        default = "" if issuer is None else f"{issuer.issuer.rstrip('/')}/.well-known/jwks.json"
        url = self.text("JWT_JWKS_URL") or default
        if not url.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):
            raise BadEnvironmentError("JWT_JWKS_URL", f"is {url!r}; expected an https address")
        return url

    def switch(self, variable: str) -> bool:
        value = self.text(variable) or "0"
        if value not in ("0", "1"):
            raise BadEnvironmentError(variable, f"is {value!r}; expected 0 or 1")
        return value == "1"

    def room(self, variable: str, default: str) -> str:
        value = self.text(variable) or default
        if not names.is_public_room(value):
            raise BadEnvironmentError(variable, f"is {value!r}; expected a room id such as {default!r}")
        return value

    def whole(self, variable: str, default: int, lowest: int, *, or_empty: bool = False) -> int:
        value = self.text(variable)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and int(value) >= lowest):
            empty = " or nothing" if or_empty else ""
            raise BadEnvironmentError(variable, f"is {value!r}; expected a whole number from {lowest} on{empty}")
        return int(value)

    def log_level(self, variable: str) -> LogLevel:
        match self.text(variable) or "INFO":
            case "INFO":
                return "INFO"
            case "WARNING":
                return "WARNING"
            case value:
                raise BadEnvironmentError(variable, f"is {value!r}; expected INFO or WARNING")
