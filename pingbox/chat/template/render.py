"""From the inert app to the template and its text."""

from __future__ import annotations

import json

from pingbox.chat.model import ChatStack, Site
from pingbox.chat.template.api import api_resources
from pingbox.chat.template.entries import ChatTemplate, OutputEntry, ResourceEntry
from pingbox.chat.template.functions import failures_queue, function_resources, site_origin
from pingbox.chat.template.intrinsics import Value, ref, sub, when
from pingbox.chat.template.parameters import CONDITIONS, parameters, spending_alarm
from pingbox.chat.template.site import BUCKET, site_resources
from pingbox.chat.template.tables import table_resource


def template(app: ChatStack) -> ChatTemplate:
    """The app's template as values."""
    return ChatTemplate(app.description, parameters(app.stage), CONDITIONS, _resources(app), _outputs(app))


def as_json(app: ChatStack) -> str:
    """Readable JSON; the same app gives the same text, which is what makes "no changes" possible."""
    return json.dumps(template(app).document(), indent=2) + "\n"


def as_yaml(app: ChatStack) -> str:
    """The same document as YAML, in the same order."""
    import yaml  # imported here: only `pingbox template --format yaml` needs it

    text: str = yaml.safe_dump(template(app).document(), sort_keys=False, width=120)
    return text


def _resources(app: ChatStack) -> tuple[ResourceEntry, ...]:
    return (
        *(table_resource(table, retain=app.retain_data) for table in app.tables),
        failures_queue(),
        *(resource for function in app.functions for resource in function_resources(app, function)),
        *api_resources(app),
        *site_resources(app.site),
        spending_alarm(),
    )


def _outputs(app: ChatStack) -> tuple[OutputEntry, ...]:
    # CF-12: the ApiEndpoint attribute has no stage, so the addresses are spelled out.
    host = "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"
    outputs = [
        OutputEntry("WebSocketUrl", "Where clients connect", sub(f"wss://{host}")),
        OutputEntry("ManagementEndpoint", "Where @connections answers", sub(f"https://{host}")),
        OutputEntry("SiteUrl", "The page", site_origin(app.site)),
        OutputEntry("SiteBucket", "The page's bucket", ref(BUCKET)),
        OutputEntry("SpendingAlarm", "Who is told about the bill", _alarm()),
    ]
    outputs += [OutputEntry(f"{table.name}Table", "DynamoDB table", ref(table.name)) for table in app.tables]
    if app.site is Site.CLOUDFRONT:
        outputs.append(OutputEntry("SiteDistribution", "The page's distribution", ref("SiteDistribution")))
    return tuple(outputs)


def _alarm() -> Value:
    return when("HasSpendingAlarm", ref("AlarmEmail"), "nobody")
