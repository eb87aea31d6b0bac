USERS = {"t-ann": ("ann", "admin"), "t-bob": ("bob", "guest")}


def handler(event, context):
    token = event["queryStringParameters"]["token"]
    if token == "expired":
        raise Exception("Unauthorized")
    if token == "broken":
        return {"statusCode": 401}
    name, role = USERS.get(token, ("nobody", "none"))
    return {
        "principalId": name,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Deny" if role == "none" else "Allow",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"role": role, "limit": 5, "beta": role == "admin"},
    }
