import json


def handler(event, context):
    print(event["requestContext"]["eventType"], event["requestContext"]["authorizer"]["principalId"])
    return {"statusCode": 200}


def fallback(event, context):
    return {"statusCode": 200, "body": json.dumps({"unknown": event["body"]})}
