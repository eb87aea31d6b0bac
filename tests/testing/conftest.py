from __future__ import annotations

import json

import boto3
import pytest

from pingbox.testing import Emulator, table


class Room:
    """A chat as strangers write it: everybody hears everything, who is there stands in a table."""

    def __init__(self) -> None:
        self.routes = {"$connect": self.enter, "$disconnect": self.leave, "sendMessage": self.send, "fail": self.fail}
        self.tables = [table("people", "connectionId", ttl="expires")]

    def people(self):
        return boto3.resource("dynamodb").Table("people")

    def enter(self, event, context):
        query = event.get("queryStringParameters") or {}
        if query.get("token") == "bad":
            return {"statusCode": 401}
        self.people().put_item(Item={"connectionId": event["requestContext"]["connectionId"]})
        return {"statusCode": 200}

    def leave(self, event, context):
        self.people().delete_item(Key={"connectionId": event["requestContext"]["connectionId"]})
        return {"statusCode": 200}

    def send(self, event, context):
        print("somebody speaks")
        request = event["requestContext"]
        api = boto3.client(
            "apigatewaymanagementapi", endpoint_url=f"https://{request['domainName']}/{request['stage']}"
        )
        said = json.dumps({"type": "message", "text": json.loads(event["body"])["text"]})
        for person in self.people().scan()["Items"]:
            try:
                api.post_to_connection(ConnectionId=person["connectionId"], Data=said)
            except api.exceptions.GoneException:
                self.people().delete_item(Key={"connectionId": person["connectionId"]})
        return {"statusCode": 200}

    def fail(self, event, context):
        raise KeyError("nothing here")


@pytest.fixture(scope="session")
def room() -> Room:
    return Room()


@pytest.fixture(scope="session")
def running_emulator(room):
    with Emulator(room.routes, tables=room.tables) as emulator:
        emulator.suspend()
        yield emulator


@pytest.fixture
def emulator(running_emulator):
    running_emulator.resume()
    yield running_emulator
    running_emulator.reset()
    running_emulator.suspend()


@pytest.fixture
def speak():
    """A message as the room's clients send it."""
    return lambda text: {"action": "sendMessage", "text": text}
