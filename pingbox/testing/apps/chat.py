"""PingBox's own chat as an app under test: the real handlers, on the emulator's clock and over its tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pingbox.chat.app import SOURCE, chat_app
from pingbox.emulator.services.lambda_.app_functions import Load
from pingbox.local.chat_functions import ChatPorts
from pingbox.model.app import App
from pingbox.testing.apps.tested import TestedApp
from pingbox.testing.runtime.runtime import TestRuntime

SECRET = b"the same secret in every test run"


def tested_chat(stage: str, region: str, settings: Mapping[str, str]) -> TestedApp:
    """The chat. `settings` are variables of its functions, over those that its template gives them."""
    app = chat_app(stage, region=region)
    return TestedApp(SOURCE, app, partial(_code, app, settings), environment=settings)


def _code(app: App, settings: Mapping[str, str], runtime: TestRuntime) -> Mapping[str, Load]:
    ports = ChatPorts(
        cloud=lambda: runtime.cloud,
        client=lambda: runtime.cloud.redirect.session().client("dynamodb", endpoint_url=runtime.url),
        variables=lambda: {"ALLOWED_ORIGINS": "*", "ALLOW_QUERY_TOKEN": "1", "LOG_LEVEL": "INFO", **settings},
        secret=lambda: SECRET,
        print_log=print,
    )
    return ports.code(app)
