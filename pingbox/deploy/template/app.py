"""The chat as an `App`: its routes, functions, tables, and what each function may touch.

The grants follow the calls of the handlers. A test takes each away in turn and sees the function fail, so nothing
here is a guess; whoever adds a call to a handler adds the grant here.
"""

from __future__ import annotations

from pingbox.deploy.template.model import (
    CONNECT,
    DEFAULT,
    DISCONNECT,
    App,
    Function,
    Grant,
    Index,
    Key,
    OnConnections,
    OnFailures,
    OnFunction,
    OnIndex,
    OnOwnLogs,
    OnSecret,
    OnTable,
    Route,
    Site,
    Table,
)

API_NAME = "ServerlessChatAPI"
RETAINING_STAGE = "prod"

CONNECTIONS = Table("Connections", Key("topic"), Key("connectionId"), ttl="expiresAt", durable=False)
DIRECTORY = Index("Directory", Key("listed"), Key("roomId"), include=("title", "topic", "createdAt"))
MESSAGES = Table("Messages", Key("roomId"), Key("seq", "N"), ttl="expiresAt", durable=True, indexes=(DIRECTORY,))

_LOGS = Grant(OnOwnLogs(), ("logs:CreateLogStream", "logs:PutLogEvents"))
_POST = Grant(OnConnections("POST"), ("execute-api:ManageConnections",))
_GET = Grant(OnConnections("GET"), ("execute-api:ManageConnections",))
_HANG_UP = Grant(OnConnections("DELETE"), ("execute-api:ManageConnections",))
_SECRET = Grant(OnSecret(), ("ssm:GetParameter",))
_CATCH = Grant(OnFailures(), ("sqs:SendMessage",))


def _connections(*calls: str) -> Grant:
    return Grant(OnTable("Connections"), tuple(f"dynamodb:{call}" for call in calls))


def _messages(*calls: str) -> Grant:
    return Grant(OnTable("Messages"), tuple(f"dynamodb:{call}" for call in calls))


_ALWAYS = ("CONNECTIONS_TABLE", "MESSAGES_TABLE", "MANAGEMENT_ENDPOINT", "LOG_LEVEL")

FUNCTIONS = (
    Function(
        "ConnectLambda",
        "pingbox.handlers.connect.lambda_handler",
        (_connections("PutItem", "UpdateItem", "Query"), _messages("GetItem"), _SECRET, _LOGS),
        environment=(*_ALWAYS, "TOKEN_SECRET_PARAMETER", "ALLOWED_ORIGINS", "DEFAULT_ROOM"),
    ),
    Function(
        "DisconnectLambda",
        "pingbox.handlers.disconnect.lambda_handler",
        (_connections("DeleteItem", "GetItem", "Query", "BatchWriteItem"), _messages("UpdateItem"), _POST, _LOGS),
        environment=_ALWAYS,
    ),
    Function(
        "MessageLambda",
        "pingbox.handlers.message.lambda_handler",
        (
            _connections("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchWriteItem"),
            _messages("GetItem", "PutItem", "UpdateItem", "Query", "BatchGetItem"),
            Grant(OnIndex("Messages", "Directory"), ("dynamodb:Query",)),
            _POST,
            _HANG_UP,
            Grant(OnFunction("FanoutLambda"), ("lambda:InvokeFunction",)),
            _SECRET,
            _LOGS,
        ),
        timeout=20,
        environment=(
            *_ALWAYS,
            "FANOUT_FUNCTION",
            "TOKEN_SECRET_PARAMETER",
            "DEFAULT_ROOM",
            "INLINE_FANOUT_LIMIT",
            "RETENTION_DAYS",
        ),
    ),
    Function(
        "FanoutLambda",
        "pingbox.handlers.fanout.lambda_handler",
        (_connections("DeleteItem", "GetItem", "BatchWriteItem"), _POST, _CATCH, _LOGS),
        timeout=20,
        asynchronous=True,
        environment=_ALWAYS,
    ),
    Function(
        "SweepLambda",
        "pingbox.handlers.sweep.lambda_handler",
        (
            _connections("Scan", "DeleteItem", "GetItem", "Query", "BatchWriteItem"),
            _messages("UpdateItem", "Query"),
            _GET,
            _POST,
            _CATCH,
            _LOGS,
        ),
        timeout=60,
        asynchronous=True,
        schedule="rate(5 minutes)",
        environment=(*_ALWAYS, "RETENTION_DAYS"),
    ),
)

ROUTES = (
    Route(CONNECT, "ConnectLambda"),
    Route(DISCONNECT, "DisconnectLambda"),
    Route("sendMessage", "MessageLambda"),
    Route(DEFAULT, "MessageLambda"),
)


def chat(stage: str = "dev", site: Site = Site.WEBSITE) -> App:
    """The chat on one stage. Stage `prod` retains its messages; any other stage is gone when it is destroyed."""
    return App(
        api_name=API_NAME,
        stage=stage,
        routes=ROUTES,
        functions=FUNCTIONS,
        tables=(CONNECTIONS, MESSAGES),
        site=site,
        retain_data=stage == RETAINING_STAGE,
        description=f"PingBox chat, stage {stage}, page by {site.value}",
    )
