"""The chat's template with one mistake each: somebody's plausible slip, never nonsense. And who has to notice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import template

Document = dict[str, Any]

RULES, LINT, VALIDATE, POLICIES = "rules", "lint", "validate", "policies"


@dataclass(frozen=True)
class Mutant:
    """`judge` is the one that has to catch it; others may as well."""

    name: str
    judge: str
    change: Callable[[Document], object]
    site: Site = Site.WEBSITE

    def document(self) -> Document:
        """The template with the mistake in it."""
        document: Document = copy.deepcopy(template(chat("dev", self.site)).document())
        whole = copy.deepcopy(document)
        self.change(document["Resources"])
        assert document != whole, f"{self.name} changes nothing"
        return document


def props(resources: Document, logical_id: str) -> Document:
    """A resource's properties."""
    found: Document = resources[logical_id]["Properties"]
    return found


def put(logical_id: str, value: Any, *path: str | int) -> Callable[[Document], object]:
    """Set a property, by path."""

    def change(resources: Document) -> None:
        place: Any = props(resources, logical_id)
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def drop(logical_id: str, *path: str | int) -> Callable[[Document], object]:
    """Remove a property, by path; without a path the whole resource."""

    def change(resources: Document) -> None:
        if not path:
            del resources[logical_id]
            return
        place: Any = props(resources, logical_id)
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def statement(role: str, action: str) -> Callable[[Document], Document]:
    """Finds the statement of a role's policy that holds the action."""

    def find(resources: Document) -> Document:
        statements = props(resources, role)["Policies"][0]["PolicyDocument"]["Statement"]
        found: Document = next(entry for entry in statements if action in entry["Action"])
        return found

    return find


def act(role: str, action: str, instead: str) -> Callable[[Document], object]:
    """Write one action of a role differently."""

    def change(resources: Document) -> None:
        entry = statement(role, action)(resources)
        entry["Action"] = [instead if known == action else known for known in entry["Action"]]

    return change


def aim(role: str, action: str, resource: Any) -> Callable[[Document], object]:
    """Point the statement that holds the action at something else."""
    return lambda resources: statement(role, action)(resources).__setitem__("Resource", resource)


def add(logical_id: str, type_name: str, **properties: Any) -> Callable[[Document], object]:
    """Add a resource."""
    return lambda resources: resources.__setitem__(logical_id, {"Type": type_name, "Properties": properties})


def awaits(*routes: str) -> Callable[[Document], object]:
    """What the stage waits for."""
    return lambda resources: resources["ApiStage"].__setitem__("DependsOn", list(routes))


_PUBLIC = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/${Stage}"

MUTANTS = (
    # What no tool sees: our own rules.
    Mutant("protocol that does not exist", RULES, put("Api", "WEBSOCKETS", "ProtocolType")),
    Mutant("no route selection", RULES, drop("Api", "RouteSelectionExpression")),
    Mutant("handler without a dot", RULES, put("MessageLambda", "lambda_handler", "Handler")),
    Mutant("no throttle", RULES, drop("ApiStage", "DefaultRouteSettings")),
    Mutant("no burst limit", RULES, drop("ApiStage", "DefaultRouteSettings", "ThrottlingBurstLimit")),
    Mutant("route without permission", RULES, drop("DefaultRoutePermission")),
    Mutant("permission for another service", RULES, put("ConnectRoutePermission", "events.amazonaws.com", "Principal")),
    Mutant(
        "permission for another route",
        RULES,
        put("SendMessageRoutePermission", {"Fn::Sub": f"{_PUBLIC}/send"}, "SourceArn"),
    ),
    Mutant(
        "permission with a method",
        RULES,
        put("SendMessageRoutePermission", {"Fn::Sub": f"{_PUBLIC}/POST/sendMessage"}, "SourceArn"),
    ),
    Mutant("permission for everybody", RULES, drop("ConnectRoutePermission", "SourceArn")),
    Mutant(
        "role for another service",
        RULES,
        put(
            "ConnectRole",
            "apigateway.amazonaws.com",
            "AssumeRolePolicyDocument",
            "Statement",
            0,
            "Principal",
            "Service",
        ),
    ),
    Mutant("bare integration as target", RULES, put("DefaultRoute", {"Ref": "MessageIntegration"}, "Target")),
    Mutant("stage that nothing is deployed to", RULES, drop("ApiStage", "AutoDeploy")),
    Mutant("stage deployed twice", RULES, put("ApiStage", "abc123", "DeploymentId")),
    Mutant("stage before a route", RULES, awaits("ConnectRoute", "DisconnectRoute", "DefaultRoute")),
    Mutant("routed function slower than its route", RULES, put("MessageLambda", 60, "Timeout")),
    Mutant("log group that nobody owns", RULES, drop("SweepLambda", "LoggingConfig")),
    Mutant("log for ever", RULES, drop("SweepLogGroup", "RetentionInDays")),
    Mutant(
        "endpoint without stage",
        RULES,
        put(
            "MessageLambda",
            {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
            "Environment",
            "Variables",
            "MANAGEMENT_ENDPOINT",
        ),
    ),
    Mutant("shared role", RULES, put("FanoutLambda", {"Fn::GetAtt": ["MessageRole", "Arn"]}, "Role")),
    Mutant("action with a star", RULES, act("MessageRole", "dynamodb:Query", "dynamodb:*")),
    Mutant("every resource", RULES, aim("ConnectRole", "dynamodb:PutItem", "*")),
    Mutant(
        "full access",
        RULES,
        put("ConnectRole", ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"], "ManagedPolicyArns"),
    ),
    Mutant(
        "connections of every stage and method",
        RULES,
        aim("MessageRole", "execute-api:ManageConnections", {"Fn::Sub": f"{_PUBLIC}/*"}),
    ),
    Mutant("function that may not log", RULES, act("SweepRole", "logs:PutLogEvents", "logs:CreateLogStream")),
    Mutant(
        "failure that nobody may keep", RULES, aim("FanoutRole", "sqs:SendMessage", {"Fn::GetAtt": ["Messages", "Arn"]})
    ),
    Mutant("schedule that may not invoke", RULES, drop("SweepPermission")),
    Mutant("messages in the log", RULES, put("ApiStage", True, "DefaultRouteSettings", "DataTraceEnabled")),
    Mutant(
        "secret written out",
        RULES,
        put("ConnectLambda", "correct horse battery", "Environment", "Variables", "TOKEN_SECRET"),
    ),
    Mutant("ghosts for ever", RULES, put("Connections", False, "TimeToLiveSpecification", "Enabled")),
    Mutant(
        "the account's log role",
        RULES,
        add("Account", "AWS::ApiGateway::Account", CloudWatchRoleArn={"Fn::GetAtt": ["ConnectRole", "Arn"]}),
    ),
    # cfn-lint.
    Mutant(
        "reference to nothing",
        LINT,
        put("ConnectLambda", {"Ref": "Conections"}, "Environment", "Variables", "CONNECTIONS_TABLE"),
    ),
    Mutant("attribute that does not exist", LINT, put("ConnectLambda", {"Fn::GetAtt": ["ConnectRole", "ARN"]}, "Role")),
    Mutant(
        "variable of nothing", LINT, put("ConnectRoute", {"Fn::Sub": "integrations/${ConectIntegration}"}, "Target")
    ),
    Mutant("property that does not exist", LINT, put("MessageLambda", 256, "Memory")),
    Mutant("runtime that does not exist", LINT, put("MessageLambda", "python3.99", "Runtime")),
    Mutant("runtime that is gone", LINT, put("MessageLambda", "python3.7", "Runtime")),
    Mutant("architecture that does not exist", LINT, put("MessageLambda", ["arm"], "Architectures")),
    Mutant("too little memory", LINT, put("MessageLambda", 64, "MemorySize")),
    Mutant("time in words", LINT, put("MessageLambda", "ten", "Timeout")),
    Mutant("reserved variable", LINT, put("ConnectLambda", "eu-central-1", "Environment", "Variables", "AWS_REGION")),
    Mutant("key that is not declared", LINT, drop("Messages", "AttributeDefinitions", 0)),
    Mutant("action that does not exist", LINT, act("ConnectRole", "dynamodb:PutItem", "dynamodb:PutItems")),
    Mutant("retention that CloudWatch does not know", LINT, put("SweepLogGroup", 15, "RetentionInDays")),
    Mutant("circle by the stage", LINT, put("MessageLambda", {"Ref": "ApiStage"}, "Environment", "Variables", "STAGE")),
    Mutant(
        "waits for nothing",
        LINT,
        awaits("ConnectRoute", "DisconnectRoute", "SendMessageRoute", "DefaultRoute", "ByeRoute"),
    ),
    Mutant("function without role", LINT, drop("SweepLambda", "Role")),
    Mutant("index without keys", LINT, drop("Messages", "GlobalSecondaryIndexes", 0, "KeySchema")),
    # AWS's own validator with the rules of cdk-preflight.
    Mutant("stage with a blank", VALIDATE, put("ApiStage", "my stage", "StageName")),
    Mutant("payload of HTTP APIs", VALIDATE, put("MessageIntegration", "2.0", "PayloadFormatVersion")),
    Mutant("integration slower than allowed", VALIDATE, put("MessageIntegration", 30_000, "TimeoutInMillis")),
    Mutant("CORS on a socket", VALIDATE, put("Api", {"AllowOrigins": ["*"]}, "CorsConfiguration")),
    Mutant("authorization on a message", VALIDATE, put("SendMessageRoute", "AWS_IAM", "AuthorizationType")),
    Mutant(
        "private origin without its config",
        VALIDATE,
        drop("SiteDistribution", "DistributionConfig", "Origins", 0, "S3OriginConfig"),
        Site.CLOUDFRONT,
    ),
    Mutant(
        "viewer policy that does not exist",
        VALIDATE,
        put("SiteDistribution", "redirect-https", "DistributionConfig", "DefaultCacheBehavior", "ViewerProtocolPolicy"),
        Site.CLOUDFRONT,
    ),
    # parliament.
    Mutant(
        "query on a bucket", POLICIES, aim("MessageRole", "dynamodb:UpdateItem", {"Fn::GetAtt": ["SiteBucket", "Arn"]})
    ),
    Mutant("secret on a table", POLICIES, aim("ConnectRole", "ssm:GetParameter", {"Fn::GetAtt": ["Messages", "Arn"]})),
    Mutant(
        "invoke on a queue",
        POLICIES,
        aim("MessageRole", "lambda:InvokeFunction", {"Fn::GetAtt": ["FailedEvents", "Arn"]}),
    ),
)
