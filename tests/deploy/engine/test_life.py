"""The life of a stage: deployed, unchanged, changed, failing, drifted, taken down. MiniStack plays AWS."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import Result

from support.deploy.ministack import Account
from support.waiting import until_sync

STACK = "pingbox-dev"


def deploy(pingbox, *options: str, code: int = 0) -> Result:
    return pingbox("deploy", "--yes", "--no-alarm", *options, code=code)


def test_a_first_plan_shows_everything_and_leaves_nothing(pingbox, account: Account) -> None:
    """`plan` exits with 2, and the account is as empty as before."""
    result = pingbox("plan", "--no-alarm", "--json", code=2)
    plan = json.loads(result.stdout)
    assert plan["create"] is True
    assert {"ConnectLambda", "Messages", "ConnectRoute"} <= {change["logicalId"] for change in plan["changes"]}
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"] == []
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_a_second_deploy_says_no_changes(pingbox) -> None:
    """Nothing changed, so nothing travels: not the code, not the template, not the page."""
    deploy(pingbox)
    again = deploy(pingbox)
    assert "no changes" in again.output
    assert "upload" not in again.output
    assert "no changes" in pingbox("plan").output


def test_the_page_is_there_with_its_headers(pingbox, account: Account) -> None:
    """`config.json` names the socket and is never cached; every file has its content type."""
    deploy(pingbox)
    outputs, s3 = account.outputs(STACK), account.client("s3")
    config = s3.get_object(Bucket=outputs["SiteBucket"], Key="config.json")
    socket = json.loads(config["Body"].read())["wsUrl"]
    api = outputs["WebSocketUrl"].removeprefix("wss://").partition(".")[0]
    assert socket == f"{account.url.replace('http', 'ws')}/_aws/execute-api/{api}/dev"
    assert config["CacheControl"] == "no-store"
    index = s3.head_object(Bucket=outputs["SiteBucket"], Key="index.html")
    assert (index["ContentType"], index["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")


def test_only_what_differs_travels_and_what_is_gone_is_pruned(pingbox, account: Account) -> None:
    """A file changed by hand is put right; a foreign file goes, and last."""
    deploy(pingbox)
    bucket, s3 = account.outputs(STACK)["SiteBucket"], account.client("s3")
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"tampered")
    s3.put_object(Bucket=bucket, Key="old.js", Body=b"old")
    lines = [line for line in deploy(pingbox).output.splitlines() if line.startswith("·")]
    assert [line.split(" (")[0].split(" from ")[0] for line in lines] == [
        "· upload index.html",
        "· remove old.js",
        "· record what was deployed",
    ]


def test_a_changed_setting_is_shown_before_it_is_made(pingbox, account: Account) -> None:
    """The plan names the resources; afterwards the function has the setting, and keeps it when nobody speaks of it."""
    deploy(pingbox)
    plan = json.loads(pingbox("plan", "--parameter", "DefaultRoom=lobby", "--json", code=2).stdout)
    assert {"ConnectLambda", "MessageLambda"} <= {change["logicalId"] for change in plan["changes"]}
    deploy(pingbox, "--parameter", "DefaultRoom=lobby")
    deploy(pingbox)
    function = account.physical(STACK, "MessageLambda")
    configuration = account.client("lambda").get_function_configuration(FunctionName=function)
    assert configuration["Environment"]["Variables"]["DEFAULT_ROOM"] == "lobby"


def test_two_stages_live_side_by_side(pingbox, account: Account) -> None:
    """Destroying one leaves the other whole, the shared artifact bucket included."""
    deploy(pingbox)
    deploy(pingbox, "--stage", "test")
    assert account.outputs("pingbox-dev")["WebSocketUrl"] != account.outputs("pingbox-test")["WebSocketUrl"]
    assert "Nothing is left." in pingbox("destroy", "--yes", "--stage", "test").output
    assert "no changes" in pingbox("plan").output
    [bucket] = [
        entry["Name"]
        for entry in account.client("s3").list_buckets()["Buckets"]
        if entry["Name"].startswith("pingbox-artifacts-")
    ]
    keys = [entry["Key"] for entry in account.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys
    assert all(key.startswith("pingbox/dev/") for key in keys)


def test_drift_is_found(pingbox, account: Account) -> None:
    """A time limit changed by hand shows up in `status`, exit code 2."""
    deploy(pingbox)
    assert "drift: none" in pingbox("status").output
    function = account.physical(STACK, "MessageLambda")
    lambdas = account.client("lambda")
    lambdas.update_function_configuration(FunctionName=function, Timeout=5)

    def is_settled() -> bool:  # until then the function is pending, and a stage with a pending function is not healthy
        return lambdas.get_function_configuration(FunctionName=function)["State"] == "Active"

    until_sync(is_settled, "the changed function to be active")
    drifted = json.loads(pingbox("status", "--json", code=2).stdout)
    assert [(entry["logical_id"], entry["property"], entry["actual"]) for entry in drifted["drift"]] == [
        ("MessageLambda", "Timeout", "5")
    ]


def test_a_failing_update_rolls_back_and_names_the_first_cause(pingbox, account: Account, tmp_path) -> None:
    """Exit code 1, the resource and its reason; the stack works as before and can be deployed again."""
    deploy(pingbox)
    template = json.loads(pingbox("template").stdout)
    template["Resources"]["Connections"]["Properties"]["TableName"] = {"Fn::GetAtt": ["Messages", "NoSuchAttribute"]}
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(template))
    outputs = account.outputs(STACK)
    stack = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    kept = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack["Parameters"]}
    settings = [f"--parameter={name}={kept[name]}" for name in ("CodeBucket", "CodeKey", "TokenParameter")]
    result = pingbox("deploy", "--yes", "--allow-replace", "--template", str(broken), *settings, code=1)
    assert "Connections: " in result.output
    assert "UPDATE_ROLLBACK_COMPLETE" in result.output
    assert account.outputs(STACK) == outputs
    deploy(pingbox)


def test_a_stack_that_never_came_up_is_mended(pingbox, account: Account, tmp_path) -> None:
    """ROLLBACK_COMPLETE: `plan` says what `deploy` would do, `deploy` deletes and creates."""
    pingbox("deploy", "--yes", "--template", failing(tmp_path), code=1)
    [stack] = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "delete the stack pingbox-dev" in pingbox("plan", "--no-alarm", code=1).output
    assert "delete the stack pingbox-dev" in deploy(pingbox).output
    assert "no changes" in pingbox("plan").output


def test_destroy_lists_asks_and_leaves_nothing(pingbox, account: Account) -> None:
    """A wrong name deletes nothing; the right one leaves an empty account."""
    deploy(pingbox)
    assert "nothing was deleted" in pingbox("destroy", typed="something\n", code=1).output
    assert "no changes" in pingbox("plan").output
    gone = pingbox("destroy", typed="pingbox-dev\n")
    assert "Nothing is left." in gone.output
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("logs").describe_log_groups()["logGroups"] == []
    assert account.client("iam").list_roles()["Roles"] == []
    assert account.client("apigatewayv2").get_apis()["Items"] == []
    assert account.client("sqs").list_queues().get("QueueUrls", []) == []
    assert account.client("ssm").describe_parameters()["Parameters"] == []
    nothing = pingbox("destroy", "--yes", code=1).output
    assert f"Nothing of pingbox-dev is there (account {account.id}, us-east-1)." in nothing


def test_a_full_versioned_bucket_is_emptied(pingbox, account: Account) -> None:
    """Old versions and delete markers go as well."""
    deploy(pingbox)
    bucket, s3 = account.outputs(STACK)["SiteBucket"], account.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key="versioned", Body=body)
    s3.delete_object(Bucket=bucket, Key="versioned")
    assert "Nothing is left." in pingbox("destroy", "--yes").output
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_cloudfront_keeps_the_bucket_private(pingbox, account: Account) -> None:
    """`--site cloudfront` once is enough: later plans keep it."""
    deploy(pingbox, "--site", "cloudfront")
    outputs = account.outputs(STACK)
    assert outputs["SiteUrl"].startswith("https://")
    block = account.client("s3").get_public_access_block(Bucket=outputs["SiteBucket"])
    assert all(block["PublicAccessBlockConfiguration"].values())
    assert "no changes" in pingbox("plan").output
    assert "Nothing is left." in pingbox("destroy", "--yes").output


def test_a_table_is_not_replaced_unasked(pingbox, tmp_path) -> None:
    """The plan that would lose the data is refused, and nothing has happened."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    for file, key in ((before, "id"), (after, "other")):
        keys = {"AttributeName": key}
        table = {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{**keys, "AttributeType": "S"}],
            "KeySchema": [{**keys, "KeyType": "HASH"}],
        }
        file.write_text(json.dumps({"Resources": {"Data": {"Type": "AWS::DynamoDB::Table", "Properties": table}}}))
    pingbox("deploy", "--yes", "--template", str(before))
    refused = pingbox("deploy", "--yes", "--template", str(after), code=1)
    assert "replace Data: its items" in refused.output
    assert "no changes" in pingbox("plan", "--template", str(before)).output


def failing(tmp_path: Path) -> str:
    """A template of which the queue comes up and the topic does not."""
    broken = tmp_path / "broken.json"
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::GetAtt": ["Queue", "NoSuchAttribute"]}}}
    broken.write_text(json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Topic": topic}}))
    return str(broken)


def test_without_rollback_what_failed_stays_to_be_looked_at(pingbox, tmp_path) -> None:
    """The first cause is told, `status` answers in this state as well, and the next deploy goes on from there."""
    good = tmp_path / "good.json"
    good.write_text(json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}))
    pingbox("deploy", "--yes", "--template", str(good))
    broken = pingbox("deploy", "--yes", "--disable-rollback", "--template", failing(tmp_path), code=1).output
    assert "Error: Topic: " in broken
    assert "is now UPDATE_FAILED" in broken
    assert "drift: cannot be looked for in UPDATE_FAILED" in pingbox("status", code=1).output
    template = json.loads(good.read_text())
    template["Resources"]["Queue"]["Properties"] = {"VisibilityTimeout": 5}
    good.write_text(json.dumps(template))
    pingbox("deploy", "--yes", "--template", str(good))
    assert "UPDATE_COMPLETE" in pingbox("status", "--no-drift").output


def test_express_mode_deploys_the_chat_too(pingbox, account: Account) -> None:
    """And says so to CloudFormation; a later deploy without it sees no changes."""
    deploy(pingbox, "--express")
    assert "no changes" in pingbox("plan").output
    assert set(account.outputs(STACK)) >= {"WebSocketUrl", "SiteUrl"}


def test_somebody_elses_stack_is_neither_changed_nor_destroyed(pingbox, account: Account, tmp_path) -> None:
    """Only `--adopt` takes it over; from then on it is ours."""
    body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    account.client("cloudformation").create_stack(StackName=STACK, TemplateBody=body)
    mine = tmp_path / "mine.json"
    mine.write_text(body)
    assert "not deployed by PingBox" in deploy(pingbox, code=1).output
    assert "not deployed by PingBox" in pingbox("destroy", "--yes", code=1).output
    assert len(account.client("sqs").list_queues()["QueueUrls"]) == 1
    pingbox("deploy", "--yes", "--adopt", "--template", str(mine))
    assert "no changes" in pingbox("plan", "--template", str(mine)).output
    pingbox("destroy", "--yes")


def test_the_wrong_account_is_refused(pingbox) -> None:
    """`--expect-account` saves who has too many profiles."""
    assert "999999999999" in pingbox("plan", "--no-alarm", "--expect-account", "999999999999", code=1).output


def test_guests_without_an_alarm_are_refused(pingbox) -> None:
    """A chat open to strangers needs somebody who watches the bill."""
    assert "--alarm-email" in pingbox("deploy", "--yes", code=1).output
