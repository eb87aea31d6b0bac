import json
import os

import boto3


def add(event, context):
    return sum(event["numbers"])


def handler(event, context):
    request = event["requestContext"]
    answer = boto3.client("lambda").invoke(
        FunctionName=os.environ["ADDER"], Payload=json.dumps({"numbers": json.loads(event["body"])["numbers"]})
    )
    text = "cannot add these" if "FunctionError" in answer else json.loads(answer["Payload"].read())
    api = boto3.client("apigatewaymanagementapi", endpoint_url=f"https://{request['domainName']}/{request['stage']}")
    api.post_to_connection(ConnectionId=request["connectionId"], Data=json.dumps({"sum": text}))
    return {"statusCode": 200}
