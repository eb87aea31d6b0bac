"""serverless.yml (Serverless Framework): compiled to the CloudFormation template the framework would deploy.

Logical ids are the framework's (`ConnectLambdaFunction`, `WebsocketsApi`, `SconnectWebsocketsRoute`), because the
file's own `resources` and environment variables refer to them. What is read of the result is `cloudformation`'s work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pingbox.model.app import App
from pingbox.model.regions import DEFAULT_REGION
from pingbox.templates.cloudformation.app import read_cloudformation
from pingbox.templates.cloudformation.references import StackAccount
from pingbox.templates.document import Document, KeyPath
from pingbox.templates.errors import TemplateError
from pingbox.templates.findings import Findings
from pingbox.templates.serverless.compiled_template import Compiled, ServerlessService, as_list
from pingbox.templates.serverless.dotenv import read_dotenv
from pingbox.templates.serverless.pseudo_parameters import PLUGIN, written_out
from pingbox.templates.serverless.resources import compile_service
from pingbox.templates.serverless.unsupported_properties import list_unsupported_properties
from pingbox.templates.serverless.variables import Variables

_BUILDERS = ("esbuild", "webpack", "typescript", "bundle")


def read_serverless(
    document: Document,
    *,
    file: Path,
    stage: str | None,
    region: str | None,
    account_id: str,
    parameters: Mapping[str, str],
    cache: Path,
    findings: Findings,
) -> App:
    """Read a serverless.yml.

    `stage` and `region` as the command's `--stage` and `--region`; None for the file's own, else `dev` and `us-east-1`.
    """
    options = _options(document, file, stage, region, parameters, account_id)
    uses_dotenv = isinstance(document.root, Mapping) and document.root.get("useDotenv") is True
    variables = Variables(
        document,
        file.parent,
        options=options,
        given=parameters,
        account_id=account_id,
        dotenv=read_dotenv(file.parent, options["stage"]) if uses_dotenv else {},
    )
    service = _service(variables, document, options)
    plugins = _plugins(variables, document)
    _warn_of_builders(plugins, document, findings)
    compiled = compile_service(service, variables, document)
    if PLUGIN in plugins:
        compiled.template = written_out(compiled.template)
    findings.ignored.extend(compiled.ignored)
    list_unsupported_properties(variables, document, findings)
    app = read_cloudformation(
        _as_document(compiled, document),
        kind="serverless.yml",
        folder=file.parent,
        account=StackAccount(options["region"], account_id, f"{service.name}-{service.stage}"),
        parameters={name: value for name, value in parameters.items() if name in compiled.parameters},
        stage=None,
        cache=cache,
        findings=findings,
    )
    return replace(app, files=(document.file, *variables.files))


def _options(
    document: Document,
    file: Path,
    stage: str | None,
    region: str | None,
    given: Mapping[str, str],
    account_id: str,
) -> dict[str, str]:
    # `provider.stage` is mostly `${opt:stage, 'dev'}`: it is resolved with what the command line gave, and no more.
    options = {"stage": stage or "dev", "region": region or DEFAULT_REGION}
    typed = {name: value for name, value in (("stage", stage), ("region", region)) if value is not None}
    before = Variables(document, file.parent, options=_Typed(options, typed), given=given, account_id=account_id)
    options["stage"] = stage or str(before.get(("provider", "stage")) or "dev")
    after = Variables(document, file.parent, options=_Typed(options, typed), given=given, account_id=account_id)
    options["region"] = region or str(after.get(("provider", "region")) or DEFAULT_REGION)
    return options


class _Typed(dict[str, str]):
    """Options of which only the typed ones answer `${opt:...}`; the others are known when looked up with []."""

    def __init__(self, options: Mapping[str, str], typed: Mapping[str, str]) -> None:
        super().__init__(options)
        self._typed = typed

    def get(self, key: str, default: Any = None) -> Any:
        return self._typed.get(key, default)


def _service(variables: Variables, document: Document, options: Mapping[str, str]) -> ServerlessService:
    name = variables.get(("service",))
    if isinstance(name, Mapping):  # the form before version 3
        name = name.get("name")
    if not isinstance(name, str) or not name:
        raise TemplateError(
            "has no service name",
            place=document.place(("service",)),
            received=name,
            expected="service: a-name",
            next_step="add it as the first line",
        )
    return ServerlessService(name, options["stage"], options["region"])


def _plugins(variables: Variables, document: Document) -> list[str]:
    plugins = variables.get(("plugins",))
    modules = plugins.get("modules") if isinstance(plugins, Mapping) else plugins
    return [str(name) for name in as_list(modules, document.place(("plugins",)), "plugins")]


def _warn_of_builders(plugins: list[str], document: Document, findings: Findings) -> None:
    builders = [name for name in plugins if any(word in name for word in _BUILDERS)]
    if builders:
        findings.note(
            document.place(("plugins",)),
            f"{', '.join(builders)}: plugins do not run here; TypeScript runs from its sources where the app has tsx "
            "(npm install --save-dev tsx), what only a bundler can load must be built before",
        )


def _as_document(compiled: Compiled, document: Document) -> Document:
    lines: dict[KeyPath, int] = {(): 1}
    for path, origin in compiled.origins.items():
        line = document.place(origin).line
        if line is not None:
            lines[path] = line
    return Document(document.file, compiled.template, lines, document.repeated)
