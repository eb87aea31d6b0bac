import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    try:
        table.put_item(Item={"connectionId": event["requestContext"]["connectionId"]})
    except Exception as err:
        return {"statusCode": 500, "body": "Failed to connect: " + str(err)}
    return {"statusCode": 200, "body": "Connected."}
