import json
import os
import time

import boto3
from boto3.dynamodb.conditions import Key

votes = boto3.resource("dynamodb").Table(os.environ["VOTES"])


def connect(event, context):
    return {"statusCode": 200}


def vote(event, context):
    body = json.loads(event["body"])
    votes.put_item(
        Item={
            "poll": "lunch",
            "voter": event["requestContext"]["authorizer"]["principalId"],
            "choice": body["choice"],
            "at": int(time.time() * 1000),
            "expires": int(time.time()) + 3600,
        }
    )
    tell(event, {"voted": body["choice"]})
    return {"statusCode": 200}


def count(event, context):
    choice = json.loads(event["body"])["choice"]
    found = votes.query(IndexName="byChoice", KeyConditionExpression=Key("choice").eq(choice))
    voters = [item["voter"] for item in found["Items"]]
    return {"statusCode": 200, "body": json.dumps({"choice": choice, "voters": voters})}


def unknown(event, context):
    tell(event, {"error": "vote or count", "got": event["body"]})
    return {"statusCode": 200}


def tell(event, message):
    request = event["requestContext"]
    api = boto3.client("apigatewaymanagementapi", endpoint_url=f"https://{request['domainName']}/{request['stage']}")
    api.post_to_connection(ConnectionId=request["connectionId"], Data=json.dumps(message))
