"""Two people, one stack: every question of the one is answered after the other acted. Each runs in its own process.

What was true when the question was asked is looked at again when the answer comes. One wins, the other is told.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.deploy.ministack import Account
from support.deploy.prompting import Prompted

STACK = "pingbox-dev"
PLAN = "Carry this out in account"
NAME = f"Type the stack's name ({STACK}) to go on"
STUCK = "To go on: delete the stack pingbox-dev"
QUEUE = {"Type": "AWS::SQS::Queue"}
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A template with a table, so that there is something to lose."""
    return written(tmp_path / "mine.json", Data=TABLE)


def written(file: Path, **resources: dict) -> Path:
    file.write_text(json.dumps({"Resources": resources, "Outputs": {"Data": {"Value": {"Ref": "Data"}}}}))
    return file


def say_something(account: Account) -> str:
    """Write an item into the table of the stack; the table's name."""
    table = account.physical(STACK, "Data")
    account.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "precious"}})
    return table


def is_there(account: Account, table: str) -> bool:
    return bool(account.client("dynamodb").scan(TableName=table)["Items"])


def status(account: Account) -> str:
    return str(account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def test_a_first_deploy_is_not_stuck_because_another_one_asks(account: Account, mine: Path) -> None:
    """REVIEW_IN_PROGRESS without resources: the second goes on from there and nobody is offered a deletion."""
    with Prompted(account, "deploy", "--template", str(mine)) as one:
        one.asks(PLAN)
        with Prompted(account, "deploy", "--template", str(mine)) as other:
            assert "delete" not in other.asks(PLAN).output
            one.answer("y")
            table = say_something(account)
            assert "changed meanwhile" in other.answer("y", code=1)
            assert is_there(account, table)


def test_of_two_updates_one_wins_and_the_other_is_told(pingbox, account: Account, tmp_path: Path, mine: Path) -> None:
    pingbox("deploy", "--yes", "--template", str(mine))
    table = say_something(account)
    first = written(tmp_path / "first.json", Data=TABLE, One=QUEUE)
    second = written(tmp_path / "second.json", Data=TABLE, Two=QUEUE)
    with (
        Prompted(account, "deploy", "--template", str(first)) as one,
        Prompted(account, "deploy", "--template", str(second)) as other,
    ):
        one.asks(PLAN)
        other.asks(PLAN)
        one.answer("y")
        told = other.answer("y", code=1)
    assert "changed meanwhile" in told
    assert "Traceback" not in told
    queues = account.client("sqs").list_queues()["QueueUrls"]
    assert ["One" in queue for queue in queues] == [True]
    assert is_there(account, table)


def test_a_no_to_a_plan_does_not_delete_what_another_deployed(account: Account, mine: Path) -> None:
    with Prompted(account, "deploy", "--template", str(mine)) as one:
        one.asks(PLAN)
        with Prompted(account, "deploy", "--template", str(mine)) as other:
            other.asks(PLAN).answer("y")
        table = say_something(account)
        one.answer("n", code=1)
    assert is_there(account, table)


def test_a_no_to_a_plan_leaves_the_plan_of_another(account: Account, mine: Path) -> None:
    """The stack in review is shared by both change sets."""
    with Prompted(account, "deploy", "--template", str(mine)) as one:
        one.asks(PLAN)
        with Prompted(account, "deploy", "--template", str(mine)) as other:
            other.asks(PLAN)
            one.answer("n", code=1)
            other.answer("y")
    assert status(account) == "CREATE_COMPLETE"


def test_a_late_yes_to_deleting_a_failed_creation_spares_its_successor(
    pingbox, account: Account, tmp_path: Path, mine: Path
) -> None:
    """Both are told that the stack is stuck; one deletes it, deploys and writes; then the other says yes."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::GetAtt": ["Data", "NoSuchAttribute"]}}}
    broken = written(tmp_path / "broken.json", Data=TABLE, Topic=topic)
    pingbox("deploy", "--yes", "--template", str(broken), code=1)
    assert status(account) == "ROLLBACK_COMPLETE"
    with Prompted(account, "deploy", "--template", str(mine)) as late:
        late.asks(STUCK)
        with Prompted(account, "deploy", "--template", str(mine)) as quick:
            quick.asks(STUCK).type("y").asks(PLAN).answer("y")
        table = say_something(account)
        assert "changed meanwhile" in late.answer("y", code=1)
    assert status(account) == "CREATE_COMPLETE"
    assert is_there(account, table)


@pytest.mark.parametrize("option", [(), ("--keep-data",), ("--delete-data",)])
def test_a_late_name_does_not_destroy_a_stack_that_was_deployed_anew(
    pingbox, account: Account, mine: Path, option: tuple[str, ...]
) -> None:
    """The one at the question listed another stack of this name."""
    pingbox("deploy", "--yes", "--template", str(mine))
    with Prompted(account, "destroy", *option) as late:
        late.asks(NAME)
        pingbox("destroy", "--yes")
        pingbox("deploy", "--yes", "--template", str(mine))
        table = say_something(account)
        assert "changed meanwhile" in late.answer(STACK, code=1)
    assert status(account) == "CREATE_COMPLETE"
    assert is_there(account, table)


def test_a_late_name_does_not_destroy_what_was_added_meanwhile(
    pingbox, account: Account, tmp_path: Path, mine: Path
) -> None:
    """What was not in the list is not deleted: the bucket came with an update."""
    pingbox("deploy", "--yes", "--template", str(mine))
    with Prompted(account, "destroy") as late:
        late.asks(NAME)
        pingbox("deploy", "--yes", "--template", str(written(mine, Data=TABLE, Files={"Type": "AWS::S3::Bucket"})))
        account.client("s3").put_object(Bucket=account.physical(STACK, "Files"), Key="a", Body=b"b")
        assert "changed meanwhile" in late.answer(STACK, code=1)
    assert account.client("s3").get_object(Bucket=account.physical(STACK, "Files"), Key="a")


def test_leftovers_that_a_new_stack_uses_are_not_destroyed(pingbox, account: Account, mine: Path) -> None:
    """Listed when there was no stack: the artifacts of an earlier one. Then somebody deploys."""
    pingbox("deploy", "--yes", "--no-alarm")
    account.client("cloudformation").delete_stack(StackName=STACK)
    with Prompted(account, "destroy") as late:
        late.asks(NAME)
        pingbox("deploy", "--yes", "--no-alarm")
        assert "created again meanwhile" in late.answer(STACK, code=1)
    assert account.client("ssm").get_parameter(Name="/pingbox/pingbox/dev/token-secret")
    assert "no changes" in pingbox("plan").output


def test_a_late_yes_to_taking_protection_away(pingbox, account: Account, mine: Path) -> None:
    """The question about protection comes before that about the name; both are about what was listed."""
    pingbox("deploy", "--yes", "--template", str(mine), "--protect")
    with Prompted(account, "destroy") as late:
        late.asks("Take this protection away?").type("y").asks(NAME)
        pingbox("destroy", "--yes", "--remove-protection")
        pingbox("deploy", "--yes", "--template", str(mine), "--protect")
        table = say_something(account)
        assert "changed meanwhile" in late.answer(STACK, code=1)
    [stack] = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["EnableTerminationProtection"] is True
    assert is_there(account, table)


def test_two_deploys_at_the_same_moment(pingbox, account: Account, mine: Path) -> None:
    """Without questions: at least one of them deploys; the other finds nothing to do, or is told why it stops."""
    with (
        Prompted(account, "deploy", "--yes", "--template", str(mine)) as one,
        Prompted(account, "deploy", "--yes", "--template", str(mine)) as other,
    ):
        codes = sorted((one.end(), other.end()))
    assert codes in ([0, 0], [0, 1]), one.output + other.output
    for run in (one, other):
        assert "Traceback" not in run.output
        if "Error" in run.output:
            assert "changed meanwhile" in run.output or "wait until the other operation is over" in run.output.lower()
    assert status(account) in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert "no changes" in pingbox("plan", "--template", str(mine)).output
