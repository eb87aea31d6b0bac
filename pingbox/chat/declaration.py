"""The chat as an `App`: its routes, functions, tables, and what each function may touch.

The grants follow the calls of the handlers. A test takes each away in turn and sees the function fail, so nothing
here is a guess; whoever adds a call to a handler adds the grant here.
"""

from __future__ import annotations

from pingbox.chat.model import (
    CONNECT,
    DEFAULT,
    DISCONNECT,
    ChatFunction,
    ChatIndex,
    ChatKey,
    ChatRoute,
    ChatStack,
    ChatTable,
    Grant,
    OnConnections,
    OnFailures,
    OnFunction,
    OnIndex,
    OnOwnLogs,
    OnSecret,
    OnTable,
    Site,
)

API_NAME = "ServerlessChatAPI"
CONNECTIONS = ChatTable("Connections", ChatKey("topic"), ChatKey("connectionId"), ttl="expiresAt", durable=False)
DIRECTORY = ChatIndex("Directory", ChatKey("listed"), ChatKey("roomId"), include=("title", "topic", "createdAt"))
MESSAGES = ChatTable(
    "Messages", ChatKey("roomId"), ChatKey("seq", "N"), ttl="expiresAt", durable=True, indexes=(DIRECTORY,)
)

TABLES = (CONNECTIONS, MESSAGES)

_LOGS = Grant(OnOwnLogs(), ("logs:CreateLogStream", "logs:PutLogEvents"))
_POST = Grant(OnConnections("POST"), ("execute-api:ManageConnections",))
_LOOK = Grant(OnConnections("GET"), ("execute-api:ManageConnections",))
_HANG_UP = Grant(OnConnections("DELETE"), ("execute-api:ManageConnections",))
_SECRET = Grant(OnSecret(), ("ssm:GetParameter",))
_CATCH = Grant(OnFailures(), ("sqs:SendMessage",))
_DIRECTORY = Grant(OnIndex("Messages", "Directory"), ("dynamodb:Query",))
_INVOKE_FANOUT = Grant(OnFunction("FanoutLambda"), ("lambda:InvokeFunction",))


def _connections(*calls: str) -> Grant:
    return Grant(OnTable("Connections"), tuple(f"dynamodb:{call}" for call in calls))


def _messages(*calls: str) -> Grant:
    return Grant(OnTable("Messages"), tuple(f"dynamodb:{call}" for call in calls))


_TABLES = ("CONNECTIONS_TABLE", "MESSAGES_TABLE", "LOG_LEVEL")
_POSTING = (*_TABLES, "MANAGEMENT_ENDPOINT")
_FANNING_OUT = (*_POSTING, "FANOUT_FUNCTION", "INLINE_FANOUT_LIMIT")

# A function that posts may find a connection gone; it then removes it from every room and notifies those rooms.
_CLEANING = (_connections("GetItem", "DeleteItem", "BatchWriteItem", "Query"), _messages("UpdateItem"), _POST)

CONNECT_LAMBDA = ChatFunction(
    "ConnectLambda",
    "pingbox.handlers.connect.lambda_handler",
    (
        _connections("PutItem", "UpdateItem", "BatchWriteItem", "Query"),
        _messages("BatchGetItem"),
        _POST,
        _HANG_UP,
        _SECRET,
        _LOGS,
    ),
    environment=(
        *_POSTING,
        "TOKEN_SECRET_PARAMETER",
        "ALLOWED_ORIGINS",
        "DEFAULT_ROOM",
        "RATE_PER_MIN",
        "SIGN_IN",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "JWT_JWKS_URL",
        "JWT_ADMIN_CLAIM",
    ),
)

DISCONNECT_LAMBDA = ChatFunction(
    "DisconnectLambda",
    "pingbox.handlers.disconnect.lambda_handler",
    (*_CLEANING, _INVOKE_FANOUT, _LOGS),
    environment=_FANNING_OUT,
)

MESSAGE_LAMBDA = ChatFunction(
    "MessageLambda",
    "pingbox.handlers.message.lambda_handler",
    (
        _connections("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchWriteItem"),
        _messages("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "Query"),
        _DIRECTORY,
        _POST,
        _HANG_UP,
        _INVOKE_FANOUT,
        _SECRET,
        _LOGS,
    ),
    timeout=20,
    environment=(
        *_FANNING_OUT,
        "TOKEN_SECRET_PARAMETER",
        "DEFAULT_ROOM",
        "RETENTION_DAYS",
        "RATE_PER_MIN",
        "RATE_BURST",
    ),
)

# It does not get its own name (a circle in the template), so it posts what its own clean-up causes at once.
FANOUT_LAMBDA = ChatFunction(
    "FanoutLambda",
    "pingbox.handlers.fanout.lambda_handler",
    (*_CLEANING, _CATCH, _LOGS),
    timeout=20,
    asynchronous=True,
    environment=_POSTING,
)

SWEEP_LAMBDA = ChatFunction(
    "SweepLambda",
    "pingbox.handlers.sweep.lambda_handler",
    (
        _connections("Scan", "GetItem", "DeleteItem", "BatchWriteItem", "Query"),
        _messages("UpdateItem", "Query"),
        _DIRECTORY,
        _LOOK,
        _POST,
        _INVOKE_FANOUT,
        _CATCH,
        _LOGS,
    ),
    timeout=60,
    asynchronous=True,
    schedule="rate(5 minutes)",
    environment=(*_FANNING_OUT, "RETENTION_DAYS"),
)

FUNCTIONS = (CONNECT_LAMBDA, DISCONNECT_LAMBDA, MESSAGE_LAMBDA, FANOUT_LAMBDA, SWEEP_LAMBDA)

ROUTES = (
    ChatRoute(CONNECT, "ConnectLambda"),
    ChatRoute(DISCONNECT, "DisconnectLambda"),
    ChatRoute("sendMessage", "MessageLambda"),
    ChatRoute(DEFAULT, "MessageLambda"),
)


def chat(stage: str = "dev", site: Site = Site.WEBSITE, *, protect: bool = False) -> ChatStack:
    """The chat on one stage. A protected one retains its messages when it is destroyed; any other leaves nothing."""
    return ChatStack(
        api_name=API_NAME,
        stage=stage,
        routes=ROUTES,
        functions=FUNCTIONS,
        tables=TABLES,
        site=site,
        retain_data=protect,
        description=f"PingBox chat, stage {stage}, page by {site.value}",
    )
