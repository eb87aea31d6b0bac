"""Where code lies that a template has only in a bucket: what packaging tools leave in the folder of their template.

`cdk synth` writes `STACK.assets.json`, which leads from a bucket's key to a folder of cdk.out; `serverless package`
puts the archive into `.serverless`, under the name that the key ends in.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Assets:
    """Those of one template. Paths are as the manifest has them: relative to the template's folder."""

    def __init__(self, template: Path) -> None:
        self._folder = template.parent
        self._manifest = template.with_name(template.name.removesuffix(".template.json") + ".assets.json")
        self._paths: Mapping[str, str] | None = None

    def path(self, key: str) -> str | None:
        """The folder or archive that was to be uploaded as `key`, None when nothing here is known to be it."""
        if self._paths is None:
            self._paths = _paths(self._manifest)
        beside = key.rpartition("/")[2]
        if key in self._paths:
            return self._paths[key]
        return beside if beside.endswith(".zip") and (self._folder / beside).is_file() else None


def _paths(manifest: Path) -> dict[str, str]:
    if not manifest.name.endswith(".assets.json") or not manifest.is_file():
        return {}
    from pingbox.templates.parsing import read_document

    files = _maps(_map(read_document(manifest).root).get("files"))
    return {
        str(destination.get("objectKey")): str(_map(file.get("source")).get("path"))
        for file in files
        for destination in _maps(file.get("destinations"))
    }


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [_map(each) for each in _map(value).values()]
