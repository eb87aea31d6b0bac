"""Errors as Lambda words them: the document of LM-21, its log text, and the stack lines of the user's own frames."""

from __future__ import annotations

import os
import traceback
from types import TracebackType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MARSHAL_ERROR = "Runtime.MarshalError"
UNMARSHAL_ERROR = "Runtime.UnmarshalError"
USER_CODE_SYNTAX_ERROR = "Runtime.UserCodeSyntaxError"
HANDLER_NOT_FOUND = "Runtime.HandlerNotFound"
IMPORT_MODULE_ERROR = "Runtime.ImportModuleError"
BUILT_IN_MODULE_CONFLICT = "Runtime.BuiltInModuleConflict"
MALFORMED_HANDLER_NAME = "Runtime.MalformedHandlerName"
EXIT_ERROR = "Runtime.ExitError"
TIMED_OUT = "Sandbox.Timedout"

_OURS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")) + os.sep  # all of local Lambda


class Fault(Exception):  # noqa: N818 -- Lambda's own word
    """The runtime itself cannot go on with the handler (LM-20, LM-22): a type, a message, no user traceback."""

    def __init__(self, error_type: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace


def document(error: BaseException, request_id: str) -> dict[str, Any]:
    """The error as the runtime posts it (LM-21). `request_id` is empty for an error of the initialisation."""
    if isinstance(error, Fault):
        error_type, message, trace = error.error_type, error.message, list(error.trace)
    else:
        error_type, message, trace = type(error).__name__, str(error), stack_lines(error.__traceback__)
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def stack_lines(tb: TracebackType | None) -> list[str]:
    """One entry per frame, as `traceback` formats it, beginning at the first frame that is not the runtime's own."""
    frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(tb)]
    first = next((n for n, frame in enumerate(frames) if not _is_ours(frame[0])), 0)
    return traceback.format_list(frames[first:])  # type: ignore[arg-type]


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OURS)


def log_text(error: dict[str, Any]) -> str:
    """The one log entry of an error: `[ERROR] Type: message`, then the traceback.

    Its lines are indented with no-break spaces, as Lambda does it (LM-47).
    """
    head = "[ERROR]"
    if error["errorType"]:
        head += " " + error["errorType"]
    if error["errorMessage"]:
        head += (":" if error["errorType"] else "") + " " + error["errorMessage"]
    lines = [head, "Traceback (most recent call last):"]
    for entry in error["stackTrace"]:
        lines += [_indented(line) for line in entry.splitlines()] or [""]
    return "\n".join(lines)


def _indented(line: str) -> str:
    bare = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(bare)) + bare
