"""Handlers that behave, and `rough`, which does everything a handler should not."""

import json
import os
import subprocess
import threading
import time


def connect(event, context):
    """Let everybody in who does not ask to be refused or to crash us."""
    wish = (event.get("queryStringParameters") or {}).get("wish")
    if wish == "crash":
        raise RuntimeError("as ordered, at connect")
    return {"statusCode": 403 if wish == "refuse" else 200}


def disconnect(event, context):
    """Crash now and then: nobody hears of it."""
    if event["requestContext"]["connectionId"].endswith(("A=", "E=", "I=")):
        raise RuntimeError("as usual, at disconnect")


def talk(event, context):
    """Tell the client who it is."""
    return {"statusCode": 200, "body": json.dumps({"type": "talk", "me": event["requestContext"]["connectionId"]})}


def slow(event, context):
    """Keep the environment for a while, so that others are needed."""
    time.sleep(json.loads(event["body"])["seconds"])
    return {"statusCode": 200, "body": json.dumps({"type": "slow"})}


def rough(event, context):
    """Crash, hang, leave, leave children and threads behind, or return nonsense."""
    return _ROUGH[json.loads(event["body"])["how"]]()


def _crash():
    raise RuntimeError("as ordered")


def _child():
    subprocess.Popen(["sleep", "3600"])
    os._exit(0)


def _escaped_child():
    subprocess.Popen(["sleep", "3600"], start_new_session=True)
    return {"statusCode": 200}


def _thread():
    threading.Thread(target=time.sleep, args=(3600,)).start()
    return {"statusCode": 200}


def _shout():
    print("x" * 50_000)  # what a pipe holds: more would wait for a busy emulator and run into the timeout
    return {"statusCode": 200}


_ROUGH = {
    "crash": _crash,
    "hang": lambda: time.sleep(3600),
    "exit": lambda: os._exit(3),
    "child": _child,
    "escaped child": _escaped_child,
    "thread": _thread,
    "number": lambda: 42,
    "unserialisable": lambda: {"statusCode": 200, "body": object()},
    "status": lambda: {"statusCode": "many", "body": ["no", "text"]},
    "huge": lambda: {"statusCode": 200, "body": "x" * 7_000_000},
    "fail": lambda: {"statusCode": 500, "body": "nobody hears this"},
    "shout": _shout,
}
