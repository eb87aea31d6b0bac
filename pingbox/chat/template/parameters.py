"""The template's knobs, their bounds, and the conditions and alarm that hang on them."""

from __future__ import annotations

from pingbox.chat.template.entries import ParameterEntry, ResourceEntry
from pingbox.chat.template.intrinsics import Value, is_set, ref, sub
from pingbox.model import stage_names

# The periods CloudWatch Logs accepts; any other number fails at deploy.
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653)

CONDITIONS: dict[str, Value] = {
    "HasAllowedOrigins": is_set("AllowedOrigins"),
    "HasReservedConcurrency": is_set("ReservedConcurrency"),
    "HasSpendingAlarm": is_set("AlarmEmail"),
}


def parameters(stage: str) -> tuple[ParameterEntry, ...]:
    """All parameters. Only the three without a default have to be passed: where the code lies and the secret's name."""
    return (*_identity(stage), *_chat(), *_limits())


def _identity(stage: str) -> tuple[ParameterEntry, ...]:
    stage_name = {"AllowedPattern": f"^{stage_names.PATTERN}$", "ConstraintDescription": stage_names.DESCRIPTION}
    secret_name = {"AllowedPattern": "^/[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$"}
    return (
        ParameterEntry("Stage", "Stage of the WebSocket API", stage, constraints=stage_name),
        ParameterEntry("CodeBucket", "Bucket that holds the functions' code"),
        ParameterEntry("CodeKey", "Key of the functions' zip, named by a hash of what is in it"),
        ParameterEntry(
            "TokenParameter", "SSM SecureString that holds the token secret, by name", constraints=secret_name
        ),
    )


def _chat() -> tuple[ParameterEntry, ...]:
    levels = {"AllowedValues": ["INFO", "WARNING"]}
    # At least two days: the sweep notes every room's head daily, before its rows can expire.
    days = {"AllowedPattern": "^([2-9]|[1-9][0-9]{1,3})?$", "ConstraintDescription": "empty, or a number from 2 on"}
    return (
        ParameterEntry(
            "AllowedOrigins",
            "Further origins beside the page's own, separated by commas; `missing` lets in clients that send none",
            "",
        ),
        *_sign_in(),
        ParameterEntry("DefaultRoom", "Room that a plain client joins", "general"),
        ParameterEntry(
            "InlineFanoutLimit",
            "Open connections up to which a message is posted at once; above, FanoutLambda does it",
            150,
            "Number",
            {"MinValue": 0, "MaxValue": 1000},
        ),
        ParameterEntry("RetentionDays", "Days until messages expire; empty keeps them", "", constraints=days),
        ParameterEntry("RatePerMinute", "Messages a minute and user; 0: no limit", 60, "Number", {"MinValue": 0}),
        ParameterEntry("RateBurst", "How many of them at once, reads four times that", 30, "Number", {"MinValue": 1}),
        ParameterEntry("LogLevel", "What the functions log", "INFO", constraints=levels),
    )


def _sign_in() -> tuple[ParameterEntry, ...]:
    known = {"AllowedValues": ["guest", "jwt-hs256", "jwt-rs256", "guest,jwt-hs256", "guest,jwt-rs256"]}
    return (
        ParameterEntry("SignIn", "Who is let in: guests, users who sign in, or both", "guest", constraints=known),
        ParameterEntry("JwtIssuer", "The iss of sign-in tokens; needed for signed-in users", ""),
        ParameterEntry("JwtAudience", "Their aud, or client_id; needed for signed-in users", ""),
        ParameterEntry("JwtKeySetUrl", "Where the issuer's keys are; empty: /.well-known/jwks.json of JwtIssuer", ""),
        ParameterEntry("JwtAdminClaim", "claim=value that makes an admin, as cognito:groups=chat-admins", ""),
    )


def _limits() -> tuple[ParameterEntry, ...]:
    retention = {"AllowedValues": list(LOG_RETENTION_DAYS)}
    return (
        ParameterEntry("LogRetentionDays", "Days until log lines expire", 14, "Number", retention),
        ParameterEntry("ThrottleRate", "Requests a second over all connections", 100, "Number", {"MinValue": 1}),
        ParameterEntry("ThrottleBurst", "Requests at once over all connections", 200, "Number", {"MinValue": 1}),
        ParameterEntry(
            "ReservedConcurrency",
            "Concurrency reserved for each routed function; empty reserves none (new accounts have little)",
            "",
            constraints={"AllowedPattern": "^[0-9]{0,4}$"},
        ),
        ParameterEntry("AlarmEmail", "Who is told when the account's monthly bill nears MonthlyBudget", ""),
        ParameterEntry("MonthlyBudget", "US dollars a month", 5, "Number", {"MinValue": 1}),
    )


def spending_alarm() -> ResourceEntry:
    """Mails at 80 % of the budget spent and when the forecast passes it. It looks at the whole account's bill."""
    subscribers = [{"SubscriptionType": "EMAIL", "Address": ref("AlarmEmail")}]
    thresholds = (("ACTUAL", 80), ("FORECASTED", 100))
    notifications = [
        {
            "Notification": {
                "NotificationType": kind,
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": percent,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": subscribers,
        }
        for kind, percent in thresholds
    ]
    budget = {
        "BudgetName": sub("${AWS::StackName}-${AWS::Region}-spending"),  # unique in the account, not in the region
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": ref("MonthlyBudget"), "Unit": "USD"},
    }
    properties = {"Budget": budget, "NotificationsWithSubscribers": notifications}
    return ResourceEntry("SpendingAlarm", "AWS::Budgets::Budget", properties, condition="HasSpendingAlarm")
