"""What is alive is not lost by accident: protection, kept data, failed creations, another app under the same name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.deploy.ministack import Account
from support.deploy.prompting import Prompted

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "DeletionProtectionEnabled": True,
    },
    "DeletionPolicy": "Retain",
}
BROKEN = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::GetAtt": ["Data", "NoSuchAttribute"]}}}
HOLDING = {
    "Files": {"Type": "AWS::S3::Bucket"},
    "Jobs": {"Type": "AWS::SQS::Queue"},
    "Password": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {}}},
    "People": {"Type": "AWS::Cognito::UserPool"},
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
    "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
    "Lines": {"Type": "AWS::Logs::LogGroup"},
    "Setting": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}},
}


def written(file: Path, **resources: Any) -> str:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"Resources": resources}))
    return str(file)


def stack(account: Account, name: str) -> dict[str, Any]:
    found: dict[str, Any] = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return found


@pytest.mark.parametrize("stage", ["prod", "production", "main", "live"])
def test_a_stage_that_is_not_for_trials_is_protected(pingbox, account: Account, stage: str) -> None:
    """`--yes` takes no protection away, `--remove-protection` does, and the messages stay all the same."""
    pingbox("deploy", "--yes", "--no-alarm", "--stage", stage)
    name = f"pingbox-{stage}"
    assert stack(account, name)["EnableTerminationProtection"] is True
    table = account.outputs(name)["MessagesTable"]
    described = account.client("dynamodb").describe_table(TableName=table)["Table"]
    assert described["DeletionProtectionEnabled"] is True
    assert "no changes" in pingbox("plan", "--stage", stage).output
    for options in ((), ("--delete-data",), ("--keep-data",)):
        refused = pingbox("destroy", "--yes", "--stage", stage, *options, code=1).output
        assert f"the stack {name}: protected" in refused
        assert "--remove-protection" in refused
    assert stack(account, name)["EnableTerminationProtection"] is True
    gone = pingbox("destroy", "--yes", "--stage", stage, "--remove-protection").output
    assert f"kept: the table {table}" in gone
    assert "Nothing is left." not in gone
    assert account.client("dynamodb").list_tables()["TableNames"] == [table]
    again = pingbox("destroy", "--yes", "--stage", stage, code=1).output
    assert f"kept by an earlier destroy: AWS::DynamoDB::Table {table}" in again


def test_all_of_it_goes_when_both_are_said(pingbox, account: Account) -> None:
    """`--delete-data` takes the retained table along, `--remove-protection` its protection."""
    pingbox("deploy", "--yes", "--no-alarm", "--stage", "prod")
    gone = pingbox("destroy", "--yes", "--stage", "prod", "--delete-data", "--remove-protection").output
    assert "Nothing is left." in gone
    assert account.client("dynamodb").list_tables()["TableNames"] == []


def test_protection_is_asked_for_by_itself(pingbox, account: Account) -> None:
    """Two questions: about the protection, then about the name. A no to the first ends it."""
    pingbox("deploy", "--yes", "--no-alarm", "--stage", "prod")
    with Prompted(account, "destroy", "--stage", "prod") as asked:
        asked.asks("Take this protection away?").answer("n", code=1)
    assert stack(account, "pingbox-prod")["EnableTerminationProtection"] is True
    with Prompted(account, "destroy", "--stage", "prod") as asked:
        asked.asks("Take this protection away?").type("y").asks("Type the stack's name").answer("pingbox-prod")


def test_protection_is_remembered_and_can_be_changed(pingbox, account: Account) -> None:
    """On any stage, in both directions; the plan says so before."""
    pingbox("deploy", "--yes", "--no-alarm", "--protect")
    assert "no changes" in pingbox("plan").output
    assert "not for pingbox-dev, which is protected" in pingbox("deploy", "--hotswap", code=1).output
    assert "protection: OFF from now on" in pingbox("plan", "--no-protect", code=2).output
    pingbox("deploy", "--yes", "--no-protect", "--allow-replace")
    assert stack(account, "pingbox-dev")["EnableTerminationProtection"] is False
    assert "no changes" in pingbox("plan").output
    assert "Nothing is left." in pingbox("destroy", "--yes").output


def test_everything_that_holds_data_is_kept(pingbox, account: Account, tmp_path: Path) -> None:
    """A bucket with a customer's file above all: it was emptied and deleted once."""
    mine = written(tmp_path / "mine.json", Data={**TABLE, "DeletionPolicy": "Delete"}, **HOLDING)
    pingbox("deploy", "--yes", "--template", mine)
    ids = {name: account.physical("pingbox-dev", name) for name in ("Data", *HOLDING)}
    account.client("s3").put_object(Bucket=ids["Files"], Key="customer", Body=b"precious")
    kept = pingbox("destroy", "--yes", "--keep-data").output
    assert all(f" {physical}" in kept for physical in ids.values())
    assert "Nothing is left." not in kept
    assert account.client("s3").get_object(Bucket=ids["Files"], Key="customer")["Body"].read() == b"precious"
    assert account.client("dynamodb").describe_table(TableName=ids["Data"])
    assert account.client("sqs").get_queue_attributes(QueueUrl=ids["Jobs"])
    assert account.client("secretsmanager").describe_secret(SecretId=ids["Password"])
    assert account.client("cognito-idp").describe_user_pool(UserPoolId=ids["People"])
    assert account.client("kms").describe_key(KeyId=ids["Key"])["KeyMetadata"]["KeyState"] == "Enabled"


def test_with_the_chats_data_its_token_secret_is_kept(pingbox, account: Account) -> None:
    """Both tables, and what says who wrote in them. The page is no data."""
    pingbox("deploy", "--yes", "--no-alarm")
    outputs = account.outputs("pingbox-dev")
    tables = sorted([outputs["ConnectionsTable"], outputs["MessagesTable"]])
    kept = pingbox("destroy", "--yes", "--keep-data").output
    assert all(f"kept: the table {table}" in kept for table in tables)
    assert sorted(account.client("dynamodb").list_tables()["TableNames"]) == tables
    assert account.client("ssm").get_parameter(Name="/pingbox/pingbox/dev/token-secret")
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_a_failed_first_creation_leaves_no_orphan(pingbox, account: Account, tmp_path: Path) -> None:
    """Although the table is to be retained and protected: nothing was ever in it."""
    broken = written(tmp_path / "broken.json", Data=TABLE, Topic=BROKEN)
    pingbox("deploy", "--yes", "--stage", "prod", "--template", broken, code=1)
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    good = written(tmp_path / "good.json", Data=TABLE)
    pingbox("deploy", "--yes", "--stage", "prod", "--template", good)
    [table] = account.client("dynamodb").list_tables()["TableNames"]
    described = account.client("dynamodb").describe_table(TableName=table)["Table"]
    assert described["DeletionProtectionEnabled"] is True


def test_the_chat_does_not_replace_somebodys_app(pingbox, account: Account, tmp_path: Path) -> None:
    """`--template` was forgotten: not even with `--yes`, and not by `--replace-app` alone."""
    mine = written(tmp_path / "shop" / "template.json", Data=TABLE, **HOLDING)
    pingbox("deploy", "--yes", "--template", mine)
    key = account.physical("pingbox-dev", "Key")
    refused = pingbox("deploy", "--yes", "--no-alarm", code=1).output
    assert "runs the template shop/template.json; 9 of its 9 resources are not in the chat" in refused
    losing = pingbox("deploy", "--yes", "--no-alarm", "--replace-app", code=1).output
    assert "removes Key: everything that is encrypted with it" in losing
    assert "removes Password: its value" in losing
    other = written(tmp_path / "blog" / "template.json", Other={"Type": "AWS::SQS::Queue"})
    assert "--replace-app" in pingbox("deploy", "--yes", "--template", other, code=1).output
    assert account.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert "no changes" in pingbox("plan", "--template", mine).output


def test_the_stacks_own_tags_are_kept(pingbox, account: Account, tmp_path: Path) -> None:
    """Those that somebody put there by hand, and those that were passed once."""

    def tags() -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in stack(account, "pingbox-dev")["Tags"]}

    mine = written(tmp_path / "mine.json", Jobs=HOLDING["Jobs"])
    pingbox("deploy", "--yes", "--template", mine, "--tag", "team=shop")
    client = account.client("cloudformation")
    own = [{"Key": key, "Value": value} for key, value in {**tags(), "cost": "42"}.items()]
    client.update_stack(StackName="pingbox-dev", UsePreviousTemplate=True, Tags=own)
    assert tags()["cost"] == "42"
    changed = written(tmp_path / "mine.json", Jobs=HOLDING["Jobs"], More=HOLDING["Jobs"])
    pingbox("deploy", "--yes", "--template", changed, "--tag", "team=blog")
    assert (tags()["cost"], tags()["team"], tags()["pingbox:kind"]) == ("42", "blog", "template")
    assert "pingbox:" in pingbox("deploy", "--yes", "--template", changed, "--tag", "pingbox:app=x", code=1).output


def test_who_deployed_what_when_and_where_is_shown(pingbox, account: Account, tmp_path: Path) -> None:
    """In the plan, before the question and before a destroy; in a width of 80 columns."""
    mine = written(tmp_path / "mine.json", Jobs=HOLDING["Jobs"])
    account.client("iam").create_account_alias(AccountAlias="shop-production")
    first = pingbox("plan", "--template", mine, code=2).output
    assert f"account   {account.id} (shop-production)" in first
    assert "deployed  never, as far as is recorded" in first
    pingbox("deploy", "--yes", "--template", mine)
    plan = json.loads(pingbox("plan", "--template", mine, "--json").stdout)
    assert (plan["account"], plan["region"], plan["deployedFrom"]) == (
        account.id, "us-east-1", f"the template {tmp_path.name}/mine.json",
    )  # fmt: skip
    assert plan["lastDeployedBy"] == plan["identity"] == f"arn:aws:iam::{account.id}:root"
    with Prompted(account, "destroy") as asked:
        asked.asks("Type the stack's name")
        text = asked.output
        asked.answer("no", code=1)
    assert f"account {account.id} (shop-production), us-east-1" in text
    assert f"{plan['lastDeployed']} by root" in text


def test_the_wrong_region_is_refused(pingbox) -> None:
    refused = pingbox("destroy", "--yes", "--expect-region", "eu-central-1", code=1).output
    assert "the AWS region: us-east-1; expected eu-central-1" in refused


def test_an_early_validation_is_told_with_its_cause(pingbox, account: Account, tmp_path: Path) -> None:
    """CloudFormation's event only points to another call."""
    account.client("s3").create_bucket(Bucket="taken-already")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken-already"}}
    output = pingbox("deploy", "--yes", "--template", written(tmp_path / "t.json", B=bucket), code=1).output
    assert "Error: B: " in output
    assert "already" in output.split("Error: B: ")[1]


def test_errors_are_json_for_machines(pingbox, account: Account, tmp_path: Path) -> None:
    """On standard output, with the parts of the sentence."""
    mine = written(tmp_path / "mine.json", Jobs=HOLDING["Jobs"])
    answer = pingbox("status", "--json", code=1)
    assert "There is no stack pingbox-dev in us-east-1." in json.loads(answer.stdout)["error"]["message"]
    answer = pingbox("plan", "--template", mine, "--json", "--expect-account", "999999999999", code=1)
    error = json.loads(answer.stdout)["error"]
    assert (error["what"], error["found"]) == ("the AWS account", account.id)


def test_what_is_in_a_nested_stack_goes_and_stays_with_it(pingbox, account: Account, tmp_path: Path) -> None:
    """A full bucket inside would stop its deletion; `--keep-data` leaves the nested stack as a whole."""
    written(tmp_path / "inner.json", Files={"Type": "AWS::S3::Bucket"})
    outer = written(
        tmp_path / "outer.json",
        Inner={"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "inner.json"}},
    )
    for option in ("--keep-data", "--delete-data"):
        pingbox("deploy", "--yes", "--template", outer)
        inner = account.physical("pingbox-dev", "Inner")
        bucket = account.physical(inner, "Files")
        account.client("s3").put_object(Bucket=bucket, Key="customer", Body=b"precious")
        text = pingbox("destroy", "--yes", option).output
        names = [entry["Name"] for entry in account.client("s3").list_buckets()["Buckets"]]
        assert (bucket in names) is (option == "--keep-data"), text
        assert "Inner/Files" in text
