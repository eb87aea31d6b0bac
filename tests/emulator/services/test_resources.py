"""A template's queues, topics, buckets, parameters, secrets and streams are there before the first event."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.cloud import LocalCloud
from pingbox.local.item_store import item_store
from pingbox.settings import ServeSettings
from pingbox.templates import App, read_app

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: {timeout}
      RedrivePolicy: {{deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}
  Dead: {{Type: AWS::SQS::Queue, Properties: {{QueueName: dead-letters}}}}
  Ordered: {{Type: AWS::SQS::Queue, Properties: {{QueueName: ordered.fifo, FifoQueue: true}}}}
  News: {{Type: AWS::SNS::Topic}}
  Reader:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref News
      Protocol: sqs
      Endpoint: !GetAtt Jobs.Arn
      RawMessageDelivery: true
      FilterPolicy: {{kind: [loud]}}
  Pictures:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: pictures-of-mine
      VersioningConfiguration: {{Status: Enabled}}
      CorsConfiguration: {{CorsRules: [{{AllowedMethods: [GET], AllowedOrigins: ["*"], MaxAge: 60}}]}}
  Motd: {{Type: AWS::SSM::Parameter, Properties: {{Name: /app/motd, Type: String, Value: {motd}}}}}
  Password:
    Type: AWS::SecretsManager::Secret
    Properties:
      Name: db
      GenerateSecretString:
        SecretStringTemplate: '{{"user": "ana"}}'
        GenerateStringKey: password
        PasswordLength: 20
        ExcludePunctuation: true
  Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: shop}}}}
  Clicks: {{Type: AWS::Kinesis::Stream, Properties: {{ShardCount: 2}}}}
  Broken: {{Type: AWS::SSM::Parameter, Properties: {{Name: /aws/broken, Type: String, Value: s3cret-value}}}}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{Name: chat, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage: {{Type: AWS::ApiGatewayV2::Stage, Properties: {{ApiId: !Ref Api, StageName: dev, AutoDeploy: true}}}}
Outputs:
  Queue: {{Value: !Ref Jobs}}
  Topic: {{Value: !Ref News}}
  Bucket: {{Value: !Ref Pictures}}
  Secret: {{Value: !Ref Password}}
"""


def read(folder: Path, **values: Any) -> App:
    path = folder / "template.yaml"
    path.write_text(TEMPLATE.format(**{"timeout": 45, "motd": "hello", **values}))
    return read_app(path, endpoint="http://127.0.0.1")


async def test_what_a_template_declares_is_there_and_follows_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = read(tmp_path)
    assert [one.logical_id for one in app.ignored] == []
    cloud = LocalCloud(app, item_store(ServeSettings(data_dir=None), SystemClock()))
    await cloud.start()
    try:
        refs = {output.name: output.value for output in app.outputs}
        await asyncio.to_thread(_look, cloud.redirect.client, refs)
        before = await asyncio.to_thread(_password, cloud.redirect.client, refs)
        await cloud.replace(read(tmp_path, timeout=90, motd="goodbye"))
        attributes = await asyncio.to_thread(_attributes, cloud.redirect.client, refs["Queue"])
        assert attributes["VisibilityTimeout"] == "90"
        motd = await asyncio.to_thread(lambda: cloud.redirect.client("ssm").get_parameter(Name="/app/motd"))
        assert motd["Parameter"]["Value"] == "goodbye"
        assert await asyncio.to_thread(_password, cloud.redirect.client, refs) == before, "a generated secret is kept"
    finally:
        await cloud.stop()
    [told] = [record.getMessage() for record in caplog.records if "could not be made" in record.getMessage()]
    assert told.startswith("Broken (AWS::SSM::Parameter) could not be made: ")
    assert "s3cret-value" not in caplog.text


def _attributes(client: Any, url: str) -> dict[str, str]:
    return client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def _password(client: Any, refs: dict[str, str]) -> str:
    return json.loads(client("secretsmanager").get_secret_value(SecretId=refs["Secret"])["SecretString"])["password"]


def _look(client: Any, refs: dict[str, str]) -> None:
    attributes = _attributes(client, refs["Queue"])
    assert attributes["VisibilityTimeout"] == "45"
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].endswith(":dead-letters")
    assert client("sqs").get_queue_url(QueueName="ordered.fifo")["QueueUrl"].endswith("/ordered.fifo")
    kinds = {name: {"kind": {"DataType": "String", "StringValue": name}} for name in ("loud", "quiet")}
    for name, given in kinds.items():
        client("sns").publish(TopicArn=refs["Topic"], Message=name, MessageAttributes=given)
    found = client("sqs").receive_message(QueueUrl=refs["Queue"], MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in found] == ["loud"], "the subscription's filter and raw delivery"
    s3 = client("s3")
    assert s3.get_bucket_versioning(Bucket=refs["Bucket"])["Status"] == "Enabled"
    assert s3.get_bucket_cors(Bucket=refs["Bucket"])["CORSRules"][0]["MaxAgeSeconds"] == 60
    assert client("ssm").get_parameter(Name="/app/motd")["Parameter"]["Value"] == "hello"
    assert len(_password(client, refs)) == 20
    assert "shop" in [bus["Name"] for bus in client("events").list_event_buses()["EventBuses"]]
    clicks = client("kinesis").describe_stream(StreamName="Clicks")["StreamDescription"]
    assert len(clicks["Shards"]) == 2
