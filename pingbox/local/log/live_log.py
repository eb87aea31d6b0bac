"""What happens, as lines for a person (`text`) or a program (`json`).

Never a message's text, a token or a header: a line says who, which route, how long and how it ended.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any, assert_never

from pingbox.emulator.activity import (
    Activity,
    AwsCalled,
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    FunctionLog,
    IntegrationTimedOut,
    InvocationEnded,
    InvocationStarted,
    Invoked,
    ManagementCalled,
    Refused,
)
from pingbox.emulator.services.lambda_.outcome import FunctionError, NotInvoked, Outcome, Returned
from pingbox.emulator.services.lambda_.runtimes.python import faults

Style = Callable[[str, str], str]
"""`style(text, tone)` with the tones `good`, `bad`, `faint` and `plain`; colour for a terminal, nothing for a file."""


WITHOUT_FRAMES = (Connected, Refused, Disconnected, Invoked, FunctionLog, ManagementCalled)
"""The activities that are worth a line, whether or not each frame is: there are many frames, and nobody reads them."""


def plain(text: str, tone: str) -> str:
    """The style of a file or a pipe."""
    return text


def text_line(activity: Activity, *, verbose: bool, payloads: bool = False, style: Style = plain) -> str | None:
    """One line for people, or None when this is not worth one (only `verbose` shows everything).

    With `payloads` the texts of frames are shown, shortened.
    """
    match activity:
        case Connected():
            return _line(activity.at, "connect", activity.connection_id, activity.source_ip, style, "good")
        case Refused():
            outcome = f"refused with {activity.status} {activity.reason}".rstrip()
            return _line(activity.at, "connect", activity.connection_id, outcome, style, "bad")
        case Disconnected():
            outcome = f"{activity.code} {activity.reason}".rstrip()
            return _line(activity.at, "disconnect", activity.connection_id, outcome, style, "faint")
        case Invoked():
            return _invoked(activity, verbose, style)
        case FunctionLog():
            return _function_log(activity, verbose, style)
        case ManagementCalled():
            if not verbose and activity.status < 400:
                return None
            outcome = f"{activity.method} {activity.status}"
            return _line(activity.at, "@connections", activity.connection_id, outcome, style, "faint")
        case FrameReceived() | FrameSent() | AwsCalled():
            return _detail(activity, payloads, style) if verbose else None
        case InvocationStarted() | InvocationEnded():
            return None  # `Invoked` has them, with the route and the connection
        case _:
            assert_never(activity)


def json_line(activity: Activity) -> str | None:
    """One JSON object: `type` is the activity's name; texts are replaced by their size in bytes. None: no line."""
    if isinstance(activity, InvocationStarted | InvocationEnded | AwsCalled):
        return None
    fields: dict[str, Any] = {"type": type(activity).__name__}
    for name, value in vars(activity).items():
        match name, value:
            case "text", str():
                fields["bytes"] = len(value.encode())
            case ("event", _) | ("problem", None):
                continue
            case "outcome", _:
                fields["outcome"] = outcome_words(value)
            case _:
                fields[name] = value
    return json.dumps(fields, ensure_ascii=False)


def json_note(lines: int, why: str) -> str:
    """What a program finds in place of lines that were left out."""
    return json.dumps({"type": "LeftOut", "lines": lines, "why": why})


def outcome_words(outcome: Outcome | IntegrationTimedOut) -> str:
    """How an invocation ended, without its payload: `ok`, the error's type, or why it never ran."""
    match outcome:
        case Returned():
            return "ok"
        case FunctionError():
            return outcome.error_type
        case NotInvoked():
            return f"not invoked: {outcome.reason}"
        case IntegrationTimedOut():
            return "the integration timed out; the function runs on"
        case _:
            assert_never(outcome)


def _invoked(activity: Invoked, verbose: bool, style: Style) -> str | None:
    ended = outcome_words(activity.outcome)
    milliseconds = f"{activity.duration * 1000:8.1f} ms"
    if activity.problem is not None and ended == "ok":
        outcome = f"{milliseconds}  {activity.function}: {activity.problem}"
        return _line(activity.at, activity.route_key, activity.connection_id, outcome, style, "bad")
    if ended == "ok":
        # Connects and disconnects have a line of their own already.
        if activity.route_key in ("$connect", "$disconnect") and not verbose:
            return None
        return _line(activity.at, activity.route_key, activity.connection_id, milliseconds, style, "plain")
    outcome = f"{milliseconds}  {activity.function}: {ended}"
    if isinstance(activity.outcome, FunctionError) and not _is_in_the_functions_log(activity.outcome):
        first, *_ = activity.outcome.message.splitlines() or [""]
        outcome += f": {first}"
    return _line(activity.at, activity.route_key, activity.connection_id, outcome, style, "bad")


def _is_in_the_functions_log(error: FunctionError) -> bool:
    """What runtimes log with its stack, and the platform with its reason, need not be told again."""
    return bool(error.stack_trace) or error.error_type in (faults.TIMED_OUT, faults.EXIT_ERROR)


_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START ")


def _function_log(activity: FunctionLog, verbose: bool, style: Style) -> str | None:
    if activity.line.startswith(_PLATFORM) and not verbose:
        return None
    tone = "bad" if _ERROR_ENTRY.match(activity.line) else "faint"
    lines = _stack_beneath(activity.line).rstrip().split("\n")
    return "\n".join(style(f"          {activity.function} | {_printable(line)}", tone) for line in lines)


# What Python's and Node's runtimes write about errors, in text and in JSON, a bare traceback, and Lambda's own words.
_ERROR_ENTRY = re.compile(
    r"\[(?:ERROR|CRITICAL)\]|[^\t]*\t[^\t]*\t(?:ERROR|FATAL)\t|Traceback \(most recent call last\):"
    r"|\{.*\"level\": ?\"(?:ERROR|CRITICAL|FATAL)\"|\S+Z \S+ Task timed out after|RequestId: \S+ Error: "
)


def _printable(line: str) -> str:
    """No character of a function's output moves the terminal's cursor, or hides what stands before it."""
    line = line.replace("\u00a0", " ")
    return line if line.isprintable() else "".join(map(_printable_character, line))


def _printable_character(one: str) -> str:
    return one if one.isprintable() or one == "\t" else repr(one)[1:-1]


_NODE_ERROR = re.compile(
    r"(?P<before>.*\tERROR\t(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)) \t?(?P<error>\{.*\})"
)


def _stack_beneath(entry: str) -> str:
    """The entry of Lambda's Node runtime about an error, JSON with the stack in it, as a person reads it."""
    match = _NODE_ERROR.fullmatch(entry)
    if match is None:
        return entry
    try:
        error = json.loads(match["error"])
        stack = [str(line) for line in error.pop("stack")]
    except (ValueError, KeyError, TypeError):  # a handler wrote something alike
        return entry
    own = {name: value for name, value in error.items() if name not in ("errorType", "errorMessage")}
    first = f"{match['before']} {error.get('errorType')}{f' {json.dumps(own, ensure_ascii=False)}' if own else ''}"
    return "\n".join([first, *stack])


def _detail(activity: FrameReceived | FrameSent | AwsCalled, payloads: bool, style: Style) -> str:
    match activity:
        case FrameReceived():
            return _frame(activity, "in", "", payloads, style)
        case FrameSent():
            return _frame(activity, "out", activity.cause, payloads, style)
        case AwsCalled():
            return _aws_call(activity, style)
        case _:
            assert_never(activity)


def _aws_call(activity: AwsCalled, style: Style) -> str:
    call = activity.call
    outcome = f"{call.duration * 1000:8.1f} ms  {call}"
    return _line(activity.at, "aws", "", outcome, style, "faint" if call.error is None else "bad")


SHOWN = 120  # characters of a frame


def _frame(activity: FrameReceived | FrameSent, direction: str, cause: str, payloads: bool, style: Style) -> str:
    text = activity.text
    outcome = f"{len(text.encode('utf-8', 'surrogatepass'))} bytes {cause}".rstrip()
    if payloads:
        outcome += f"  {_printable(text[:SHOWN])}{'…' if len(text) > SHOWN else ''}"
    return _line(activity.at, direction, activity.connection_id, outcome, style, "faint")


def _line(at: float, what: str, connection_id: str, outcome: str, style: Style, tone: str) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    return f"{style(clock, 'faint')}  {style(f'{what:<14}', tone)} {connection_id:<17} {style(outcome, tone)}"
