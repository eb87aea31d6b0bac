"""The chat as the reader reads it: its own CloudFormation template, with the code that is installed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pingbox
from pingbox.chat.declaration import chat
from pingbox.chat.template.render import template
from pingbox.model.api import Api, Throttle
from pingbox.model.app import App, Table
from pingbox.model.function import FunctionSpec
from pingbox.templates.cloudformation.app import read_cloudformation
from pingbox.templates.cloudformation.references import StackAccount
from pingbox.templates.document import Document
from pingbox.templates.findings import Findings

SOURCE = "PingBox's chat"
TOKEN_PARAMETER = "/pingbox/token-secret"  # noqa: S105 - a name in the Parameter Store
_NONE: Mapping[str, str] = MappingProxyType({})


def chat_app(
    stage: str = "dev",
    *,
    parameters: Mapping[str, str] = _NONE,
    environment: Mapping[str, str] = _NONE,
    throttled: bool = False,
    region: str = "us-east-1",
) -> App:
    """What the template of this stage declares. Tables and functions have their names in the template.

    `parameters` are the template's, by name. `environment` are variables that every function has besides, or instead
    of, those of the template. `throttled`: with the limits of requests a second that it has on AWS. The page's bucket
    and the queue of lost events are left out: here the page comes with the port, and no event is lost.
    Raises `TemplateError` for a parameter that the template does not have or allow.
    """
    document = template(chat(stage)).document()
    app = read_cloudformation(
        Document(SOURCE, document, {}),
        kind="CloudFormation",
        folder=Path(),
        account=StackAccount(region, "000000000000", "pingbox"),
        parameters={**_code(document), "TokenParameter": TOKEN_PARAMETER, **parameters, "Stage": stage},
        stage=None,
        cache=Path(),  # nothing of it has to be unpacked
        findings=Findings(),
    )
    return replace(
        app,
        apis=app.apis if throttled else tuple(map(_unthrottled, app.apis)),
        functions=tuple(_with(function, environment) for function in app.functions),
        resources=(),
        files=(),
    )


def chat_tables(connections: str = "Connections", messages: str = "Messages") -> tuple[Table, ...]:
    """The two tables, under these names."""
    names = {"Connections": connections, "Messages": messages}
    return tuple(
        replace(table, parameters={**table.parameters, "TableName": names[table.name]}) for table in chat_app().tables
    )


def _code(document: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, str]:
    """The parameters that say where the functions' code is: in the folder that holds the package."""
    folder = str(Path(pingbox.__file__).parent.parent)
    functions = [name for name, entry in document["Resources"].items() if entry["Type"] == "AWS::Lambda::Function"]
    return {"CodeBucket": "installed", "CodeKey": "installed", **{f"code:{name}": folder for name in functions}}


def _with(function: FunctionSpec, environment: Mapping[str, str]) -> FunctionSpec:
    return replace(function, environment={**(function.environment or {}), **environment})


def _unthrottled(api: Api) -> Api:
    return replace(api, stages=tuple(replace(stage, throttle=Throttle()) for stage in api.stages))
