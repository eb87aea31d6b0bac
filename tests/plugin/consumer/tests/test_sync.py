import urllib.request

import boto3
import pytest
from moto import mock_aws


def test_everybody_hears(ws):
    ana, bo = ws.connect(), ws.connect()
    ana.send_json({"action": "sendMessage", "text": "hi"})
    bo.expect(text="hi")


def test_the_management_client_posts(ws, management):
    ana = ws.connect()
    management.post_to_connection(ConnectionId=ana.connection_id, Data=b"hello")
    ana.expect("hello")
    ana.close()
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=ana.connection_id, Data=b"hello")


def test_tables_are_reached_in_three_ways(ws, dynamodb):
    ana = ws.connect()
    assert dynamodb.table("people").get_item(Key={"id": ana.connection_id})["Item"]
    assert dynamodb.client.get_item(TableName="people", Key={"id": {"S": ana.connection_id}})["Item"]
    assert boto3.client("dynamodb").scan(TableName="people")["Count"] == 1


def test_the_users_own_moto_goes_on(ws, dynamodb):
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="pictures")
        ana = ws.connect()
        ana.send_json({"action": "sendMessage", "text": "hi"})
        ana.expect(text="hi")
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["pictures"]


def test_aws_itself_is_out_of_reach(pingbox):
    from botocore.config import Config

    once = Config(retries={"total_max_attempts": 1})
    with pytest.raises(Exception, match="PingBox refused a call to AWS ec2"):
        boto3.client("ec2", endpoint_url="https://ec2.us-east-1.amazonaws.com", config=once).describe_regions()
    with pytest.raises(Exception, match="PingBox refused a call to AWS rds"):
        urllib.request.urlopen("https://rds.us-east-1.amazonaws.com")


def test_our_own_folders_are_ours():
    import deploy
    import emulator
    import web

    assert {deploy.OWNER, emulator.OWNER, web.OWNER} == {"the consumer"}
