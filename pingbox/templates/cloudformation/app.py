"""A CloudFormation template (also what SAM and serverless.yml become) read into an `App`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pingbox.model.app import App, Output
from pingbox.model.findings import SourcePosition
from pingbox.templates.cloudformation.nested import open_nested
from pingbox.templates.cloudformation.parameters import text_of
from pingbox.templates.cloudformation.references import StackAccount
from pingbox.templates.cloudformation.resources.apis import read_apis
from pingbox.templates.cloudformation.resources.aws_resources import read_aws_resources
from pingbox.templates.cloudformation.resources.functions import read_functions
from pingbox.templates.cloudformation.resources.permissions import check_permissions
from pingbox.templates.cloudformation.resources.schedules import read_schedules
from pingbox.templates.cloudformation.resources.tables import read_tables
from pingbox.templates.cloudformation.resources.timeouts import check_timeouts
from pingbox.templates.cloudformation.resources.unsupported_properties import list_unsupported_properties
from pingbox.templates.cloudformation.resources.unsupported_resources import list_unsupported_resources
from pingbox.templates.cloudformation.stack import TemplateStack
from pingbox.templates.cloudformation.transforms import refuse_macros
from pingbox.templates.document import Document
from pingbox.templates.errors import TemplateError
from pingbox.templates.findings import Findings


def read_cloudformation(
    document: Document,
    *,
    kind: str,
    folder: Path,
    account: StackAccount,
    parameters: Mapping[str, str],
    stage: str | None,
    cache: Path,
    findings: Findings,
    judged: bool = False,
) -> App:
    """Read a template without SAM resources. `folder` is what its relative code paths are relative to.

    `judged`: the rules for templates look at it, too; for what a person wrote, not for what is compiled from it.
    """
    refuse_macros(document)
    stack = TemplateStack(document, given=parameters, account=account, folder=folder, opening=open_nested)
    if judged:
        _judge(stack, findings)
    _warn_of_repeated(stack, findings)
    functions = read_functions(stack, findings, cache)
    apis = read_apis(stack, functions, findings, stage)
    tables = read_tables(stack, findings)
    schedules = read_schedules(stack, functions)
    check_permissions(stack, apis, functions, findings)
    check_timeouts(apis, functions, findings)
    list_unsupported_resources(stack, functions, findings)
    list_unsupported_properties(stack, findings)
    outputs = _outputs(stack, findings)
    return App(
        source=document.file,
        kind=kind,
        region=account.region,
        apis=apis,
        functions=tuple(functions.specs.values()),
        unavailable=functions.unavailable_specs(),
        tables=tables,
        schedules=schedules,
        resources=read_aws_resources(stack),
        ignored=tuple(findings.ignored),
        findings=tuple(findings.found),
        outputs=outputs,
        files=tuple(each.document.file for each in stack.tree()),
    )


def _judge(stack: TemplateStack, findings: Findings) -> None:
    from pingbox.templates.cloudformation.rules import check  # PingBox's own chat needs no rules to start

    for each in stack.tree():
        check(each.document, each.resources, findings)


def _warn_of_repeated(stack: TemplateStack, findings: Findings) -> None:
    for document in (each.document for each in stack.tree()):
        for again in document.repeated:
            findings.warn(
                SourcePosition(document.file, again.line),
                f"{again.key} stands in line {again.first}, too; only the later one counts",
            )


def _outputs(stack: TemplateStack, findings: Findings) -> tuple[Output, ...]:
    outputs = []
    for name, raw in stack.outputs.items():
        condition = raw.get("Condition") if isinstance(raw, Mapping) else None
        if not isinstance(raw, Mapping) or (condition and not stack.expressions.condition(str(condition))):
            continue
        try:
            value = stack.evaluate(raw.get("Value"), ("Outputs", name, "Value"))
        except TemplateError as error:  # an output without a value is no reason not to serve
            findings.warn(error.place, f"output {name}: {error.message}")
            continue
        outputs.append(Output(name, text_of(value)))
    return tuple(outputs)
