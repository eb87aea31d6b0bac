import json

import boto3


class Sender:
    def __init__(self, event):
        context = event["requestContext"]
        self.client = boto3.client(
            "apigatewaymanagementapi", endpoint_url="https://" + context["domainName"] + "/" + context["stage"]
        )

    def to(self, connection_id, message):
        try:
            self.client.post_to_connection(ConnectionId=connection_id, Data=json.dumps(message).encode())
        except self.client.exceptions.GoneException:
            print("gone:", connection_id)
