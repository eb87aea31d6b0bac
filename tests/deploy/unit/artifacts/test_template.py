"""The traps of a WebSocket template, each with the mistake it stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from pingbox.chat.declaration import FUNCTIONS, ROUTES, chat
from pingbox.chat.model import ChatStack, Site
from pingbox.chat.template.render import as_json, as_yaml, template
from pingbox.deploy.plan.desired import INLINE_BYTES
from pingbox.handlers.storage.messages import DIRECTORY
from support.deploy.template_judges import findings
from support.deploy.template_mutants import MUTANTS, Mutant

FORMS = [chat(stage, site) for stage in ("dev", "prod") for site in Site]


def resources(app: ChatStack | None = None) -> dict[str, Any]:
    found: dict[str, Any] = template(app or chat()).document()["Resources"]
    return found


def of_type(type_name: str, app: ChatStack | None = None) -> dict[str, Any]:
    return {name: entry["Properties"] for name, entry in resources(app).items() if entry["Type"] == type_name}


class TestApi:
    @pytest.mark.fact("CF-1")
    def test_it_is_the_api_of_the_brief(self) -> None:
        """ServerlessChatAPI, four routes, chosen by the body's action (CF-1)."""
        [api] = of_type("AWS::ApiGatewayV2::Api").values()
        assert api == {
            "Name": "ServerlessChatAPI",
            "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": "$request.body.action",
        }
        keys = {route["RouteKey"] for route in of_type("AWS::ApiGatewayV2::Route").values()}
        assert keys == {"$connect", "$disconnect", "sendMessage", "$default"}

    @pytest.mark.fact("CF-2")
    def test_routes_point_at_integrations_by_their_full_name(self) -> None:
        """`integrations/ID`: a bare id passes every linter (CF-2)."""
        for route in of_type("AWS::ApiGatewayV2::Route").values():
            assert route["Target"]["Fn::Sub"].startswith("integrations/${")

    @pytest.mark.fact("CF-10")
    def test_integrations_name_the_function_in_the_long_form(self) -> None:
        """The invocation path of the partition and region, and no payload version (CF-10)."""
        for integration in of_type("AWS::ApiGatewayV2::Integration").values():
            assert integration["IntegrationType"] == "AWS_PROXY"
            assert ":lambda:path/2015-03-31/functions/${" in integration["IntegrationUri"]["Fn::Sub"]
            assert "PayloadFormatVersion" not in integration

    def test_the_stage_deploys_itself_after_all_routes(self) -> None:
        """AutoDeploy, no Deployment resource, DependsOn every route, and a throttle."""
        stage = resources()["ApiStage"]
        assert sorted(stage["DependsOn"]) == sorted(of_type("AWS::ApiGatewayV2::Route"))
        assert stage["Properties"]["AutoDeploy"] is True
        assert set(stage["Properties"]["DefaultRouteSettings"]) == {"ThrottlingRateLimit", "ThrottlingBurstLimit"}
        assert of_type("AWS::ApiGatewayV2::Deployment") == {}

    def test_the_accounts_log_role_is_left_alone(self) -> None:
        """It belongs to every API of the account."""
        assert of_type("AWS::ApiGateway::Account") == {}

    @pytest.mark.fact("CF-11")
    def test_each_route_may_invoke_its_function_and_no_other_may(self) -> None:
        """SourceArn names API, stage and route key; the key is literal and there is no method part (CF-11)."""
        permissions = of_type("AWS::Lambda::Permission")
        for route in ROUTES:
            permission = permissions[f"{route.stem}RoutePermission"]
            assert permission["FunctionName"] == {"Ref": route.function}
            assert permission["SourceArn"]["Fn::Sub"].endswith(f":${{Api}}/${{Stage}}/{route.route_key}")


class TestFunctions:
    def test_they_are_five_and_run_pure_python_on_arm(self) -> None:
        functions = of_type("AWS::Lambda::Function")
        assert set(functions) == {"ConnectLambda", "DisconnectLambda", "MessageLambda", "FanoutLambda", "SweepLambda"}
        assert {(f["Runtime"], *f["Architectures"]) for f in functions.values()} == {("python3.13", "arm64")}

    def test_behind_a_route_nobody_outlives_the_integration(self) -> None:
        """API Gateway gives up after 29 seconds (RR-16)."""
        assert all(function.timeout <= 29 for function in chat().routed)

    def test_every_handler_exists(self) -> None:
        """The handler strings are those of the code that is packed."""
        from importlib.util import find_spec

        for function in FUNCTIONS:
            module, _, attribute = function.handler.rpartition(".")
            assert find_spec(module) is not None, module
            assert attribute == "lambda_handler"

    def test_the_environment_is_what_the_handlers_read(self) -> None:
        """No variable that the handlers do not know: a slip of the pen would go unnoticed."""
        from pingbox.handlers import settings

        assert settings.__doc__ is not None
        for function in FUNCTIONS:
            assert all(f"| {variable} |" in settings.__doc__ for variable in function.environment)

    def test_the_endpoint_is_built_from_the_api_and_the_stage_parameter(self) -> None:
        """The stage resource would be a circle; a domain name may be somebody's own."""
        variables = of_type("AWS::Lambda::Function")["MessageLambda"]["Environment"]["Variables"]
        assert variables["MANAGEMENT_ENDPOINT"] == {
            "Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"
        }

    def test_log_groups_have_no_names_and_end(self) -> None:
        """A named group collides with the one that an earlier stack left; one without retention costs for ever."""
        groups = {n: e for n, e in resources().items() if e["Type"] == "AWS::Logs::LogGroup"}
        assert len(groups) == 5
        for entry in groups.values():
            assert entry["Properties"] == {"RetentionInDays": {"Ref": "LogRetentionDays"}}
            assert (entry["DeletionPolicy"], entry["UpdateReplacePolicy"]) == ("Delete", "Delete")

    def test_asynchronous_events_end_in_a_queue(self) -> None:
        """Fan-out and sweep are invoked as events: one more try within a minute, then they are kept for a look."""
        configs = of_type("AWS::Lambda::EventInvokeConfig")
        assert {name.removesuffix("InvokeConfig") for name in configs} == {"Fanout", "Sweep"}
        for config in configs.values():
            assert config["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["FailedEvents", "Arn"]}

    def test_concurrency_is_reserved_only_when_asked(self) -> None:
        """A new account has little, and reserving any makes the deploy fail."""
        reserved = of_type("AWS::Lambda::Function")["ConnectLambda"]["ReservedConcurrentExecutions"]
        assert reserved == {
            "Fn::If": ["HasReservedConcurrency", {"Ref": "ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]
        }


class TestTables:
    def test_the_index_is_the_one_that_the_handlers_ask(self) -> None:
        [index] = of_type("AWS::DynamoDB::Table")["Messages"]["GlobalSecondaryIndexes"]
        assert index["IndexName"] == DIRECTORY

    def test_what_dies_with_a_socket_is_not_kept_and_messages_are(self) -> None:
        tables = of_type("AWS::DynamoDB::Table")
        recovery = {n: t["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] for n, t in tables.items()}
        assert recovery == {"Connections": False, "Messages": True}
        assert all(
            t["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True} for t in tables.values()
        )
        assert not any("TableName" in table for table in tables.values())

    @pytest.mark.parametrize(("protect", "policy"), [(False, "Delete"), (True, "Retain")])
    def test_a_protected_stage_retains_its_messages(self, protect: bool, policy: str) -> None:
        stage = chat("any", protect=protect)
        messages = resources(stage)["Messages"]
        assert (messages["DeletionPolicy"], messages["UpdateReplacePolicy"]) == (policy, policy)
        assert messages["Properties"]["DeletionProtectionEnabled"] is (policy == "Retain")
        assert resources(stage)["Connections"]["DeletionPolicy"] == "Delete"


class TestRoles:
    def test_one_each_and_each_has_exactly_its_grants(self) -> None:
        """No managed policy, no star: what is written in `app.py` and nothing else."""
        roles = of_type("AWS::IAM::Role")
        assert set(roles) == {f"{function.stem}Role" for function in FUNCTIONS}
        for function in FUNCTIONS:
            role = roles[f"{function.stem}Role"]
            assert set(role) == {"AssumeRolePolicyDocument", "Policies"}
            statements = role["Policies"][0]["PolicyDocument"]["Statement"]
            assert [entry["Action"] for entry in statements] == [sorted(grant.actions) for grant in function.grants]
            assert not any("*" in action for entry in statements for action in entry["Action"])

    def test_an_index_has_an_arn_of_its_own(self) -> None:
        """The table's ARN alone fails at the first query, not at deploy."""
        statements = of_type("AWS::IAM::Role")["MessageRole"]["Policies"][0]["PolicyDocument"]["Statement"]
        assert {"Fn::Sub": "${Messages.Arn}/index/Directory"} in [entry["Resource"] for entry in statements]

    def test_only_the_sweep_may_scan(self) -> None:
        scanning = [name for name, role in of_type("AWS::IAM::Role").items() if "dynamodb:Scan" in json.dumps(role)]
        assert scanning == ["SweepRole"]

    def test_connections_are_managed_on_this_stage_by_one_method(self) -> None:
        """POST to send, GET to look, DELETE to hang up; the id is the only star."""
        text = json.dumps(of_type("AWS::IAM::Role"))
        for method, count in (("POST", 5), ("GET", 1), ("DELETE", 2)):
            assert text.count(f"${{Api}}/${{Stage}}/{method}/@connections/*") == count


class TestSite:
    def test_a_website_is_public_by_policy_never_by_acl(self) -> None:
        """Since April 2023 the two policy blocks have to be lifted by name."""
        [bucket] = of_type("AWS::S3::Bucket").values()
        assert bucket["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": False,
        }
        assert "AccessControl" not in bucket

    def test_behind_cloudfront_the_bucket_is_private(self) -> None:
        """All four blocks on, one reader, HTTPS, and S3OriginConfig beside the access control."""
        app = chat("dev", Site.CLOUDFRONT)
        [bucket] = of_type("AWS::S3::Bucket", app).values()
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert "WebsiteConfiguration" not in bucket
        [policy] = of_type("AWS::S3::BucketPolicy", app).values()
        [statement] = policy["PolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert "AWS:SourceArn" in statement["Condition"]["StringEquals"]
        config = of_type("AWS::CloudFront::Distribution", app)["SiteDistribution"]["DistributionConfig"]
        assert config["Origins"][0]["S3OriginConfig"] == {"OriginAccessIdentity": ""}
        assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
        assert config["DefaultRootObject"] == "index.html"

    def test_the_pages_origin_is_let_in_whatever_else_is(self) -> None:
        for app, own in (
            (chat(), {"Fn::GetAtt": ["SiteBucket", "WebsiteURL"]}),
            (chat("dev", Site.CLOUDFRONT), {"Fn::Sub": "https://${SiteDistribution.DomainName}"}),
        ):
            variables = of_type("AWS::Lambda::Function", app)["ConnectLambda"]["Environment"]["Variables"]
            condition, more, alone = variables["ALLOWED_ORIGINS"]["Fn::If"]
            assert (condition, alone) == ("HasAllowedOrigins", own)
            assert more == {"Fn::Join": [",", [own, {"Ref": "AllowedOrigins"}]]}


class TestWhole:
    @pytest.mark.parametrize("app", FORMS, ids=lambda app: app.description)
    def test_our_own_rules_find_nothing(self, app: ChatStack) -> None:
        assert findings(template(app).document()) == []

    @pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.judge == "rules"], ids=lambda mutant: mutant.name)
    def test_our_own_rules_see_each_slip(self, mutant: Mutant) -> None:
        assert findings(mutant.document()) != []

    def test_the_same_app_gives_the_same_text(self) -> None:
        """Stable ids, stable order, no time: that is what makes "no changes" possible."""
        assert as_json(chat()) == as_json(chat())
        assert yaml.safe_load(as_yaml(chat())) == json.loads(as_json(chat()))

    @pytest.mark.parametrize("app", FORMS, ids=lambda app: app.description)
    def test_it_may_travel_inside_the_call(self, app: ChatStack) -> None:
        """Then `plan` needs no bucket and leaves nothing behind."""
        assert len(as_json(app).encode()) < INLINE_BYTES

    def test_the_spending_alarm_is_there_when_somebody_is_to_be_told(self) -> None:
        alarm = resources()["SpendingAlarm"]
        assert (alarm["Type"], alarm["Condition"]) == ("AWS::Budgets::Budget", "HasSpendingAlarm")
