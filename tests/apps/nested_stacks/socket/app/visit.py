import os

import boto3

visits = boto3.resource("dynamodb").Table(os.environ["VISITS"])


def handler(event, context):
    request = event["requestContext"]
    counted = visits.update_item(
        Key={"guest": event["body"]},
        UpdateExpression="ADD times :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    answer = f"{os.environ['GREETING']}, {event['body']}: visit {counted['Attributes']['times']}"
    endpoint = f"https://{request['domainName']}/{request['stage']}"
    client = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
    client.post_to_connection(ConnectionId=request["connectionId"], Data=answer)
    return {"statusCode": 200}
