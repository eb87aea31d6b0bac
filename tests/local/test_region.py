"""`--region`: everything an app is told of where it is comes from one region."""

from __future__ import annotations

import json
from pathlib import Path

from pingbox.local.app_server import AppServer
from pingbox.settings import ServeSettings
from pingbox.testing import Clients

APP = """
[tool.pingbox.tables]
Rows = { partition-key = "id" }
[tool.pingbox.routes]
where = { handler = "app.where", two-way = true }
"""
CODE = """
import json, os
import boto3

def where(event, context):
    arn = boto3.client("dynamodb").describe_table(TableName="Rows")["Table"]["TableArn"]
    told = [os.environ["AWS_REGION"], event["requestContext"]["domainName"].partition(".")[2],
            context.invoked_function_arn, arn]
    return {"statusCode": 200, "body": json.dumps(told)}
"""


async def test_a_function_is_in_the_region_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(APP)
    (tmp_path / "app.py").write_text(CODE)
    server = AppServer(ServeSettings(port=0, app=str(tmp_path), region="cn-north-1", in_process=True))
    await server.start()
    try:
        async with Clients(server.addresses.websocket, timeout=30) as ws:
            ana = await ws.connect()
            await ana.send_json({"action": "where"})
            told = json.loads(await ana.receive())
    finally:
        await server.stop()
    account = "cn-north-1:000000000000"
    assert told == [
        "cn-north-1",
        "execute-api.cn-north-1.amazonaws.com.cn",
        f"arn:aws-cn:lambda:{account}:function:app-where",
        f"arn:aws-cn:dynamodb:{account}:table/Rows",
    ]
