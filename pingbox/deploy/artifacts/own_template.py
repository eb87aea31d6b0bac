"""Somebody's own template: the same deploy for it. Code that lies beside the template is zipped, uploaded and named."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pingbox.deploy.artifacts.package import Artifact, Source, folder_sources, pack
from pingbox.deploy.errors import RefusedError
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.target import DeployTarget
from pingbox.templates.cloudformation.sections import LOOP, section, written_resources
from pingbox.templates.document import Document
from pingbox.templates.errors import TemplateError
from pingbox.templates.parsing import parse_text, read_document

_CODE = {"AWS::Lambda::Function": "Code", "AWS::Serverless::Function": "CodeUri"}


def own_desired(target: DeployTarget, file: Path, settings: Mapping[str, str]) -> Desired:
    """What a template of one's own wants. `settings` are its parameters by name, `Stage` is added if it has one.

    `RefusedError` for a file that is no template, code that is not there, or a parameter the template does not have.
    """
    document = read_template(file)
    packed, artifacts = packaged(document.root, file.parent, target)
    return Desired(
        target=target,
        template=json.dumps(packed, indent=2) + "\n",
        parameters=given_parameters(document, settings, target),
        artifacts=artifacts,
    )


def read_template(file: Path) -> Document:
    """The template as written. `RefusedError` names the line of what makes it none."""
    with as_refusal():
        return checked_template(read_document(file))


def parse_template(text: str, name: str) -> Document:
    """The same for text from elsewhere, JSON or YAML."""
    with as_refusal():
        return checked_template(parse_text(text, name))


def checked_template(document: Document) -> Document:
    """The same document, when it has the shape of a template. Raises `TemplateError`."""
    resources = written_resources(document, loops=True)
    if not resources and not section(document, document.root, ("Resources",)):
        raise TemplateError("no Resources", place=document.place(), expected="a CloudFormation template")
    parameters = section(document, document.root, ("Parameters",))
    for path, entry in [(("Parameters", name), entry) for name, entry in parameters.items()] + [
        (("Resources", name, "Properties"), raw.get("Properties", {})) for name, raw in resources.items()
    ]:
        if not isinstance(entry, Mapping):
            raise TemplateError(
                f"{'.'.join(path)} is not a map", place=document.place(path), received=entry, expected="a map of names"
            )
    return document


@contextmanager
def as_refusal() -> Iterator[None]:
    """What the reader of templates refuses, in the words of the deploy."""
    try:
        yield
    except TemplateError as error:
        where = ": ".join(str(part) for part in (error.place, error.logical_id) if part is not None)
        found = error.message if error.received is None else f"{error.message}: {error.received!r}"
        step = error.next_step or "correct the file and repeat"
        raise RefusedError(where or "the template", found, error.expected or "a template", step) from error


def packaged(
    document: Mapping[str, Any], base: Path, target: DeployTarget
) -> tuple[dict[str, Any], tuple[Artifact, ...]]:
    """The template with local code paths replaced by places in the artifact bucket, and the zips to put there."""
    packed = copy.deepcopy(dict(document))
    artifacts: dict[str, Artifact] = {}
    for logical_id, resource in packed["Resources"].items():
        if logical_id.startswith(LOOP):
            continue
        name = _CODE.get(resource.get("Type", ""))
        path = resource.get("Properties", {}).get(name) if name else None
        if not isinstance(path, str) or path.startswith("s3://"):
            continue
        artifact = _zip(base / path, f"{logical_id}.{name}")
        artifacts[artifact.digest] = artifact
        resource["Properties"][name] = _location(resource["Type"], target, artifact)
    return packed, tuple(artifacts.values())


def _location(type_name: str, target: DeployTarget, artifact: Artifact) -> dict[str, str]:
    key = target.artifact_prefix + artifact.key
    if type_name == "AWS::Lambda::Function":
        return {"S3Bucket": target.artifact_bucket, "S3Key": key}
    return {"Bucket": target.artifact_bucket, "Key": key}


def _zip(path: Path, what: str) -> Artifact:
    if path.is_dir():
        return pack(folder_sources(path, path))
    if path.suffix in {".zip", ".jar"} and path.is_file():
        body = path.read_bytes()
        return Artifact(pack([Source(path.name, body)]).digest, body)
    if path.is_file():
        return pack([Source(path.name, path.read_bytes())])
    raise RefusedError(what, str(path), "a folder, a file or a zip beside the template", "mend the path")


def given_parameters(document: Document, settings: Mapping[str, str], target: DeployTarget) -> Mapping[str, str]:
    """The parameters to pass: those that were set, and the stage. `RefusedError` for one that is not declared."""
    declared = section(document, document.root, ("Parameters",))
    unknown = sorted(set(settings) - set(declared))
    if unknown:
        raise RefusedError(
            f"the parameters of {document.file}", ", ".join(unknown), ", ".join(declared) or "none", "check --parameter"
        )
    stage = {"Stage": target.stage} if "Stage" in declared else {}
    return {**stage, **settings}
