"""What is changed in moto, by name: it keeps the state of services, and delivers nothing to functions.

Its deliveries to Lambda have shapes that AWS does not have, or raise. All of it is done again after each import of
another service of moto's. Held by tests at the versions that pyproject.toml allows.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

logger = logging.getLogger(__name__)


class _Forgetful(list[Any]):
    """moto keeps every instance of every model for ever, to be able to reset it."""

    def append(self, _: Any) -> None:
        return


def install() -> None:
    """Change what is imported by now; twice is as good as once."""
    for name in [name for name in sys.modules if name.startswith("moto.") and name.endswith(".models")]:
        module = sys.modules[name]
        for kind in list(vars(module).values()):
            tracked = vars(kind).get("instances_tracked") if isinstance(kind, type) else None
            if isinstance(tracked, list) and not isinstance(tracked, _Forgetful):
                kind.instances_tracked = _Forgetful()
    _without_lambda_targets()
    _without_lambda_subscribers()


def _without_lambda_targets() -> None:
    events: Any = sys.modules.get("moto.events.models")
    if events is None or getattr(events.Rule, "_pingbox", False):
        return
    original = events.Rule.send_to_targets

    def send_to_targets(rule: Any, *args: Any, **options: Any) -> Any:
        there = rule.targets
        functions = [target for target in there if ":lambda:" in target["Arn"]]
        if functions:
            _not_delivered(f"rule {rule.name} of EventBridge", functions[0]["Arn"])
        rule.targets = [target for target in there if target not in functions]
        try:
            return original(rule, *args, **options)
        finally:
            rule.targets = there

    events.Rule.send_to_targets = send_to_targets
    events.Rule._pingbox = True


def _without_lambda_subscribers() -> None:
    sns: Any = sys.modules.get("moto.sns.models")
    if sns is None or getattr(sns.Subscription, "_pingbox", False):
        return
    original = sns.Subscription.publish

    def publish(subscription: Any, *args: Any, **options: Any) -> Any:
        if subscription.protocol == "lambda":
            return _not_delivered(f"topic {subscription.topic.name} of SNS", subscription.endpoint)
        if subscription.protocol in ("http", "https"):
            return _not_delivered(f"topic {subscription.topic.name} of SNS", "a web address")
        return original(subscription, *args, **options)

    sns.Subscription.publish = publish
    sns.Subscription._pingbox = True


def _not_delivered(source: str, target: str) -> None:
    logger.warning("an event of %s is kept, but not delivered to %s: that does not exist here yet", source, target)
