"""The environment variables, and handlers as Lambda loads them (handlers/settings.py)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pingbox.handlers import connect, disconnect, fanout, message, sweep
from pingbox.handlers.environment import fanout_invoker, json_lines, secret_reader
from pingbox.handlers.settings import BadEnvironmentError, Settings, from_environment
from pingbox_core.identity.jwt import Issuer
from pingbox_core.rate import Rate
from support.chat.world import SECRET

WHOLE = {
    "CONNECTIONS_TABLE": "C",
    "MESSAGES_TABLE": "M",
    "MANAGEMENT_ENDPOINT": "https://abc.execute-api.eu-west-1.amazonaws.com/dev",
    "TOKEN_SECRET_PARAMETER": "/pingbox/dev/token-secret",
    "FANOUT_FUNCTION": "Fanout",
    "ALLOWED_ORIGINS": "https://a.example, https://b.example",
    "ALLOW_QUERY_TOKEN": "1",
    "DEFAULT_ROOM": "lobby",
    "INLINE_FANOUT_LIMIT": "10",
    "RETENTION_DAYS": "30",
    "RATE_PER_MIN": "600",
    "RATE_BURST": "20",
    "LOG_LEVEL": "WARNING",
}


def test_every_variable_is_read() -> None:
    settings = from_environment(WHOLE, secret=True, management=True)
    assert settings.allowed_origins == {"https://a.example", "https://b.example"}
    assert (settings.default_room, settings.inline_fanout_limit, settings.retention_days) == ("lobby", 10, 30)
    assert (settings.rate, settings.log_level, settings.allow_query_token) == (Rate(600, 20), "WARNING", True)
    assert (settings.fanout_function, settings.token_secret) == ("Fanout", None)


def test_what_has_a_default_may_be_missing_or_empty() -> None:
    settings = from_environment({"CONNECTIONS_TABLE": "C", "MESSAGES_TABLE": "M", "FANOUT_FUNCTION": " "})
    assert (settings.fanout_function, settings.retention_days, settings.inline_fanout_limit) == (None, None, 150)
    assert (settings.rate, settings.default_room, settings.allowed_origins) == (Rate(60, 30), "general", frozenset())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONNECTIONS_TABLE", ""),
        ("MESSAGES_TABLE", None),
        ("MANAGEMENT_ENDPOINT", None),
        ("MANAGEMENT_ENDPOINT", "wss://abc/dev"),
        ("TOKEN_SECRET_PARAMETER", None),
        ("TOKEN_SECRET", "too short"),
        ("DEFAULT_ROOM", "No Room"),
        ("INLINE_FANOUT_LIMIT", "-1"),
        ("INLINE_FANOUT_LIMIT", "many"),
        ("RETENTION_DAYS", "1"),
        ("RATE_BURST", "0"),
        ("ALLOW_QUERY_TOKEN", "yes"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_what_is_wrong_is_named(variable: str, value: str | None) -> None:
    """The error names the variable and what was expected, and never a secret's value."""
    environment = {name: text for name, text in (WHOLE | {variable: value}).items() if text is not None}
    with pytest.raises(BadEnvironmentError, match=f"^environment variable {variable} .*expected") as raised:
        from_environment(environment, secret=True, management=True)
    assert "too short;" in str(raised.value) or value is None or variable != "TOKEN_SECRET"


def test_a_secret_is_never_shown() -> None:
    settings = from_environment(WHOLE | {"TOKEN_SECRET": SECRET.decode()})
    assert settings.token_secret == SECRET
    assert SECRET.decode() not in repr(settings)


def test_importing_the_handlers_needs_no_environment_and_no_boto3() -> None:
    """Ports are made at the first event outside of Lambda; importing stays cheap."""
    modules = ", ".join(module.__name__ for module in (connect, disconnect, message, fanout, sweep))
    code = f"import sys, {modules}; print('boto3' in sys.modules, callable(pingbox.handlers.sweep.lambda_handler))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.split() == ["False", "True"]


def test_in_lambda_a_bad_environment_fails_at_import() -> None:
    """There the ports are made in the init phase, for the first event's sake; the error names the variable."""
    code = "import pingbox.handlers.message"
    environment = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "AWS_REGION": "us-east-1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert "BadEnvironmentError: environment variable CONNECTIONS_TABLE is missing" in done.stderr


class Clients:
    """boto3 as far as a port asks for clients: their names, in order."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def client(self, service: str) -> Clients:
        self.made.append(service)
        return self

    def invoke(self, **_: object) -> None: ...


def test_the_client_for_large_rooms_is_made_for_the_first_of_them() -> None:
    """Most environments never see one, and it costs time at every cold start."""
    boto3 = Clients()
    invoke = fanout_invoker(boto3, "FanoutLambda")
    assert boto3.made == []
    for _ in range(2):
        invoke(b"{}")
    assert boto3.made == ["lambda"]


def test_the_client_for_the_secret_is_made_at_once() -> None:
    """In the init phase: the first guest would wait for it otherwise. Where the secret is at hand there is none."""
    boto3 = Clients()
    secret_reader(boto3, from_environment(WHOLE | {"TOKEN_SECRET_PARAMETER": "/p"}, secret=True))
    assert boto3.made == ["ssm"]
    secret_reader(boto3, from_environment(WHOLE | {"TOKEN_SECRET": SECRET.decode()}))
    secret_reader(boto3, from_environment({"CONNECTIONS_TABLE": "C", "MESSAGES_TABLE": "M"}))
    assert boto3.made == ["ssm"]


def test_the_zip_alone_is_enough() -> None:
    """Handlers import the core, boto3/botocore and the standard library, nothing else of the house."""
    code = (
        "import sys, pingbox.handlers.message, pingbox.handlers.sweep, pingbox.handlers.connect\n"
        "print([m for m in sys.modules if m.startswith('pingbox.') and not m.startswith('pingbox.handlers')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.strip() == "[]"


def test_the_log_writes_one_json_line_and_at_warning_only_failures() -> None:
    lines: list[str] = []
    json_lines("INFO", lines.append)({"function": "message", "ms": 3})
    json_lines("WARNING", lines.append)({"function": "message", "ms": 3})
    json_lines("WARNING", lines.append)({"function": "message", "error": "Traceback\n..."})
    assert lines == ['{"function":"message","ms":3}\n', '{"function":"message","error":"Traceback\\n..."}\n']


JWT = {"JWT_ISSUER": "https://issuer.example/", "JWT_AUDIENCE": "chat"}


def signing_in(**changes: str) -> Settings:
    return from_environment({"CONNECTIONS_TABLE": "C", "MESSAGES_TABLE": "M", **JWT, **changes})


def test_guests_are_let_in_by_default_and_nobody_else() -> None:
    settings = signing_in()
    assert (settings.guests, settings.issuer, settings.jwks_url) == (True, None, None)


def test_an_issuer_has_its_keys_where_issuers_have_them() -> None:
    """Cognito's are at this address too."""
    settings = signing_in(SIGN_IN="jwt-rs256", JWT_ADMIN_CLAIM="cognito:groups=chat-admins")
    assert settings.issuer == Issuer("RS256", "https://issuer.example/", "chat", ("cognito:groups", "chat-admins"))
    assert (settings.guests, settings.jwks_url) == (False, "https://issuer.example/.well-known/jwks.json")
    assert signing_in(SIGN_IN="jwt-rs256", JWT_JWKS_URL="https://keys.example").jwks_url == "https://keys.example"


def test_guests_and_an_issuer_go_together() -> None:
    settings = signing_in(SIGN_IN="guest, jwt-hs256")
    assert (settings.guests, settings.issuer and settings.issuer.algorithm, settings.jwks_url) == (True, "HS256", None)


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"SIGN_IN": "nobody"}, "SIGN_IN"),
        ({"SIGN_IN": "jwt-hs256,jwt-rs256"}, "SIGN_IN"),
        ({"SIGN_IN": "jwt-hs256", "JWT_ISSUER": ""}, "JWT_ISSUER"),
        ({"SIGN_IN": "jwt-hs256", "JWT_AUDIENCE": ""}, "JWT_AUDIENCE"),
        ({"SIGN_IN": "jwt-hs256", "JWT_AUDIENCE": "pingbox-guest"}, "JWT_AUDIENCE"),
        ({"SIGN_IN": "jwt-hs256", "JWT_ADMIN_CLAIM": "admins"}, "JWT_ADMIN_CLAIM"),
        ({"SIGN_IN": "jwt-rs256", "JWT_JWKS_URL": "http://keys.example"}, "JWT_JWKS_URL"),
        ({"SIGN_IN": "jwt-rs256", "JWT_ISSUER": "issuer.example"}, "JWT_JWKS_URL"),
        ({"SIGN_IN": "jwt-rs256", "JWT_JWKS_URL": "file:///etc/passwd"}, "JWT_JWKS_URL"),
    ],
)
def test_what_is_wrong_about_signing_in_is_named(changes: dict[str, str], variable: str) -> None:
    with pytest.raises(BadEnvironmentError) as bad:
        signing_in(**changes)
    assert bad.value.variable == variable
