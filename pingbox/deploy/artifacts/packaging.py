"""Local code named in somebody's template: zipped, named by its content, and its place in the bucket written instead.

What `aws cloudformation package` and `sam package` do for functions, layers and nested templates. What is not packaged
is refused with its line: CloudFormation would take the path for a key of a bucket, or deploy what cannot run.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pingbox.deploy.artifacts.built import refuse_unbuilt
from pingbox.deploy.artifacts.folders import code_sources
from pingbox.deploy.artifacts.package import Artifact, PackedFile, pack
from pingbox.deploy.artifacts.raw_template import as_dict, is_local, read_template
from pingbox.deploy.artifacts.unpackaged import refuse_unpackaged
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.target import DeployTarget
from pingbox.templates.cloudformation.assets import Assets
from pingbox.templates.cloudformation.sections import LOOP
from pingbox.templates.document import Document, KeyPath

_CODE = {
    "AWS::Lambda::Function": ("Code", "S3Bucket", "S3Key"),
    "AWS::Lambda::LayerVersion": ("Content", "S3Bucket", "S3Key"),
    "AWS::Serverless::Function": ("CodeUri", "Bucket", "Key"),
    "AWS::Serverless::LayerVersion": ("ContentUri", "Bucket", "Key"),
}
"""Type -> property with the code, and how it spells bucket and key."""

_TEMPLATES = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_OTHER_CODE = frozenset({"InlineCode", "ImageUri"})


@dataclass
class Packager:
    """Packages one template with those nested in it. `artifacts` are, by digest, what has to be uploaded."""

    target: DeployTarget
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    _zips: dict[Path, Artifact] = field(default_factory=dict)

    def packaged(self, document: Document, above: tuple[Path, ...] = ()) -> dict[str, Any]:
        """The template with places in the bucket for local paths. Raises `DeployRefusedError`.

        `above` are the files of the templates it is nested in.
        """
        file = Path(document.file).resolve()
        refuse_unpackaged(document)
        refuse_unbuilt(document)
        packed: dict[str, Any] = copy.deepcopy(dict(document.root))
        self._globals(document, packed)
        for logical_id, resource in packed["Resources"].items():
            if str(logical_id).startswith(LOOP):
                _refuse_code_of_loop(document, logical_id, resource)
            else:
                self._code(document, packed, logical_id, resource)
                self._template(document, logical_id, resource, (*above, file))
        return packed

    def _globals(self, document: Document, packed: Mapping[str, Any]) -> None:
        """SAM's properties for all functions, or all layers, of a template."""
        for section_, type_name in (
            ("Function", "AWS::Serverless::Function"),
            ("LayerVersion", "AWS::Serverless::LayerVersion"),
        ):
            shared = as_dict(as_dict(packed.get("Globals")).get(section_))
            name = _CODE[type_name][0]
            if is_local(shared.get(name)):
                shared[name] = self._place(document, ("Globals", section_, name), shared[name], type_name)

    def _code(self, document: Document, packed: Mapping[str, Any], logical_id: str, resource: dict[str, Any]) -> None:
        type_name = resource["Type"]
        if type_name not in _CODE:
            return
        name = _CODE[type_name][0]
        properties = resource.setdefault("Properties", {})
        path = _asset(resource, name) or _manifested(document, properties.get(name)) or properties.get(name)
        if path is None and type_name == "AWS::Serverless::Function":
            path = _default_code(properties, as_dict(as_dict(packed.get("Globals")).get("Function")))
        if is_local(path):
            where = ("Resources", logical_id, "Properties", name)
            properties[name] = self._place(document, where, path, type_name)

    def _place(self, document: Document, where: KeyPath, path: str, type_name: str) -> dict[str, str]:
        """Zip what is at the path, and say where it will be."""
        found = (Path(document.file).parent / path).resolve()
        if found not in self._zips:
            self._zips[found] = _zip(found, path, _what(document, where))
        artifact = self._keep(self._zips[found])
        _, bucket, key = _CODE[type_name]
        return {bucket: self.target.artifact_bucket, key: self.target.artifact_prefix + artifact.key}

    def _template(self, document: Document, logical_id: str, resource: dict[str, Any], above: tuple[Path, ...]) -> None:
        name = _TEMPLATES.get(resource["Type"])
        properties = as_dict(resource.get("Properties"))
        path = None if name is None else _asset(resource, name) or properties.get(name)
        if name is None or not is_local(path):
            return
        what = _what(document, ("Resources", logical_id, "Properties", name))
        nested = (Path(document.file).parent / str(path)).resolve()
        if nested in above:
            raise DeployRefusedError(what, str(path), "a template that is not nested in itself", "correct the path")
        if not nested.is_file():
            raise DeployRefusedError(what, f"no file {nested}", "a template, relative to this one", "correct the path")
        body = json.dumps(self.packaged(read_template(nested), above), indent=2).encode()
        digest = hashlib.sha256(body).hexdigest()
        artifact = self._keep(Artifact(digest, body, ".template", "application/json"))
        properties[name] = self.target.artifact_url(self.target.artifact_prefix + artifact.key)

    def _keep(self, artifact: Artifact) -> Artifact:
        return self.artifacts.setdefault(artifact.digest, artifact)


def _refuse_code_of_loop(document: Document, logical_id: str, body: Any) -> None:
    """What a loop makes is known to CloudFormation only, and so are the paths in it."""
    members = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    for member in members:
        _refuse_code_of_loop(document, logical_id, member)
    names = {_CODE[str(body.get("Type"))][0]} if isinstance(body, dict) and body.get("Type") in _CODE else set()
    for name in names:
        path = as_dict(body.get("Properties")).get(name)
        if is_local(path):
            what = _what(document, ("Resources", logical_id))
            raise DeployRefusedError(
                what, f"local code ({path}) in a loop is not packaged", "code in S3", "write the resources out"
            )


def _default_code(properties: Mapping[str, Any], shared: Mapping[str, Any]) -> str | None:
    """A SAM function that says nothing of its code has the template's folder, as `sam` has it."""
    image = "Image" in (properties.get("PackageType"), shared.get("PackageType"))
    said = {"CodeUri", *_OTHER_CODE} & {*properties, *shared}
    return None if image or said else "."


def _asset(resource: Mapping[str, Any], name: str) -> str | None:
    """What `cdk synth` noted as the source of the property."""
    noted = as_dict(resource.get("Metadata"))
    path = noted.get("aws:asset:path")
    return path if isinstance(path, str) and str(noted.get("aws:asset:property", name)).startswith(name) else None


def _manifested(document: Document, code: Any) -> str | None:
    """Where a packaging tool noted, or left, the code that the template has in a bucket only."""
    key = as_dict(code).get("S3Key")
    return Assets(Path(document.file)).path(key) if isinstance(key, str) else None


def _zip(found: Path, path: str, what: str) -> Artifact:
    if found.is_dir():
        return pack(code_sources(found, what))
    if found.suffix in {".zip", ".jar"} and found.is_file():
        body = found.read_bytes()
        return Artifact(pack([PackedFile(found.name, body)]).digest, body)
    if found.is_file():
        return pack([PackedFile(found.name, found.read_bytes())])
    raise DeployRefusedError(
        what, f"no file or folder {path}", "a path relative to the template", "build it, or correct it"
    )


def _what(document: Document, where: KeyPath) -> str:
    return (
        f"{document.place(where)}: {'.'.join(str(part) for part in where if part not in ('Resources', 'Properties'))}"
    )
