import json


def handler(event, context):
    request = event["requestContext"]
    if request["routeKey"] == "$connect":
        return {"statusCode": 200 if request["authorizer"]["principalId"] != "mallory" else 403}
    authorizer = request["authorizer"]
    return {
        "statusCode": 200,
        "body": json.dumps(
            {
                "name": authorizer["principalId"],
                "role": authorizer["role"],
                "greeting": event["stageVariables"]["greeting"],
            }
        ),
    }
