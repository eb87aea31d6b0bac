def handler(event, context):
    allowed = event["queryStringParameters"]["key"] == "open sesame"
    return {
        "principalId": "guest",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Action": "execute-api:*", "Effect": "Allow" if allowed else "Deny", "Resource": event["methodArn"]}
            ],
        },
    }
