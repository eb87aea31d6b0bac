import os
import time

import boto3


def handler(event, context):
    region = os.environ["AWS_REGION"]
    endpoint = f"https://{os.environ['API_ID']}.execute-api.{region}.amazonaws.com/{event['stage']}"
    api = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
    connection_id = event["connectionId"]
    for _ in range(100):
        try:
            api.get_connection(ConnectionId=connection_id)
            break
        except api.exceptions.GoneException:
            time.sleep(0.05)
    api.post_to_connection(ConnectionId=connection_id, Data=f"welcome, {connection_id}")
