import json

import boto3


def people():
    return boto3.resource("dynamodb").Table("people")


def connect(event, context):
    people().put_item(Item={"id": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}


def send(event, context):
    request = event["requestContext"]
    api = boto3.client("apigatewaymanagementapi", endpoint_url=f"https://{request['domainName']}/{request['stage']}")
    message = {"type": "message", "text": json.loads(event["body"])["text"]}
    for person in people().scan()["Items"]:
        api.post_to_connection(ConnectionId=person["id"], Data=json.dumps(message))
    return {"statusCode": 200}


ROUTES = {"$connect": connect, "sendMessage": send}
