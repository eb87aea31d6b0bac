"""Apps without a template: routes, functions and tables put together into an `App`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pingbox.model.api import Api, Authorizer, LambdaProxy, Route, Stage
from pingbox.model.app import App, Output, Table
from pingbox.model.function import FunctionSpec
from pingbox.templates.cloudformation.references import StackAccount, local_id
from pingbox.templates.cloudformation.resources.functions import code_problem
from pingbox.templates.findings import Findings

STAGE = "dev"


@dataclass
class PlainApp:
    """An app under construction. A handler that several routes name becomes one function."""

    account: StackAccount
    code: str
    runtime: str
    functions: dict[str, FunctionSpec] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    def function(
        self,
        handler: str,
        *,
        name: str | None = None,
        timeout: float = 3.0,
        memory: int = 128,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Declare the function of a handler and return its name: `name`, else made of the handler (`app-connect`)."""
        named = name or handler.replace(".", "-").replace("/", "-")
        spec = FunctionSpec(named, handler, self.code, self.runtime, timeout, memory, dict(environment or {}))
        if named not in self.functions:
            problem = code_problem(spec)
            if problem:
                self.findings.warn(None, f"{named}: {problem}")
        self.functions.setdefault(named, spec)
        return named

    def app(
        self,
        *,
        kind: str,
        name: str,
        stage: Stage,
        routes: Iterable[Route],
        expression: str = "$request.body.action",
        tables: Iterable[Table] = (),
        files: Iterable[str] = (),
    ) -> App:
        """The finished app, with the API's address as output."""
        api_id = local_id(self.account, name)
        api = Api(api_id, name, tuple(routes), (stage,), expression)
        address = f"wss://{api_id}.execute-api.{self.account.region}.{self.account.url_suffix}/{stage.name}"
        return App(
            source=name,
            kind=kind,
            region=self.account.region,
            apis=(api,),
            functions=tuple(self.functions.values()),
            tables=tuple(tables),
            findings=tuple(self.findings.found),
            outputs=(Output("WebSocketUrl", address),),
            files=tuple(files),
        )


def plain_route(
    route_key: str,
    function: str,
    *,
    two_way: bool = False,
    timeout_ms: int | None = None,
    authorizer: Authorizer | None = None,
) -> Route:
    """A route to a function with Lambda proxy integration."""
    integration = LambdaProxy(function) if timeout_ms is None else LambdaProxy(function, timeout_ms)
    return Route(
        route_key,
        integration,
        authorization="NONE" if authorizer is None else "CUSTOM",
        authorizer=authorizer,
        two_way=two_way,
    )
