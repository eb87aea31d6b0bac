"""The region decides the partition: in ARNs, in hosts, in pseudo parameters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pingbox.templates import App

VARIABLES = """\
Environment: {Variables: {
    PARTITION: !Ref AWS::Partition, SUFFIX: !Ref AWS::URLSuffix, FN: !GetAtt Other.Arn, TABLE: !GetAtt Rows.Arn,
    QUEUE: !Ref Queue, ENDPOINT: !GetAtt Api.ApiEndpoint}},"""
MORE = """\
  Other: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13, Handler: app.handler, Code: code}}
  Queue: {Type: AWS::SQS::Queue}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
Outputs: {Socket: {Value: !Sub "wss://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/prod"}}
"""


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-central-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ],
)
def test_every_name_is_of_the_regions_partition(
    region: str, partition: str, suffix: str, read: Callable[..., App], smallest: Callable[..., str]
) -> None:
    text = smallest(MORE).replace("Handler: app.handler,", "Handler: app.handler, " + VARIABLES, 1)
    app = read(text, region=region)
    spec = app.function("Fn")
    assert spec is not None
    account = f"{region}:000000000000"
    assert spec.environment == {
        "PARTITION": partition,
        "SUFFIX": suffix,
        "FN": f"arn:{partition}:lambda:{account}:function:Other",
        "TABLE": f"arn:{partition}:dynamodb:{account}:table/Rows",
        "QUEUE": f"https://sqs.{region}.{suffix}/000000000000/Queue",
        "ENDPOINT": f"wss://{app.apis[0].api_id}.execute-api.{region}.{suffix}",
    }
    assert app.region == region
    assert app.warnings == ()
    assert [output.value for output in app.outputs] == ["ws://127.0.0.1:3001/prod"]
