import boto3


def default(event, context):
    request = event["requestContext"]
    url = f"https://{request['domainName']}/{request['stage']}"
    boto3.client("apigatewaymanagementapi", endpoint_url=url).post_to_connection(
        ConnectionId=request["connectionId"], Data=event["body"].upper()
    )
    return {"statusCode": 200}


def motto(event, context):
    return {"statusCode": 200, "body": event["stageVariables"]["motto"]}
