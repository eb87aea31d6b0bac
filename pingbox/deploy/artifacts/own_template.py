"""Somebody's own template: the same deploy for it. Code that lies beside the template is zipped, uploaded and named."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pingbox.deploy.artifacts.cfn_text import LOOP, parse
from pingbox.deploy.artifacts.package import Artifact, Source, folder_sources, pack
from pingbox.deploy.errors import RefusedError
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.target import DeployTarget

_CODE = {"AWS::Lambda::Function": "Code", "AWS::Serverless::Function": "CodeUri"}


def own_desired(target: DeployTarget, file: Path, settings: Mapping[str, str]) -> Desired:
    """The wish for a template of one's own. `settings` are its parameters by name, `Stage` is added if it has one.

    `RefusedError` for a file that is no template, code that is not there, or a parameter the template does not have.
    """
    document = parse(_text(file), str(file))
    packed, artifacts = packaged(document, file.parent, target)
    return Desired(
        target=target,
        template=json.dumps(packed, indent=2) + "\n",
        parameters=_parameters(document.get("Parameters", {}), settings, target, file),
        artifacts=artifacts,
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(
            str(file), f"bytes that are no UTF-8 text ({error})", "a template", "check the name"
        ) from error
    except OSError as error:
        raise RefusedError(str(file), error.strerror or str(error), "a readable file", "check the name") from error


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


def _parameters(
    declared: Mapping[str, Any], settings: Mapping[str, str], target: DeployTarget, file: Path
) -> Mapping[str, str]:
    unknown = sorted(set(settings) - set(declared))
    if unknown:
        raise RefusedError(
            f"the parameters of {file}", ", ".join(unknown), ", ".join(declared) or "none", "check --parameter"
        )
    stage = {"Stage": target.stage} if "Stage" in declared else {}
    return {**stage, **settings}
