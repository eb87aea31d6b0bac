"""What a serverless.yml sets without effect here, and what looks misspelt: listed, and warned of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pingbox.templates.document import Document, KeyPath
from pingbox.templates.findings import Findings
from pingbox.templates.serverless.asynchronous import SETTINGS
from pingbox.templates.serverless.variables import Variables

_UNUSED = {
    "fileSystemConfig": "no file system is mounted; its path does not exist",
    "provisionedConcurrency": "every environment starts when an event needs it",
    "reservedConcurrency": "every function may have 50 environments here",
    "snapStart": "nothing is restored from a snapshot; every start is a cold one",
    "url": "the function has no URL of its own here",
}

# Read, or of no consequence on a laptop. Plugins add members of their own, so only what looks like a slip is told.
_FUNCTION = (
    *("architecture", "awsKmsKeyArn", "condition", "dependsOn", "description", "disableLogs", "environment"),
    *("ephemeralStorageSize", "events", "handler", "image", "kmsKeyArn", "layers", "logDataProtectionPolicy"),
    *("logRetentionInDays", "logs", "memorySize", "module", "name", "package", "role", "runtime", "runtimeManagement"),
    *("tags", "tenancy", "timeout", "tracing", "versionFunction", "vpc", *SETTINGS, *_UNUSED),
)
_EVENT = ("route", "authorizer", "routeResponseSelectionExpression")


def list_unsupported_properties(variables: Variables, document: Document, findings: Findings) -> None:
    """Note them all: without effect as `ignored`, slips as warnings with their line."""
    for name, function, path in _functions(variables):
        for member in function:
            if member in _UNUSED:
                findings.ignore(name, f"function {member}", _UNUSED[member])
            elif member not in _FUNCTION and (meant := get_close_matches(str(member), _FUNCTION, 1, 0.8)):
                place = document.place((*path, member))
                findings.warn(place, f"{name}: {member} is not known and has no effect; is {meant[0]} meant?")
        _look_at_events(name, function.get("events"), (*path, "events"), document, findings)
    if variables.get_leniently(("provider", "logs", "websocket")):
        findings.ignore("provider", "logs websocket", "no access log is written; --log-format json tells the same")


def _look_at_events(name: str, events: Any, path: KeyPath, document: Document, findings: Findings) -> None:
    for index, event in enumerate(events if isinstance(events, list) else ()):
        settings = event.get("websocket") if isinstance(event, Mapping) else None
        for member in settings if isinstance(settings, Mapping) else ():
            if member not in _EVENT:
                known = ", ".join(_EVENT)
                findings.warn(
                    document.place((*path, index, "websocket", member)),
                    f"{name}: {member} is no member of a websocket event and has no effect; there are: {known}",
                )


def _functions(variables: Variables) -> Iterator[tuple[str, Mapping[str, Any], KeyPath]]:
    found = variables.get_leniently(("functions",))
    for index, part in enumerate(found if isinstance(found, list) else [found]):
        base: KeyPath = ("functions", index) if isinstance(found, list) else ("functions",)
        for name, function in part.items() if isinstance(part, Mapping) else ():
            if isinstance(function, Mapping):
                yield str(name), function, (*base, name)
