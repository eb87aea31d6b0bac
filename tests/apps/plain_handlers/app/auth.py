def authorize(event, context):
    name = event["queryStringParameters"]["name"]
    if name == "robot":
        raise Exception("Unauthorized")
    return {
        "principalId": name,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}],
        },
    }
