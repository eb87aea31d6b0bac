"""What plays AWS on this machine has one address for everything; the page must find its socket there."""

from __future__ import annotations

import json

from pingbox.chat.model import Site
from pingbox.deploy.artifacts.package import Artifact
from pingbox.deploy.aws.stand_in import StandIn, reachable
from pingbox.deploy.plan.desired import chat_desired, page_config
from pingbox.deploy.plan.target import DeployTarget

OUTPUTS = {
    "WebSocketUrl": "wss://abc123.execute-api.eu-central-1.amazonaws.com/dev",
    "SiteUrl": "http://bucket.s3-website.eu-central-1.amazonaws.com",
    "SiteBucket": "bucket",
    "MessagesTable": "t",
}
HERE = StandIn("http://127.0.0.1:4566/")


def test_on_aws_nothing_is_translated() -> None:
    assert reachable(OUTPUTS, None) == OUTPUTS
    assert json.loads(page_config(OUTPUTS).body) == {"wsUrl": OUTPUTS["WebSocketUrl"]}


def test_socket_and_page_are_found_below_the_one_address() -> None:
    assert reachable(OUTPUTS, HERE) == {
        **OUTPUTS,
        "WebSocketUrl": "ws://127.0.0.1:4566/_aws/execute-api/abc123/dev",
        "SiteUrl": "http://127.0.0.1:4566/bucket/index.html",
    }


def test_the_pages_origin_is_let_in_there_and_only_there() -> None:
    target = DeployTarget("app", "dev", "eu-central-1", "123456789012")
    here = DeployTarget("app", "dev", "eu-central-1", "123456789012", HERE)
    artifact = Artifact("a" * 64, b"")
    assert "AllowedOrigins" not in chat_desired(target, artifact, [], Site.WEBSITE, {}).parameters
    assert chat_desired(here, artifact, [], Site.WEBSITE, {}).parameters["AllowedOrigins"] == "http://127.0.0.1:4566"
    chosen = chat_desired(here, artifact, [], Site.WEBSITE, {"AllowedOrigins": "*"})
    assert chosen.parameters["AllowedOrigins"] == "*"
