"""AWS services by moto, at the emulator's port: each is reached by boto3 as on AWS, over HTTP and in process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pingbox.emulator.clock import SystemClock
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.moto.service import MotoService, moto_services
from pingbox.emulator.services.moto.table import SERVICES, MotoRow
from pingbox.emulator.services.port import AwsRequest, Scope
from pingbox.emulator.services.registry import ServiceRegistry
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import chat_api

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-west-1"}
ACCOUNT = "000000000000"


@pytest.fixture
async def server() -> AsyncIterator[GatewayServer]:
    others = moto_services("eu-west-1")
    server = GatewayServer([chat_api()], FakeFunctions(), clock=SystemClock(), services=ServiceRegistry(others))
    await server.start()
    yield server
    await server.stop()
    for one in others:
        one.reset()


@pytest.fixture
def over_http(server: GatewayServer) -> Callable[[str], Any]:
    config = Config(retries={"total_max_attempts": 1})
    return lambda service: boto3.client(service, endpoint_url=server.url, config=config, **KEYS)


@pytest.fixture
def in_process(server: GatewayServer) -> Callable[[str], Any]:
    redirect = Boto3Redirect("http://127.0.0.1:1", server.services, "eu-west-1")
    return redirect.client


def objects(client: Any) -> None:
    s3 = client("s3")
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="pictures", CreateBucketConfiguration=where)
    s3.put_object(Bucket="pictures", Key="a b/ü%2F.txt", Body="grüße".encode(), Metadata={"who": "ana"})
    found = s3.get_object(Bucket="pictures", Key="a b/ü%2F.txt")
    assert (found["Body"].read().decode(), found["Metadata"]) == ("grüße", {"who": "ana"})
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="pictures", Key="other")


def queues(client: Any) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    assert url == f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs"
    sqs.send_message(QueueUrl=url, MessageBody="hi")
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "hi"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def topics(client: Any) -> None:
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    assert topic == f"arn:aws:sns:eu-west-1:{ACCOUNT}:news"
    url = sqs.create_queue(QueueName="readers")["QueueUrl"]
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:readers"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")
    sns.publish(TopicArn=topic, Message="hi")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hi"


def parameters(client: Any) -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name="/app/secret", Value="s3cret", Type="SecureString")
    assert ssm.get_parameter(Name="/app/secret", WithDecryption=True)["Parameter"]["Value"] == "s3cret"
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/app/other")


def secrets(client: Any) -> None:
    manager = client("secretsmanager")
    arn = manager.create_secret(Name="db", SecretString="s3cret")["ARN"]
    assert arn.startswith(f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db-")
    assert manager.get_secret_value(SecretId="db")["SecretString"] == "s3cret"


def keys(client: Any) -> None:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"hi")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"hi"


def identity(client: Any) -> None:
    assert client("sts").get_caller_identity()["Account"] == ACCOUNT


def events(client: Any) -> None:
    bridge = client("events")
    bridge.put_rule(Name="orders", EventPattern='{"source":["shop"]}')
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
    bridge.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": arn}])
    sent = bridge.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
    assert sent["FailedEntryCount"] == 0
    assert [one["Arn"] for one in bridge.list_targets_by_rule(Rule="orders")["Targets"]] == [arn]


def schedules(client: Any) -> None:
    scheduler = client("scheduler")
    target = {"Arn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    window = {"Mode": "OFF"}
    scheduler.create_schedule(Name="n", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=window, Target=target)
    assert scheduler.get_schedule(Name="n")["ScheduleExpression"] == "rate(1 hour)"


def streams(client: Any) -> None:
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    put = kinesis.put_record(StreamName="clicks", Data=b"hi", PartitionKey="k")
    start = {"StreamName": "clicks", "ShardId": put["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**start)["ShardIterator"]
    assert [one["Data"] for one in kinesis.get_records(ShardIterator=iterator)["Records"]] == [b"hi"]


def mail(client: Any) -> None:
    client("ses").verify_email_identity(EmailAddress="a@example.com")
    message = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "b"}}}
    to = {"ToAddresses": ["b@example.com"]}
    assert client("ses").send_email(Source="a@example.com", Destination=to, Message=message)["MessageId"]
    content = {"Simple": message}
    sent = client("sesv2").send_email(FromEmailAddress="a@example.com", Destination=to, Content=content)
    assert sent["MessageId"]


def users(client: Any) -> None:
    cognito = client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    app = cognito.create_user_pool_client(UserPoolId=pool, ClientName="c", ExplicitAuthFlows=flows)["UserPoolClient"]
    cognito.sign_up(ClientId=app["ClientId"], Username="ana", Password="Passw0rd!")
    cognito.admin_confirm_sign_up(UserPoolId=pool, Username="ana")
    answer = cognito.initiate_auth(
        ClientId=app["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": "Passw0rd!"},
    )
    assert answer["AuthenticationResult"]["IdToken"].count(".") == 2


def identities(client: Any) -> None:
    identities = client("cognito-identity")
    pool = identities.create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=True)["IdentityPoolId"]
    assert identities.get_id(IdentityPoolId=pool)["IdentityId"].startswith("eu-west-1:")


def machines(client: Any) -> None:
    states = client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    arn = states.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    assert arn == f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:m"
    assert states.start_execution(stateMachineArn=arn, name="one")["executionArn"].endswith(":m:one")


def things(client: Any) -> None:
    client("iot-data").publish(topic="t", payload=b"hi")


def logs(client: Any) -> None:
    cloud = client("logs")
    cloud.create_log_group(logGroupName="g")
    cloud.create_log_stream(logGroupName="g", logStreamName="s")
    now = 1_795_000_000_000
    cloud.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": "hi"}])
    assert [group["logGroupName"] for group in cloud.describe_log_groups()["logGroups"]] == ["g"]


def metrics(client: Any) -> None:
    cloud = client("cloudwatch")
    cloud.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}])
    assert [one["MetricName"] for one in cloud.list_metrics(Namespace="N")["Metrics"]] == ["m"]


TALKS = [
    objects, queues, topics, parameters, secrets, keys, identity, events, schedules, streams, mail, users, identities,
    machines, things, logs, metrics,
]  # fmt: skip


@pytest.mark.parametrize("talk", TALKS)
async def test_over_http(over_http: Callable[[str], Any], talk: Callable[[Any], None]) -> None:
    await asyncio.to_thread(talk, over_http)


@pytest.mark.parametrize("talk", TALKS)
async def test_in_process(in_process: Callable[[str], Any], talk: Callable[[Any], None]) -> None:
    await asyncio.to_thread(talk, in_process)


# --- how a request finds its service ---


def get(url: str, host: str | None = None) -> bytes:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    return urllib.request.urlopen(request, timeout=20).read()


async def test_a_bucket_is_found_in_the_path_in_the_host_and_by_a_presigned_url(
    server: GatewayServer, over_http: Callable[[str], Any]
) -> None:
    def talk() -> None:
        s3 = over_http("s3")
        s3.create_bucket(Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket="pictures", Key="cat.txt", Body=b"meow", ACL="public-read")
        presigned = s3.generate_presigned_url("get_object", Params={"Bucket": "pictures", "Key": "cat.txt"})
        assert presigned.startswith(server.url)
        assert get(presigned) == b"meow"
        for host in ("pictures.s3.eu-west-1.amazonaws.com", "pictures.s3.amazonaws.com"):
            assert get(f"{server.url}/cat.txt", host) == b"meow"
        upload = s3.generate_presigned_url("put_object", Params={"Bucket": "pictures", "Key": "dog.txt"})
        put = urllib.request.Request(upload, data=b"woof", method="PUT")
        urllib.request.urlopen(put, timeout=20).close()
        assert s3.get_object(Bucket="pictures", Key="dog.txt")["Body"].read() == b"woof"

    await asyncio.to_thread(talk)


async def test_a_pools_keys_are_at_its_issuers_address(server: GatewayServer, over_http: Callable[[str], Any]) -> None:
    def talk() -> Any:
        pool = over_http("cognito-idp").create_user_pool(PoolName="p")["UserPool"]["Id"]
        return json.loads(get(f"{server.url}/{pool}/.well-known/jwks.json"))

    assert (await asyncio.to_thread(talk))["keys"][0]["kty"] == "RSA"


@pytest.mark.parametrize(
    ("request_", "module"),
    [
        (AwsRequest("POST", "", "/", scope=Scope("ses", "eu-west-1")), "ses"),
        (AwsRequest("POST", "", "/v2/email/outbound-emails", scope=Scope("ses", "eu-west-1")), "sesv2"),
        (AwsRequest("GET", "", "/anything", scope=Scope("s3", "eu-west-1")), "s3"),
        (AwsRequest("GET", "b.s3.eu-west-1.amazonaws.com", "/k"), "s3"),
        (AwsRequest("GET", "s3.amazonaws.com", "/b/k"), "s3"),
        (AwsRequest("POST", "", "/", headers={"X-Amz-Target": "AWSCognitoIdentityService.GetId"}), "cognitoidentity"),
        (AwsRequest("POST", "", "/", headers={"X-Amz-Target": "AmazonSQS.SendMessage"}), "sqs"),
        (AwsRequest("POST", "sts.amazonaws.com", "/"), "sts"),
        (AwsRequest("GET", "localhost:3001", "/eu-west-1_abc/.well-known/jwks.json"), "cognitoidp"),
        (AwsRequest("GET", "localhost:3001", "/"), None),
        (AwsRequest("GET", "localhost:3001", "/v2/email"), None),
        (AwsRequest("GET", "abc.execute-api.eu-west-1.amazonaws.com", "/dev"), None),
        (AwsRequest("POST", "", "/", scope=Scope("bedrock", "eu-west-1")), None),
    ],
)
def test_a_request_finds_its_service(request_: AwsRequest, module: str | None) -> None:
    found = ServiceRegistry(moto_services("eu-west-1")).find(request_)
    assert (found and found._row.module) == module  # type: ignore[attr-defined]


# --- that nothing of it is in the way ---


def test_nothing_of_moto_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from pingbox.emulator.services.moto.service import moto_services; moto_services('eu-west-1');"
        "sys.exit(any(name.split('.')[0] in ('moto', 'botocore', 'werkzeug') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_many_threads_lose_nothing(server: GatewayServer, in_process: Callable[[str], Any]) -> None:
    """Without a lock moto gives the same version to several callers, and raises."""

    def talk() -> int:
        ssm = in_process("ssm")
        with ThreadPoolExecutor(8) as pool:
            put = lambda n: ssm.put_parameter(Name="/n", Value=str(n), Type="String", Overwrite=True)["Version"]  # noqa: E731
            return len(set(pool.map(put, range(64))))

    assert await asyncio.to_thread(talk) == 64


async def test_what_moto_has_not_is_a_501_that_names_it(over_http: Callable[[str], Any]) -> None:
    with pytest.raises(ClientError) as failed:
        await asyncio.to_thread(over_http("ssm").describe_sessions, State="Active")
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "describe_sessions" in str(failed.value)


async def test_an_event_for_a_function_is_told_and_not_delivered(
    over_http: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(events, over_http)
    assert "an event of rule orders of EventBridge is kept, but not delivered to arn:aws:lambda" in caplog.text


async def test_reset_forgets(server: GatewayServer, over_http: Callable[[str], Any]) -> None:
    await asyncio.to_thread(lambda: over_http("sqs").create_queue(QueueName="jobs"))
    for service in server.services:
        if isinstance(service, MotoService):
            service.reset()
    assert "QueueUrls" not in await asyncio.to_thread(lambda: over_http("sqs").list_queues())


def test_each_row_has_a_talk() -> None:
    assert len({row.module for row in SERVICES}) == len(SERVICES) == len(TALKS) + 1  # mail is two
    assert all(isinstance(row, MotoRow) and row.title for row in SERVICES)


def test_the_seams_are_where_we_know_them() -> None:
    """At the newest version that pyproject.toml allows."""
    import moto.events.models
    import moto.sns.models

    assert callable(moto.events.models.Rule.send_to_targets)
    assert callable(moto.sns.models.Subscription.publish)
