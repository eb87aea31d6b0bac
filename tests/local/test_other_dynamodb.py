"""`serve` on another DynamoDB than ours."""

from __future__ import annotations

from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect
from pingbox.testing import Clients
from support.serving import pingbox, serving


def test_another_dynamodb_can_take_the_place_of_ours(tmp_path):
    """`--dynamodb-endpoint`: here the other engine is a second PingBox, spoken to over HTTP, as any would be."""
    (tmp_path / "other").mkdir()
    with (
        serving(tmp_path / "other", "--ephemeral", "--stage", "other") as other,
        serving(tmp_path, "--ephemeral", "--dynamodb-endpoint", other.addresses["endpoint"]) as served,
    ):
        with Clients(served.addresses["websocket"], timeout=30) as ws:
            ana = ws.connect()
            ana.send_json({"action": "sendMessage", "text": "kept elsewhere"})
            assert ana.receive_json()["text"] == "kept elsewhere"
        for door in (served.addresses["endpoint"], other.addresses["endpoint"]):
            client = Boto3Redirect(door).session().client("dynamodb", endpoint_url=door)
            texts = [item["text"]["S"] for item in client.scan(TableName="Messages")["Items"] if "text" in item]
            client.close()
            assert texts == ["kept elsewhere"]


def test_real_tables_are_used_only_after_a_yes():
    refused = pingbox("serve", "--dynamodb", "aws", "--port", "0", input="n\n")
    assert refused.returncode == 1
    assert "Aborted" in refused.stderr
    assert "tables Connections and Messages on AWS" in refused.stdout


def test_an_apps_handlers_never_get_real_tables():
    refused = pingbox("serve", "app:ROUTES", "--dynamodb", "aws")
    assert refused.returncode == 2
    assert "carry dummy keys" in refused.stderr
