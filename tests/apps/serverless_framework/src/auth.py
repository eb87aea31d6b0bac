def authorize(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    user = headers["x-api-token"].removeprefix("user-")
    effect = "Allow" if headers["x-api-token"].startswith("user-") else "Deny"
    arn = event["methodArn"].rsplit("/", 1)[0] + "/*"
    return {
        "principalId": user,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}],
        },
    }
