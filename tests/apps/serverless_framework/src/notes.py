import json
import os

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table(os.environ["NOTES_TABLE"])


def notes_of(user):
    return table.query(KeyConditionExpression=Key("user").eq(user))["Items"]


def add(event, context):
    user = event["requestContext"]["authorizer"]["principalId"]
    existing = notes_of(user)
    if len(existing) >= int(os.environ["MAX_NOTES"]):
        return {"statusCode": 409, "body": json.dumps({"error": "too many notes", "stage": os.environ["STAGE"]})}
    number = len(existing) + 1
    table.put_item(Item={"user": user, "noteId": number, "text": json.loads(event["body"])["text"]})
    return {"statusCode": 201, "body": json.dumps({"added": number})}


def list_all(event, context):
    api = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["ENDPOINT"])
    notes = notes_of(event["requestContext"]["authorizer"]["principalId"])
    page = int(os.environ["PAGE"])
    for start in range(0, len(notes), page):
        api.post_to_connection(
            ConnectionId=event["requestContext"]["connectionId"],
            Data=json.dumps({"notes": [note["text"] for note in notes[start : start + page]]}),
        )
    return {"statusCode": 200}


def clean(event, context):
    return "nothing to do"
