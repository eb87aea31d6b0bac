"""From the inert app to the template and its text."""

from __future__ import annotations

import json

from pingbox.deploy.template.api import api_resources
from pingbox.deploy.template.functions import failures_queue, function_resources, site_origin
from pingbox.deploy.template.intrinsics import Value, ref, sub, when
from pingbox.deploy.template.model import App, Site
from pingbox.deploy.template.parameters import CONDITIONS, parameters, spending_alarm
from pingbox.deploy.template.resource import Output, Resource, Template
from pingbox.deploy.template.site import BUCKET, site_resources
from pingbox.deploy.template.tables import table_resource


def template(app: App) -> Template:
    """The app's template as values."""
    return Template(app.description, parameters(app.stage), CONDITIONS, _resources(app), _outputs(app))


def as_json(app: App) -> str:
    """Readable JSON; the same app gives the same text, which is what makes "no changes" possible."""
    return json.dumps(template(app).document(), indent=2) + "\n"


def as_yaml(app: App) -> str:
    """The same document as YAML, in the same order."""
    import yaml  # imported here: only `pingbox template --format yaml` needs it

    text: str = yaml.safe_dump(template(app).document(), sort_keys=False, width=120)
    return text


def _resources(app: App) -> tuple[Resource, ...]:
    return (
        *(table_resource(table, retain=app.retain_data) for table in app.tables),
        failures_queue(),
        *(resource for function in app.functions for resource in function_resources(app, function)),
        *api_resources(app),
        *site_resources(app.site),
        spending_alarm(),
    )


def _outputs(app: App) -> tuple[Output, ...]:
    # CF-12: the ApiEndpoint attribute has no stage, so the addresses are spelled out.
    host = "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"
    outputs = [
        Output("WebSocketUrl", "Where clients connect", sub(f"wss://{host}")),
        Output("ManagementEndpoint", "Where @connections answers", sub(f"https://{host}")),
        Output("SiteUrl", "The page", site_origin(app.site)),
        Output("SiteBucket", "The page's bucket", ref(BUCKET)),
        Output("SpendingAlarm", "Who is told about the bill", _alarm()),
    ]
    outputs += [Output(f"{table.name}Table", "DynamoDB table", ref(table.name)) for table in app.tables]
    if app.site is Site.CLOUDFRONT:
        outputs.append(Output("SiteDistribution", "The page's distribution", ref("SiteDistribution")))
    return tuple(outputs)


def _alarm() -> Value:
    return when("HasSpendingAlarm", ref("AlarmEmail"), "nobody")
