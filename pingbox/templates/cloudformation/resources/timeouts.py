"""Functions that may run longer than API Gateway waits for them."""

from __future__ import annotations

from pingbox.model.api import Api, LambdaProxy, TemplatedIntegration
from pingbox.templates.cloudformation.resources.functions import FunctionTable
from pingbox.templates.findings import Findings

_ROUTE_SECONDS = 29  # RR-16: what the function does afterwards, no client hears


def check_timeouts(apis: tuple[Api, ...], functions: FunctionTable, findings: Findings) -> None:
    """Warn of every function behind a route whose Timeout is longer than an integration's can be."""
    for api in apis:
        for route in api.routes:
            match route.integration:
                case LambdaProxy(function=str(name)) | TemplatedIntegration(type="AWS", target=str(name)):
                    spec = functions.specs.get(name)
                    if spec is not None and spec.timeout > _ROUTE_SECONDS:
                        findings.warn(
                            functions.places[name],
                            f"{name}: its Timeout is {spec.timeout:g} s, but API Gateway waits {_ROUTE_SECONDS} s at "
                            f"most for a function behind a route (RR-16)",
                        )
