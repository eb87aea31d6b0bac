"""Finding out what the user named, and reading it: the entry point of this package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from pingbox.emulator.services.apigateway.common.declaration_rules import DeclarationError, check
from pingbox.model.app import App, Output
from pingbox.model.findings import SourcePosition
from pingbox.model.regions import DEFAULT_REGION
from pingbox.templates.cloudformation.app import read_cloudformation
from pingbox.templates.cloudformation.code import default_cache
from pingbox.templates.cloudformation.references import StackAccount
from pingbox.templates.cloudformation.transforms import is_sam
from pingbox.templates.document import Document
from pingbox.templates.errors import TemplateError
from pingbox.templates.findings import Findings
from pingbox.templates.location import HANDLERS, locate, unreadable

_NONE: Mapping[str, str] = MappingProxyType({})


def read_app(
    source: Path | str,
    *,
    parameters: Mapping[str, str] = _NONE,
    stage: str | None = None,
    region: str | None = None,
    account_id: str = "000000000000",
    endpoint: str,
    cache: Path | None = None,
    findings: Findings | None = None,
) -> App:
    """Read what an app declares. Runs none of its code and calls no AWS.

    `source`: a SAM or CloudFormation template, a `serverless.yml`, a `pyproject.toml` with `[tool.pingbox]`, a folder
    with one of these, or `module:function` / `module:ROUTES` relative to the working directory.
    `parameters`: values for the template's parameters. Keys with a colon stand in for what a template would fetch
    from the account (`ImportValue:NAME`, `code:FUNCTION`, `ssm:/path`, `cf:stack.output`).
    `stage`: for serverless.yml, pyproject and handlers the stage's name (as `--stage` of the serverless command); for
    templates the only stage of several to serve. None: as declared.
    `region`: as `--region` of AWS's commands; None for the one that a serverless.yml names, else `us-east-1`.
    `endpoint`: the emulator's own address (`http://127.0.0.1:3001`), which takes the place of an API's in
    outputs. `cache`: where inline code and zips are unpacked; None for the user's cache folder.
    `findings`: where to note what is noticed, for who wants it of an app that is refused, too.

    Raises TemplateError when there is nothing to read, or what is declared cannot be served.
    """
    reading = _Reading(parameters, stage, region, account_id, cache or default_cache(), findings or Findings())
    found = locate(source)
    app = reading.handlers(found) if isinstance(found, str) else reading.file(found)
    _check(app, found)
    return replace(app, source=str(source), outputs=_local_outputs(app, endpoint))


def _check(app: App, found: Path | str) -> None:
    """What the readers of a kind of source let pass, and the gateway would refuse at its start."""
    try:
        check(app.apis)
    except DeclarationError as error:
        raise TemplateError(
            f"what it declares cannot be served: {error}",
            place=SourcePosition(str(found)),
            next_step="correct it as the sentence says",
        ) from error


class _Reading:
    """What every kind of source is read with."""

    def __init__(
        self,
        parameters: Mapping[str, str],
        stage: str | None,
        region: str | None,
        account_id: str,
        cache: Path,
        findings: Findings,
    ) -> None:
        self._parameters = parameters
        self._stage = stage
        self._region = region
        self._account_id = account_id
        self._cache = cache
        self._findings = findings

    def handlers(self, source: str, folder: Path | None = None) -> App:
        from pingbox.templates.plain.handlers import read_handlers

        return read_handlers(source, folder or Path.cwd(), self._account("handlers"), self._stage)

    def file(self, file: Path) -> App:
        if file.suffix == ".toml":
            return self._project(file)
        if file.suffix not in (".json", ".yaml", ".yml", ".template"):
            raise unreadable(file)
        from pingbox.templates.parsing import read_document  # PingBox's own chat needs no YAML to start

        document = read_document(file)
        if _is_serverless(document, file):
            return self._serverless(document, file)
        return self._template(document, file)

    def _project(self, file: Path) -> App:
        from pingbox.templates.plain.pyproject import app_elsewhere, read_pyproject

        elsewhere = app_elsewhere(file)
        if elsewhere is None:
            return read_pyproject(file, self._account(file.parent.name), self._stage)
        if HANDLERS.fullmatch(elsewhere):
            return self.handlers(elsewhere, file.parent)
        found = locate(file.parent / elsewhere)
        assert isinstance(found, Path)
        return self.file(found)

    def _template(self, document: Document, file: Path) -> App:
        account = self._account(file.parent.name)
        sam = is_sam(document)
        if sam:
            from pingbox.templates.cloudformation.sam import translate

            document = translate(document, self._parameters, account)
        return read_cloudformation(
            document,
            kind="SAM" if sam else "CloudFormation",
            folder=file.parent,
            account=account,
            parameters=self._parameters,
            stage=self._stage,
            cache=self._cache,
            findings=self._findings,
            judged=True,
        )

    def _serverless(self, document: Document, file: Path) -> App:
        from pingbox.templates.serverless.app import read_serverless

        return read_serverless(
            document,
            file=file,
            stage=self._stage,
            region=self._region,
            account_id=self._account_id,
            parameters=self._parameters,
            cache=self._cache,
            findings=self._findings,
        )

    def _account(self, stack: str) -> StackAccount:
        return StackAccount(self._region or DEFAULT_REGION, self._account_id, stack_name(stack))


def stack_name(text: str) -> str:
    """A name CloudFormation would accept for a stack, made from any text."""
    cleaned = re.sub(r"[^A-Za-z0-9-]+", "-", text).strip("-")
    return cleaned if cleaned[:1].isalpha() else f"app-{cleaned}".rstrip("-")


def _is_serverless(document: Document, file: Path) -> bool:
    root = document.root
    if not isinstance(root, Mapping) or "Resources" in root:
        return False
    return file.stem.startswith("serverless") or ("service" in root and "provider" in root)


def _local_outputs(app: App, endpoint: str) -> tuple[Output, ...]:
    # The first API answers at /{stage}, the others at /{apiId}/{stage}: one port serves what AWS gives a host each.
    roots = {api.api_id: f"/{api.api_id}" if index else "" for index, api in enumerate(app.apis)}
    return tuple(replace(output, value=_local(output.value, roots, endpoint)) for output in app.outputs)


def _local(value: str, roots: Mapping[str, str], endpoint: str) -> str:
    match = re.match(r"(wss|https)://([a-z0-9]{10})\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?", value)
    if match is None or match[2] not in roots:
        return value
    local = endpoint.rstrip("/")
    scheme = local.replace("http", "ws", 1) if match[1] == "wss" else local
    return scheme + roots[match[2]] + value[match.end() :]
