"""Finding the app that a test names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pingbox.model.app import Table
from pingbox.testing.apps.routes import Routes, from_module, from_routes
from pingbox.testing.apps.tested import AppError, TestedApp, checked_tables

_IN_MODULE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
DEFAULT_STAGE = "dev"
CHAT = "pingbox:chat"


def find_app(
    app: Routes | str | Path | None,
    *,
    stage: str | None,
    route_selection_expression: str,
    two_way: Collection[str],
    tables: Sequence[Table | Mapping[str, Any]],
    parameters: Mapping[str, str],
    environment: Mapping[str, str],
    folder: Path,
    in_process: bool,
    region: str,
) -> TestedApp:
    """See `Emulator`. Raises `AppError`."""
    further = checked_tables(tables)
    of_handlers: dict[str, Any] = {
        "stage": stage or DEFAULT_STAGE,
        "region": region,
        "route_selection_expression": route_selection_expression,
        "two_way": two_way,
    }
    if app == CHAT:
        from pingbox.testing.apps.chat import tested_chat

        found = tested_chat(stage or DEFAULT_STAGE, region, environment)
    elif isinstance(app, Mapping):
        found = from_routes(app, **of_handlers)
    elif isinstance(app, str) and _IN_MODULE.fullmatch(app):
        found = from_module(app, folder, **of_handlers)
    elif isinstance(app, (str, Path)):
        from pingbox.testing.apps.declared import declared_app

        found = declared_app(
            _path(app, folder),
            parameters=parameters,
            stage=stage,
            region=region,
            environment=environment,
            in_process=in_process,
        )
    else:
        raise AppError(
            f"cannot test {app!r}; expected a mapping of route keys to handlers, module:ROUTES, a template, "
            'or "pingbox:chat" for PingBox\'s own chat'
        )
    declared = replace(found.app, tables=(*found.app.tables, *further))
    return replace(found, app=declared, environment={**found.environment, **environment})


def _path(app: str | Path, folder: Path) -> Path:
    path = folder / app
    if not path.exists():
        raise AppError(
            f"there is no app {str(app)!r} in {folder}; expected a template, a folder with one, or module:ROUTES"
        )
    return path
