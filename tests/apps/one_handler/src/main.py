import json
import logging
import os
import time

import boto3
from botocore.exceptions import ClientError

logger = logging.getLogger()
logger.setLevel(os.environ["LOG_LEVEL"])

table = boto3.resource("dynamodb").Table(os.environ["CONNECTIONS"])
gateway = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["MANAGEMENT"])


def members():
    return table.scan(ConsistentRead=True)["Items"]


def send(connection_id, message):
    try:
        gateway.post_to_connection(ConnectionId=connection_id, Data=json.dumps(message))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 410:
            raise
        table.delete_item(Key={"connection_id": connection_id})


def send_to_all(message):
    for member in members():
        send(member["connection_id"], message)


def lambda_handler(event, context):
    me = event["requestContext"]["connectionId"]
    route = event["requestContext"]["routeKey"]
    body = {}
    try:
        body = json.loads(event.get("body") or "{}")
    except ValueError:
        logger.warning("not JSON")

    match route:
        case "$connect":
            table.put_item(Item={"connection_id": me, "name": "anonymous", "expires_at": int(time.time()) + 7200})
        case "$disconnect":
            old = table.delete_item(Key={"connection_id": me}, ReturnValues="ALL_OLD").get("Attributes", {})
            send_to_all({"systemMessage": f"{old.get('name')} has left the chat"})
        case "setName":
            table.update_item(
                Key={"connection_id": me},
                UpdateExpression="SET #n = :n",
                ExpressionAttributeNames={"#n": "name"},
                ExpressionAttributeValues={":n": body["name"]},
            )
            send_to_all({"members": sorted(m["name"] for m in members())})
            send_to_all({"systemMessage": f"{body['name']} has joined the chat"})
        case "sendPublic":
            mine = table.get_item(Key={"connection_id": me})["Item"]
            send_to_all({"publicMessage": f"{mine['name']}: {body['message']}"})
        case "sendPrivate":
            mine = table.get_item(Key={"connection_id": me})["Item"]
            to = next(m for m in members() if m["name"] == body["to"])
            send(to["connection_id"], {"privateMessage": f"{mine['name']}: {body['message']}"})
        case _:
            send(me, {"error": "unknown action", "route": route})
    return {"statusCode": 200}
