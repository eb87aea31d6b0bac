"""A room as tutorials have it: connections in a table, every message scanned for and posted to each."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
clients = {}


def connect(event, context):
    table.put_item(Item={"connectionId": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}


def disconnect(event, context):
    table.delete_item(Key={"connectionId": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}


def send(event, context):
    about = event["requestContext"]
    endpoint = f"https://{about['domainName']}/{about['stage']}"
    if endpoint not in clients:
        clients[endpoint] = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
    api, text = clients[endpoint], json.dumps({"text": json.loads(event["body"])["text"]}).encode()
    own = about["connectionId"]
    ids = [item["connectionId"] for item in table.scan(ProjectionExpression="connectionId")["Items"]]
    for connection_id in [own, *(one for one in ids if one != own)]:
        try:
            api.post_to_connection(ConnectionId=connection_id, Data=text)
        except api.exceptions.GoneException:
            table.delete_item(Key={"connectionId": connection_id})
    return {"statusCode": 200}
