"""What one message of the chat did on this machine, for the page's drawer "On the wire": from the history, read only.

`GET /wire?cid=…` answers {"steps": [...]} for the frame that carried this `cid`, [] while there is none. A step is
{number, cause, kind, name, about, start, duration, error, detail}: `start` in ms since the frame came in, `duration` in
ms, `kind` one of frame, lambda, table, post, other. The port's own rules say who may ask.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from pingbox.emulator.activity import AwsCalled, FrameReceived, FrameSent, InvocationEnded, InvocationStarted
from pingbox.emulator.history import Entry, History

HttpHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Step = dict[str, Any]

PATH = "/wire"
_MAX_STEPS = 400
_MAX_TEXT = 4_000  # characters of a step's detail


def with_message_steps(page: HttpHandler, history: Callable[[], History]) -> HttpHandler:
    """`page`, and the steps of a message beside it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path != PATH or request.method not in ("GET", "HEAD"):
            return await page(request)
        steps = message_steps(history().entries(), request.query.get("cid", ""))
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return web.json_response({"steps": steps}, headers=headers)

    return answer


def message_steps(entries: Iterable[Entry], cid: str) -> list[Step]:
    """The last frame with this `cid` and all that came of it, by start."""
    known = list(entries)
    first = next((entry for entry in reversed(known) if _carries(entry, cid)), None)
    if first is None or not isinstance(first.activity, FrameReceived):
        return []
    begin = first.activity.at
    family = {first.number}
    steps: list[Step] = []
    ends = {e.activity.request_id: e.activity for e in known if isinstance(e.activity, InvocationEnded)}
    for entry in sorted(known, key=lambda each: each.number):
        if entry.number not in family and entry.cause not in family:
            continue
        family.add(entry.number)
        step = _step(entry, begin, ends)
        if step is not None:
            steps.append(step)
    return sorted(steps, key=lambda step: (step["start"], step["number"]))[:_MAX_STEPS]


def _carries(entry: Entry, cid: str) -> bool:
    if not cid or not isinstance(entry.activity, FrameReceived) or cid not in entry.activity.text:
        return False
    try:
        frame = json.loads(entry.activity.text)
    except ValueError:
        return False
    return isinstance(frame, dict) and frame.get("cid") == cid


def _step(entry: Entry, begin: float, ends: dict[str, InvocationEnded]) -> Step | None:
    match entry.activity:
        case FrameReceived(at=at, text=text, connection_id=who):
            return _made(entry, "frame", "frame in", who, at - begin, 0, text)
        case FrameSent(at=at, text=text, connection_id=who):
            return _made(entry, "frame", "frame out", who, at - begin, 0, text)
        case InvocationStarted(at=at, function=name, request_id=request, event=event):
            end = ends.get(request)
            duration = end.duration if end else 0
            return _made(entry, "lambda", name, "", at - begin, duration, _shown(event))
        case AwsCalled(at=at, call=call):
            kind = {"dynamodb": "table", "apigatewaymanagementapi": "post"}.get(call.service, "other")
            start, detail = at - call.duration - begin, _shown(call.parameters)
            step = _made(entry, kind, call.operation, _about(call.parameters), start, call.duration, detail)
            return step | {"error": call.error}
        case _:
            return None


def _made(entry: Entry, kind: str, name: str, about: str, start: float, duration: float, detail: str) -> Step:
    return {
        "number": entry.number,
        "cause": entry.cause,
        "kind": kind,
        "name": name,
        "about": about,
        "start": round(max(0.0, start) * 1000, 2),
        "duration": round(duration * 1000, 2),
        "error": None,
        "detail": detail[:_MAX_TEXT],
    }


def _about(parameters: dict[str, Any]) -> str:
    """What an AWS call is about: the connection it posts to, or the table."""
    return str(parameters.get("ConnectionId") or parameters.get("TableName") or "")


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_readable, indent=1)


def _readable(value: Any) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
