import json
import os
import time
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from common.sending import Sender

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def in_room(room, since=0):
    found = table.query(
        IndexName=os.environ["ROOM_INDEX"],
        KeyConditionExpression=Key("room").eq(room) & Key("joinedAt").gte(since),
        FilterExpression=Attr("left").not_exists(),
    )
    return found["Items"]


def join(event, context):
    me = event["requestContext"]["connectionId"]
    room = json.loads(event["body"])["room"]
    # The table's numbers are Decimals, and floats are refused.
    table.put_item(Item={"connectionId": me, "room": room, "joinedAt": Decimal(str(time.time()))})
    send = Sender(event)
    for member in in_room(room):
        send.to(member["connectionId"], {"room": room, "members": len(in_room(room))})
    return {"statusCode": 200}


def leave(event, context):
    table.delete_item(Key={"connectionId": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}


def say(event, context):
    me = event["requestContext"]["connectionId"]
    mine = table.get_item(Key={"connectionId": me}).get("Item")
    send = Sender(event)
    if mine is None:
        send.to(me, {"error": "join a room first"})
        return {"statusCode": 400}
    for member in in_room(mine["room"]):
        send.to(member["connectionId"], {"room": mine["room"], "text": json.loads(event["body"])["text"]})
    return {"statusCode": 200}
