import json
import os

import boto3

functions = boto3.client("lambda")


def handler(event, context):
    request = event["requestContext"]
    answer = functions.invoke(
        FunctionName=os.environ["GREETER"],
        InvocationType="Event",
        Payload=json.dumps({"connectionId": request["connectionId"], "stage": request["stage"]}),
    )
    return {"statusCode": 200 if answer["StatusCode"] == 202 else 500}
