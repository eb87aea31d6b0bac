"""An answer through @connections, with boto3 as everybody does it."""

import json

import boto3

_clients = {}


def post(event, context):
    """Post to the sender; one client for each environment."""
    request = event["requestContext"]
    url = f"https://{request['domainName']}/{request['stage']}"
    if url not in _clients:
        _clients[url] = boto3.client("apigatewaymanagementapi", endpoint_url=url)
    data = json.dumps({"type": "post", "me": request["connectionId"]})
    _clients[url].post_to_connection(ConnectionId=request["connectionId"], Data=data)
    return {"statusCode": 200}
