"""boto3 redirected to one DynamoDB engine, whatever has a `call`."""

from __future__ import annotations

from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.dynamodb.service import DynamoDBService, Engine
from pingbox.emulator.services.registry import ServiceRegistry

ENDPOINT = "http://127.0.0.1:3001"  # nobody listens there: redirected clients need no server


def redirected_to(engine: Engine) -> Boto3Redirect:
    """Its clients are answered by `engine`."""
    return Boto3Redirect(ENDPOINT, ServiceRegistry([DynamoDBService(engine)]))
