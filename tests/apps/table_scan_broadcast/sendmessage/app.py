import json
import os

import boto3

dynamodb = boto3.resource("dynamodb")


def handler(event, context):
    table = dynamodb.Table(os.environ["TABLE_NAME"])
    domain = event["requestContext"]["domainName"]
    stage = event["requestContext"]["stage"]
    api = boto3.client("apigatewaymanagementapi", endpoint_url=f"https://{domain}/{stage}")
    data = json.loads(event["body"])["data"]

    for row in table.scan(ProjectionExpression="connectionId")["Items"]:
        try:
            api.post_to_connection(ConnectionId=row["connectionId"], Data=data.encode("utf-8"))
        except api.exceptions.GoneException:
            print("stale connection", row["connectionId"])
            table.delete_item(Key={"connectionId": row["connectionId"]})
    return {"statusCode": 200, "body": "Data sent."}
