"""A worker's life after its start: import the handler, then one event after another (LM-20..22, LM-30..33)."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping

from . import faults, handler, marshalling
from .channel import Channel, ReceivedEvent
from .context import LambdaContext, Place
from .logs import LambdaLogging, error_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# These write characters beyond ASCII as escapes; later runtimes write them as they are (LM-22).
_ASCII_RUNTIMES = frozenset(f"AWS_Lambda_python3.{minor}" for minor in range(6, 12))


def serve(environ: MutableMapping[str, str]) -> None:
    """Does not return; ends the process with status 1 after an init error."""
    worker = _Worker(environ)
    worker.set_up_logging()
    api = Channel(environ["AWS_LAMBDA_RUNTIME_API"], environ.pop("PINGBOX_RUNTIME_SECRET", ""))
    worker.find_handler(api)
    delivery = api.next()
    while True:
        delivery = worker.one(api, delivery)


class _Worker:
    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._environ = environ
        self._request_id = ""
        self._handler: handler.Handler = _not_found_yet
        self._log_format = environ.get("AWS_LAMBDA_LOG_FORMAT", "")
        self._ensure_ascii = environ.get("AWS_EXECUTION_ENV", "") in _ASCII_RUNTIMES
        self._place = Place(
            environ["AWS_LAMBDA_FUNCTION_NAME"],
            environ["AWS_LAMBDA_FUNCTION_VERSION"],
            environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
            environ["AWS_LAMBDA_LOG_GROUP_NAME"],
            environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        )

    def set_up_logging(self) -> None:
        root = logging.getLogger()
        root.addHandler(LambdaLogging(_write_line, lambda: self._request_id, self._log_format))
        level = self._environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper().replace("TRACE", "DEBUG")
        if level:
            root.setLevel(level)

    def find_handler(self, api: Channel) -> None:
        """An error is told to the emulator and ends the process (LM-33)."""
        try:
            self._handler = handler.find(self._environ["_HANDLER"])
        except Exception as error:
            document = faults.document(error, "")
            self._log_error(document)
            api.init_error(json.dumps(document).encode(), document["errorType"])
            sys.exit(1)

    def one(self, api: Channel, delivery: ReceivedEvent) -> ReceivedEvent:
        """Run one event, post what came of it, return the next event."""
        self._request_id = delivery.request_id
        self._environ["_X_AMZN_TRACE_ID"] = delivery.headers.get("lambda-runtime-trace-id", "")
        try:
            result = self._handler(marshalling.loads(delivery.body), self._context(delivery))
            body, content_type = self._marshalled(result)
        except Exception as error:
            document = faults.document(error, delivery.request_id)
            self._log_error(document)
            posted = json.dumps(document).encode()
            return api.fail(delivery.request_id, posted, document["errorType"], _peak_memory())
        return api.answer(delivery.request_id, body, content_type, _peak_memory())

    def _log_error(self, document: dict[str, Any]) -> None:
        _write_line(error_line(document) if self._log_format.upper() == "JSON" else faults.log_text(document))

    def _context(self, delivery: ReceivedEvent) -> LambdaContext:
        headers = delivery.headers
        return LambdaContext(
            self._place,
            delivery.request_id,
            headers["lambda-runtime-invoked-function-arn"],
            int(headers["lambda-runtime-deadline-ms"]),
            _document(headers.get("lambda-runtime-client-context")),
            _document(headers.get("lambda-runtime-cognito-identity")),
            headers.get("lambda-runtime-aws-tenant-id"),
        )

    def _marshalled(self, result: Any) -> tuple[bytes, str]:
        if isinstance(result, bytes):
            return result, "application/unknown"
        return marshalling.dumps(result, self._ensure_ascii).encode("utf-8", "surrogatepass"), "application/json"


def _not_found_yet(event: Any, context: Any) -> Any:
    raise AssertionError("an event came before the handler was found")


def _document(header: str | None) -> dict[str, Any] | None:
    return json.loads(header) if header else None


def _write_line(line: str) -> None:
    """One entry of the log, whose own line ends must not end it (`platform_log.LINE_END`)."""
    sys.stdout.write(line.replace("\n", "\x1e") + "\n")


def _peak_memory() -> int:
    """In KB; 0 on Linux, where the emulator reads /proc: getrusage counts what the parent held when it forked."""
    if sys.platform == "linux" or sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
