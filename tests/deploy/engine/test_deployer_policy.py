"""Somebody with nothing but `pingbox policy` deploys this stage, and gets no further: every escape is tried.

MiniStack does not check what CloudFormation does on somebody's behalf, so each call is made directly.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pingbox.deploy.plan.deployer_policy import DeployerPolicy
from pingbox.deploy.plan.target import DeployTarget
from support.deploy.command import Pingbox, command_in
from support.deploy.ministack import REGION, Account, MiniStack
from support.waiting import until_sync

STACK = "pingbox-dev"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
THIEF = """
import boto3, os
def lambda_handler(event, context):
    tables = boto3.client("dynamodb", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    return tables.scan(TableName=event["table"])["Items"]
"""


@dataclass
class Deployer:
    """The deploying person: their command, and their credentials for anything else."""

    account: Account
    pingbox: Pingbox
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.account.url, region_name=REGION)

    def refused(self, service: str, operation: str, **arguments: Any) -> None:
        with pytest.raises(ClientError) as refusal:
            getattr(self.client(service), operation)(**arguments)
        assert refusal.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}, refusal.value


@pytest.fixture(scope="module")
def deployer(ministack: MiniStack) -> Deployer:
    """Two stages of the chat and somebody else's app are there; the deployer has the policy of the one stage."""
    account = ministack.account()
    admin = command_in(account)
    target = DeployTarget("pingbox", "dev", REGION, account.id)
    policies = DeployerPolicy(target)
    iam = account.client("iam")
    name = policies.boundary_arn.rpartition("/")[2]
    iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(policies.boundary()))
    iam.create_user(UserName="deployer")
    iam.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=json.dumps(policies.document()))
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    own = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    admin("deploy", "--yes", "--no-alarm", "--stage", "dev-2", "--no-protect")
    account.client("dynamodb").create_table(
        TableName="payroll", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    account.client("apigatewayv2").create_api(
        Name="payroll", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )
    command = command_in(account, **own)
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"])
    command("deploy", "--yes", "--no-alarm", "--permissions-boundary", policies.boundary_arn)
    return Deployer(account, command, session)


def test_it_is_enough(deployer: Deployer) -> None:
    """Plan, deploy, swap, ask; a second deploy needs no boundary any more, the stack remembers it."""
    assert "no changes" in deployer.pingbox("plan").output
    deployer.pingbox("deploy", "--yes", "--parameter", "DefaultRoom=lobby")
    deployer.pingbox("deploy", "--hotswap")
    assert "drift: none" in deployer.pingbox("status").output
    roles = deployer.account.client("iam").list_roles()["Roles"]
    own = [
        role["RoleName"] for role in roles if role["RoleName"].startswith(f"{STACK}-") and "-2-" not in role["RoleName"]
    ]
    described = [deployer.account.client("iam").get_role(RoleName=name)["Role"] for name in own]
    assert len(described) == 5
    assert {role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in described} == {boundary(deployer)}


def boundary(deployer: Deployer) -> str:
    return DeployerPolicy(DeployTarget("pingbox", "dev", REGION, deployer.account.id)).boundary_arn


def test_another_stage_is_refused(deployer: Deployer) -> None:
    """Also one whose name begins alike."""
    for stage in ("other", "dev-2"):
        refused = deployer.pingbox("deploy", "--yes", "--no-alarm", "--stage", stage, code=1).output
        assert "not authorized" in refused


def test_star_on_a_role_reads_no_other_table(deployer: Deployer) -> None:
    """The way it was done: everything to the stack's role, other code into its function, read the payroll."""
    role = deployer.account.physical(STACK, "SweepRole")
    function = deployer.account.physical(STACK, "SweepLambda")
    iam, functions = deployer.client("iam"), deployer.client("lambda")
    iam.put_role_policy(RoleName=role, PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    before = functions.get_function(FunctionName=function)["Configuration"]["CodeSha256"]
    functions.update_function_configuration(FunctionName=function, Handler="thief.lambda_handler")
    functions.update_function_code(FunctionName=function, ZipFile=zipped("thief.py", THIEF))
    until_sync(
        lambda: functions.get_function_configuration(FunctionName=function)["CodeSha256"] != before, "the other code"
    )
    answer = functions.invoke(FunctionName=function, Payload=json.dumps({"table": "payroll"}))
    assert "AccessDenied" in answer["Payload"].read().decode()
    own = deployer.account.physical(STACK, "Messages")
    answer = functions.invoke(FunctionName=function, Payload=json.dumps({"table": own}))
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_no_role_gets_rid_of_its_boundary(deployer: Deployer) -> None:
    role = deployer.account.physical(STACK, "MessageRole")
    other = f"arn:aws:iam::{deployer.account.id}:policy/other"
    deployer.account.client("iam").create_policy(PolicyName="other", PolicyDocument=json.dumps(EVERYTHING))
    deployer.refused("iam", "delete_role_permissions_boundary", RoleName=role)
    deployer.refused("iam", "put_role_permissions_boundary", RoleName=role, PermissionsBoundary=other)
    deployer.refused(
        "iam", "create_policy_version", PolicyArn=boundary(deployer), PolicyDocument=json.dumps(EVERYTHING)
    )
    deployer.refused(
        "iam", "attach_role_policy", RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )


def test_no_role_is_made_without_the_boundary(deployer: Deployer) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    make = {"RoleName": f"{STACK}-MessageRole-mine", "AssumeRolePolicyDocument": json.dumps(trust)}
    deployer.refused("iam", "create_role", **make)
    deployer.refused("iam", "create_role", **{**make, "RoleName": "mine"}, PermissionsBoundary=boundary(deployer))


def test_a_role_without_the_boundary_gets_no_policy(deployer: Deployer) -> None:
    """The neighbour's role has a name that begins alike, and no boundary."""
    role = deployer.account.physical("pingbox-dev-2", "MessageRole")
    assert role.startswith(f"{STACK}-")
    document = json.dumps(EVERYTHING)
    deployer.refused("iam", "put_role_policy", RoleName=role, PolicyName="x", PolicyDocument=document)
    deployer.refused("iam", "update_assume_role_policy", RoleName=role, PolicyDocument=document)
    deployer.refused("iam", "delete_role", RoleName=role)
    deployer.refused("iam", "tag_role", RoleName=role, Tags=[{"Key": "pingbox:stage", "Value": "dev"}])


def test_no_function_runs_with_the_neighbours_role(deployer: Deployer) -> None:
    """To hand a role over is a permission of its own, and names each role."""
    role = deployer.account.client("iam").get_role(RoleName=deployer.account.physical("pingbox-dev-2", "MessageRole"))
    function = deployer.account.physical(STACK, "MessageLambda")
    document = DeployerPolicy(DeployTarget("pingbox", "dev", REGION, deployer.account.id)).document()
    [passing] = [entry for entry in document["Statement"] if entry["Action"] == ["iam:PassRole"]]
    assert not any(role["Role"]["Arn"].startswith(arn.rstrip("*")) for arn in passing["Resource"])
    own = deployer.account.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    assert any(own.startswith(arn.rstrip("*")) for arn in passing["Resource"])


def test_the_neighbours_artifacts_are_not_touched(deployer: Deployer) -> None:
    """Whoever overwrites a zip runs their code with the neighbour's role."""
    bucket = f"pingbox-artifacts-{deployer.account.id}-{REGION}"
    keys = [entry["Key"] for entry in deployer.account.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    [key] = [key for key in keys if key.startswith("pingbox/dev-2/") and key.endswith(".zip")]
    deployer.refused("s3", "put_object", Bucket=bucket, Key=key, Body=b"mine")
    deployer.refused("s3", "get_object", Bucket=bucket, Key=key)
    deployer.refused("s3", "delete_object", Bucket=bucket, Key=key)
    deployer.refused("s3", "list_objects_v2", Bucket=bucket)
    deployer.refused("s3", "list_objects_v2", Bucket=bucket, Prefix="pingbox/dev-2/")
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    deployer.refused(
        "s3", "put_bucket_lifecycle_configuration", Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
    )
    deployer.refused("s3", "put_bucket_policy", Bucket=bucket, Policy=json.dumps(EVERYTHING))
    site = deployer.account.outputs("pingbox-dev-2")["SiteBucket"]
    deployer.refused("s3", "put_object", Bucket=site, Key="index.html", Body=b"mine")


def test_the_neighbours_api_is_not_touched(deployer: Deployer) -> None:
    """Neither that of another stage, nor one that PingBox did not make; nor can it be made one's own by a tag."""
    own = deployer.account.physical(STACK, "Api")
    deployer.client("apigatewayv2").update_api(ApiId=own, Name="ServerlessChatAPI")
    apis = deployer.account.client("apigatewayv2").get_apis()["Items"]
    others = [api["ApiId"] for api in apis if api["ApiId"] != own]
    assert len(others) == 2
    tags = {"pingbox:app": "pingbox", "pingbox:stage": "dev"}
    for api in others:
        deployer.refused("apigatewayv2", "update_api", ApiId=api, Name="mine")
        deployer.refused("apigatewayv2", "delete_api", ApiId=api)
        deployer.refused("apigatewayv2", "create_route", ApiId=api, RouteKey="mine")
        arn = f"arn:aws:apigateway:{REGION}::/apis/{api}"
        deployer.refused("apigatewayv2", "tag_resource", ResourceArn=arn, Tags=tags)
    deployer.refused(
        "apigatewayv2", "create_api", Name="mine", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a"
    )


def test_the_neighbours_data_and_code_are_not_touched(deployer: Deployer) -> None:
    physical = deployer.account.physical
    deployer.refused("dynamodb", "scan", TableName=physical("pingbox-dev-2", "Messages"))
    deployer.refused("dynamodb", "scan", TableName="payroll")
    deployer.refused("dynamodb", "delete_table", TableName=physical("pingbox-dev-2", "Messages"))
    function = physical("pingbox-dev-2", "MessageLambda")
    deployer.refused("lambda", "update_function_code", FunctionName=function, ZipFile=zipped("a.py", ""))
    deployer.refused("lambda", "delete_function", FunctionName=function)
    deployer.refused("ssm", "get_parameter", Name="/pingbox/pingbox/dev-2/token-secret", WithDecryption=True)
    deployer.refused("sqs", "delete_queue", QueueUrl=physical("pingbox-dev-2", "FailedEvents"))


def test_no_way_to_more_permissions(deployer: Deployer) -> None:
    document = json.dumps(EVERYTHING)
    deployer.refused("iam", "put_user_policy", UserName="deployer", PolicyName="x", PolicyDocument=document)
    deployer.refused("iam", "create_user", UserName="mine")
    deployer.refused("iam", "create_access_key", UserName="deployer")
    deployer.refused("iam", "create_policy", PolicyName="mine", PolicyDocument=document)


def zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def test_with_the_end_everything_is_gone(deployer: Deployer) -> None:
    """The last test of this file: the deployer destroys the stage and sees that nothing is left of it."""
    gone = deployer.pingbox("destroy", "--yes").output
    assert "still there" not in gone
    assert deployer.account.outputs("pingbox-dev-2")["WebSocketUrl"]
