"""The emulator's life: clean between tests, several at a time, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import urllib.error
import urllib.request

import boto3
import pytest

from pingbox.testing import AppError, Emulator, table


def ok(event, context):
    return {"statusCode": 200}


class TestReset:
    def test_nothing_of_before_is_left(self, emulator, speak):
        ana = emulator.ws.connect()
        ana.send_json(speak("hi"))
        ana.expect(text="hi")
        emulator.clock.advance(minutes=5)
        emulator.dynamodb.client.create_table(
            TableName="mine",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        emulator.reset()
        assert emulator.dynamodb.tables == ["people"]
        assert emulator.dynamodb.items("people") == []
        assert (len(emulator.invocations), len(emulator.connections), len(emulator.frames)) == (0, 0, 0)
        assert abs(emulator.clock.now() - time.time()) < 60
        assert not ana.open

    def test_no_disconnect_of_an_old_test_runs_in_a_new_one(self, emulator):
        emulator.ws.connect()
        emulator.reset()
        bo = emulator.ws.connect()
        emulator.settle()
        assert [one.route_key for one in emulator.invocations] == ["$connect"]
        assert [item["connectionId"] for item in emulator.dynamodb.items("people")] == [bo.connection_id]

    def test_a_handler_that_still_runs_is_waited_for(self):
        """What it writes must not turn up in the next test."""
        begun, go_on = threading.Event(), threading.Event()

        def slow(event, context):
            begun.set()
            go_on.wait(10)
            boto3.resource("dynamodb").Table("people").put_item(Item={"id": "late"})

        with Emulator({"$default": slow}, tables=[table("people", "id")]) as emulator:
            emulator.ws.connect().send("x")
            assert begun.wait(10)
            threading.Timer(0.05, go_on.set).start()
            emulator.reset()
            assert emulator.dynamodb.items("people") == []


class TestTime:
    def test_two_hours(self, emulator, speak):
        """QT-6: a connection lasts two hours, however busy it is."""
        ana = emulator.ws.connect()
        for _ in range(15):
            emulator.clock.advance(minutes=9)
            if not ana.open:
                break
            ana.send_json(speak("still here"))
            emulator.settle()
        ana.closed_with(1001)

    def test_items_expire(self, emulator):
        people = emulator.dynamodb.table("people")
        people.put_item(Item={"connectionId": "x", "expires": int(emulator.clock.now()) + 3600})
        emulator.clock.advance(minutes=59)
        assert emulator.dynamodb.items("people") != []
        emulator.clock.advance(minutes=2)
        assert emulator.dynamodb.items("people") == []

    def test_only_forwards(self, emulator):
        with pytest.raises(ValueError, match="can only be wound on"):
            emulator.clock.advance(seconds=-1)


class TestThisProcess:
    def test_it_is_as_it_was_afterwards(self):
        before, threads = dict(os.environ), set(threading.enumerate())
        with Emulator({"$default": ok}, environment={"MINE": "1"}):
            assert os.environ["MINE"] == "1"
        assert dict(os.environ) == before
        assert set(threading.enumerate()) == threads

    def test_two_emulators_do_not_mix(self, room):
        """Each handler is answered by its own; others by the one started last."""
        with (
            Emulator(room.routes, tables=room.tables) as first,
            Emulator(room.routes, tables=room.tables) as second,
        ):
            ana, bo = first.ws.connect(), second.ws.connect()
            ana.send_json({"action": "sendMessage", "text": "first"})
            bo.send_json({"action": "sendMessage", "text": "second"})
            ana.expect(text="first")
            bo.expect(text="second")
            ana.expect_nothing()
            bo.expect_nothing()
            found = boto3.resource("dynamodb").Table("people").scan()["Items"]
            assert [item["connectionId"] for item in found] == [bo.connection_id]

    def test_a_client_made_early_is_led_here_too(self):
        early = boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
        with Emulator({"$default": ok}, tables=[table("people", "id")]):
            assert early.list_tables()["TableNames"] == ["people"]

    def test_lambda_invoke_reaches_the_apps_functions(self):
        def double(event, context):
            return event["n"] * 2 if "n" in event else {"statusCode": 200, "body": self._doubled(21)}

        with Emulator({"$default": double}, two_way=["$default"]) as emulator:
            ana = emulator.ws.connect()
            ana.send("go")
            ana.expect("42")
            emulator.invocations.assert_count("double", 2)

    def _doubled(self, number: int) -> str:
        import json

        answer = boto3.client("lambda").invoke(FunctionName="double", Payload=json.dumps({"n": number}))
        return answer["Payload"].read().decode()


class TestApps:
    @pytest.mark.parametrize(
        ("app", "message"),
        [
            ({}, "expected a mapping of route keys to handlers"),
            ({"$default": 1}, "expected a function of event and context"),
            ("no_such_module:ROUTES", "there is no module 'no_such_module'"),
            ("json:ROUTES", "has no 'ROUTES'"),
            ("nothing.yaml", "there is no app 'nothing.yaml'"),
            (3, "expected a mapping of route keys to handlers, module:ROUTES, a template, or"),
        ],
    )
    def test_what_cannot_be_tested_is_told(self, app, message):
        with pytest.raises(AppError, match=message):
            Emulator(app)

    def test_a_table_without_a_name_is_told(self):
        with pytest.raises(AppError, match="a table lacks TableName"):
            Emulator({"$default": ok}, tables=[{"KeySchema": [], "AttributeDefinitions": []}])

    def test_a_module_beside_the_test(self, tmp_path):
        (tmp_path / "stranger_app.py").write_text(
            'ROUTES = {"$default": lambda event, context: {"statusCode": 200, "body": "hello"}}\n'
        )
        with Emulator("stranger_app:ROUTES", folder=tmp_path, two_way=["$default"]) as emulator:
            ana = emulator.ws.connect()
            ana.send("x")
            ana.expect("hello")

    @pytest.mark.parametrize("in_process", [True, False])
    def test_a_template(self, tmp_path, in_process):
        """Its functions, their environment and its tables; in this process or in others."""
        (tmp_path / "app.py").write_text(TEMPLATE_APP)
        (tmp_path / "template.yaml").write_text(TEMPLATE)
        with Emulator(tmp_path, in_process=in_process) as emulator:
            ana = emulator.ws.connect()
            ana.send_json({"action": "count"})
            ana.expect("counted to 1", timeout=20)
            ana.send_json({"action": "count"})
            ana.expect("counted to 2")
            emulator.settle()
            assert "counting" in emulator.invocations[-1].logs

    def test_a_function_sees_its_own_variables_only(self, tmp_path):
        """As under `serve` and on AWS (LM-1): `connect` has TABLE, `default` reads it and fails."""
        (tmp_path / "app.py").write_text(OWN_VARIABLES_APP)
        (tmp_path / "pyproject.toml").write_text(OWN_VARIABLES)
        with Emulator(tmp_path) as emulator:
            emulator.ws.connect().send("x")
            emulator.settle()
            connected, failed = emulator.invocations
            assert connected.response == {"statusCode": 200, "body": "people"}
            assert failed.error == "KeyError: 'TABLE'"

    def test_what_runs_apart_cannot_be_killed_and_says_so(self, tmp_path):
        """Its AWS calls are not seen: a kill that never came would make a test green that tested nothing."""
        (tmp_path / "app.py").write_text(TEMPLATE_APP)
        (tmp_path / "template.yaml").write_text(TEMPLATE)
        with Emulator(tmp_path, in_process=False) as emulator:
            for function in (None, "count", emulator._running.names[0]):
                with pytest.raises(ValueError, match="it runs in a process of its own"):
                    emulator.faults.kill(function)
        with Emulator(tmp_path) as emulator:
            emulator.faults.kill("count")
            assert len(emulator.faults.waiting) == 1
            emulator.faults.clear()

    def test_the_chat_is_there_when_it_is_asked_for(self):
        with Emulator("pingbox:chat") as emulator:
            ana, bo = emulator.ws.connect(name="ana"), emulator.ws.connect(name="bo")
            ana.send_json({"action": "sendMessage", "text": "hi"})
            bo.expect(type="message", text="hi")
            assert emulator.dynamodb.tables == ["Connections", "Messages"]


async def test_async_with():
    async with Emulator({"$default": ok}) as emulator:
        ana = await emulator.ws.connect()
        await ana.send("x")
        await asyncio.to_thread(emulator.settle)
        emulator.invocations.assert_count("ok", 1)


def test_outside_of_its_block_it_says_so():
    emulator = Emulator({"$default": ok})
    with pytest.raises(RuntimeError, match="use it inside `with Emulator"):
        _ = emulator.ws
    emulator.start()
    url = emulator.url
    emulator.stop()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=2)


OWN_VARIABLES = """
[tool.pingbox.routes]
"$connect" = { handler = "app.connect", environment = { TABLE = "people" } }
"$default" = { handler = "app.default" }
"""

OWN_VARIABLES_APP = """
import os

def connect(event, context):
    return {"statusCode": 200, "body": os.environ["TABLE"]}

default = connect
"""

TEMPLATE = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: counting
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: $request.body.action
  Counts:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: counts
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Count:
    Type: AWS::Lambda::Function
    Properties:
      Handler: app.count
      Runtime: python3.13
      Code: .
      Role: !Sub arn:aws:iam::${AWS::AccountId}:role/any
      Environment: {Variables: {TABLE: !Ref Counts}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Count.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: count
      Target: !Sub integrations/${Integration}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Count
      Principal: apigateway.amazonaws.com
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: prod, AutoDeploy: true}
"""

TEMPLATE_APP = """
import os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])

def count(event, context):
    print("counting")
    request = event["requestContext"]
    counted = table.update_item(
        Key={"id": "all"}, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": 1}, ReturnValues="ALL_NEW"
    )["Attributes"]["n"]
    api = boto3.client("apigatewaymanagementapi", endpoint_url=f"https://{request['domainName']}/{request['stage']}")
    api.post_to_connection(ConnectionId=request["connectionId"], Data=f"counted to {counted}".encode())
    return {"statusCode": 200}
"""


class TestResting:
    """Between two tests the process is as it was: AWS calls of tests that use no fixture are none of ours."""

    def test_a_resting_emulator_leaves_boto3_alone(self, emulator):
        from botocore.client import BaseClient

        led = BaseClient._make_request
        emulator.suspend()
        assert BaseClient._make_request is not led
        emulator.suspend()
        emulator.resume()
        assert emulator.dynamodb.client.list_tables()["TableNames"] == ["people"]
