"""An emulator of API Gateway WebSocket APIs, local Lambda functions and a local DynamoDB.

It knows nothing of chat. `gateway` decides, `server` moves bytes, `functions` runs handlers, `dynamodb` keeps items,
`aws` leads boto3 here instead of to AWS, `template` reads what an app declares.
"""
