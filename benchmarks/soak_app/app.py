"""Handlers that behave, and `rough`, which does everything a handler should not."""

import json
import os
import subprocess
import time


def connect(event, context):
    """Let everybody in who does not ask to be refused or to crash us."""
    wish = (event.get("queryStringParameters") or {}).get("wish")
    if wish == "crash":
        raise RuntimeError("as ordered, at connect")
    return {"statusCode": 403 if wish == "refuse" else 200}


def disconnect(event, context):
    """Crash now and then: nobody hears of it."""
    if event["requestContext"]["connectionId"][0] in "ABC":
        raise RuntimeError("as usual, at disconnect")


def talk(event, context):
    """Tell the client who it is."""
    return {"statusCode": 200, "body": json.dumps({"type": "talk", "me": event["requestContext"]["connectionId"]})}


def slow(event, context):
    """Keep the environment for a while, so that others are needed."""
    time.sleep(json.loads(event["body"])["seconds"])
    return {"statusCode": 200, "body": json.dumps({"type": "slow"})}


def rough(event, context):
    """Crash, hang, leave, leave a child behind, or return nonsense."""
    match json.loads(event["body"])["how"]:
        case "crash":
            raise RuntimeError("as ordered")
        case "hang":
            time.sleep(3600)
        case "exit":
            os._exit(3)
        case "child":
            subprocess.Popen(["sleep", "3600"])
            os._exit(0)
        case "number":
            return 42
        case "unserialisable":
            return {"statusCode": 200, "body": object()}
        case "status":
            return {"statusCode": "many", "body": ["no", "text"]}
        case "huge":
            return {"statusCode": 200, "body": "x" * 7_000_000}
        case "shout":
            print("x" * 300_000)
    return {"statusCode": 200}
