import hashlib
import hmac
import json
import os

import boto3

sessions = boto3.resource("dynamodb").Table(os.environ["SESSIONS"])


def signature(user):
    return hmac.new(os.environ["SECRET"].encode(), user.encode(), hashlib.sha256).hexdigest()[:16]


def handler(event, context):
    request = event["requestContext"]
    if request["eventType"] == "CONNECT":
        return connect(event, request["connectionId"])
    session = sessions.get_item(Key={"id": request["connectionId"]})["Item"]
    return {"statusCode": 200, "body": json.dumps({"you": session["user"], "route": request["routeKey"]})}


def connect(event, connection_id):
    query = event.get("queryStringParameters") or {}
    user, _, given = query.get("token", "").partition(".")
    if not user:
        return {"statusCode": 401, "body": "no token"}
    if not hmac.compare_digest(given, signature(user)):
        return {"statusCode": 403, "body": "wrong token"}
    if user == "crash":
        raise RuntimeError("the user's name says so")
    sessions.put_item(Item={"id": connection_id, "user": user})
    return {"statusCode": 200}
