"""The `logging` set-up every Python function finds (LM-27): one handler on the root logger, in Lambda's format."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DATE = "%Y-%m-%dT%H:%M:%S"
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}


class LambdaLogging(logging.Handler):
    """Hands finished lines (without newline) to `write`; `request_id()` names the invocation, empty outside of one."""

    def __init__(
        self, write: Callable[[str], object], request_id: Callable[[], str], log_format: str | None = None
    ) -> None:
        super().__init__()
        self._write = write
        self._request_id = request_id
        self.setFormatter(JsonLines() if (log_format or "").upper() == "JSON" else TextLines())

    def emit(self, record: logging.LogRecord) -> None:
        """Format and write one record."""
        record.aws_request_id = self._request_id()
        try:
            self._write(self.format(record))
        except Exception:
            self.handleError(record)  # the stdlib's way: told on stderr, never raised into the handler


class TextLines(logging.Formatter):
    """Level, time, request id and message, with tabs between."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", _DATE)


class JsonLines(logging.Formatter):
    """One JSON object a line, for functions whose `LoggingConfig` says JSON (`AWS_LAMBDA_LOG_FORMAT`)."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Members without a value are left out; what the caller gave as `extra` is added."""
        is_document = isinstance(record.msg, dict) and not record.args
        line: dict[str, Any] = {
            "timestamp": self.formatTime(record, _DATE + "Z"),
            "level": record.levelname,
            "message": record.msg if is_document else record.getMessage(),
            "logger": record.name,
            **self._error(record),
            "requestId": getattr(record, "aws_request_id", None),
            "location": _location(record),
        }
        line.update((key, value) for key, value in vars(record).items() if key not in _PLAIN and key not in line)
        shown = {key: value for key, value in line.items() if value is not None}
        return json.dumps(shown, ensure_ascii=False, default=str)

    def _error(self, record: logging.LogRecord) -> dict[str, Any]:
        if not record.exc_info or record.exc_info[0] is None:
            return {}
        kind, value, tb = record.exc_info
        return {
            "stackTrace": traceback.format_tb(tb),
            "errorType": kind.__name__,
            "errorMessage": str(value),
        }


def _location(record: logging.LogRecord) -> str | None:
    """Given for exceptions only."""
    return f"{record.pathname}:{record.funcName}:{record.lineno}" if record.exc_info else None


def error_line(document: dict[str, Any]) -> str:
    """An error document (LM-21) as a line of the JSON log."""
    now = time.strftime(_DATE + "Z", time.gmtime())
    return json.dumps({"timestamp": now, "level": "ERROR", **document}, ensure_ascii=False)
