"""Whether a function's folder holds what the function needs: a deploy zips it as it is, and builds nothing.

What is missing there is deployed all the same, becomes `Active`, and fails at its first import; so it is refused.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pingbox.deploy.artifacts.raw_template import as_list, as_map, is_local, resources_of
from pingbox.deploy.errors import DeployRefusedError
from pingbox.emulator.services.lambda_.packages.node_packages import TYPESCRIPT, is_provided, is_source, package_file
from pingbox.emulator.services.lambda_.packages.requirements import FILE, read_requirements
from pingbox.emulator.services.lambda_.runtimes.python import provided
from pingbox.templates.cloudformation.resources.handler_files import module_path
from pingbox.templates.document import Document

_BUILT = (".aws-sam", "build")
_FUNCTIONS = {"AWS::Lambda::Function": "Code", "AWS::Serverless::Function": "CodeUri"}
_LAYERS = {"AWS::Lambda::LayerVersion": "Content", "AWS::Serverless::LayerVersion": "ContentUri"}
_PROVIDED = frozenset(canonicalize_name(name) for name in (*provided.PACKAGES, "python-dateutil"))
_IMPORT = re.compile(r"""(?:require\s*\(|from|import\s*\(?)\s*["']((?:@[\w.-]+/)?[\w.-]+)[^"']*["']""")
_BIGGEST = 1_000_000  # bytes; a source that is larger is a bundle
_SAM_BUILD = "run `sam build`, and deploy .aws-sam/build/template.yaml"


@dataclass(frozen=True)
class _Function:
    """A function with code in a local folder. `layers` are the local folders of its layers."""

    what: str
    folder: Path
    runtime: str
    handler: str
    layers: tuple[Path, ...]


def refuse_unbuilt(document: Document) -> None:
    """`DeployRefusedError` for the first function or layer that has to be built before it is zipped."""
    _refuse_build_methods(document)
    for function in _functions(document):
        if function.runtime.startswith("python"):
            _refuse_missing_python(function)
        elif function.runtime.startswith("nodejs"):
            _refuse_typescript(function)
            _refuse_missing_node(function)


def _refuse_build_methods(document: Document) -> None:
    """`sam build` leaves the metadata in the template that it writes, and the built code in its folder."""
    if Path(document.file).resolve().parts[-3:-1] == _BUILT:
        return
    for logical_id, resource in resources_of(document):
        method = as_map(resource.get("Metadata")).get("BuildMethod")
        name = {**_FUNCTIONS, **_LAYERS}.get(str(resource.get("Type")))
        if method is not None and name is not None and is_local(as_map(resource.get("Properties")).get(name, ".")):
            place = document.place(("Resources", logical_id, "Metadata", "BuildMethod"))
            what = f"{place}: {logical_id}.Metadata.BuildMethod"
            raise DeployRefusedError(what, f"{method}, and a deploy builds nothing", "code that is built", _SAM_BUILD)


def _functions(document: Document) -> Iterator[_Function]:
    shared = as_map(as_map(as_map(document.root).get("Globals")).get("Function"))
    folder = Path(document.file).parent
    for logical_id, resource in resources_of(document):
        type_name = str(resource.get("Type"))
        if type_name not in _FUNCTIONS:
            continue
        own = as_map(resource.get("Properties"))
        properties = {**shared, **own} if type_name == "AWS::Serverless::Function" else own
        code = properties.get(_FUNCTIONS[type_name])
        layers = _layer_folders(document, [*as_list(shared.get("Layers")), *as_list(own.get("Layers"))], folder)
        if is_local(code) and (folder / str(code)).is_dir() and layers is not None:
            place = document.place(("Resources", logical_id))
            yield _Function(
                f"{place}: {logical_id}",
                (folder / str(code)).resolve(),
                str(properties.get("Runtime")),
                str(properties.get("Handler")),
                layers,
            )


def _layer_folders(document: Document, layers: Iterable[Any], folder: Path) -> tuple[Path, ...] | None:
    """The local folders; None when one of the layers is not in the template, so that its content is unknown."""
    resources = dict(resources_of(document))
    found = []
    for layer in layers:
        resource = resources.get(str(as_map(layer).get("Ref")))
        name = None if resource is None else _LAYERS.get(str(resource.get("Type")))
        path = None if resource is None or name is None else as_map(resource.get("Properties")).get(name)
        if not is_local(path):
            return None
        found.append(folder / str(path))
    return tuple(found)


def _refuse_missing_python(function: _Function) -> None:
    file = function.folder / FILE
    if not file.is_file():
        return
    inside = [layer / sub for layer in function.layers for sub in _python_folders(layer)]
    folders = [function.folder, *inside]
    packages = importlib.metadata.distributions(path=[str(folder) for folder in folders])
    there = {str(canonicalize_name(one.metadata["Name"])) for one in packages}
    missing = [one for one in read_requirements(file).wanted if not _is_there(one, function.runtime, there, folders)]
    if missing:
        raise DeployRefusedError(
            function.what,
            f"{FILE} in {function.folder} asks for {', '.join(map(str, missing))}, which the folder does not contain",
            "everything that the function imports, in its folder or its layers",
            f"{_SAM_BUILD}; or run `pip install -r {FILE} -t .` in that folder",
        )


def _python_folders(layer: Path) -> list[str]:
    return ["python", *(str(path.relative_to(layer)) for path in layer.glob("python/lib/python3.*/site-packages"))]


def _is_there(wanted: Requirement, runtime: str, there: set[str], folders: Iterable[Path]) -> bool:
    name = canonicalize_name(wanted.name)
    on_lambda = {
        "python_version": runtime.removeprefix("python"),
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
    }
    if name in _PROVIDED or name in there or (wanted.marker is not None and not wanted.marker.evaluate(on_lambda)):
        return True
    module = name.replace("-", "_")  # without its dist-info, which some remove, its module may still be there
    return any((folder / each).exists() for folder in folders for each in (module, f"{module}.py"))


def _refuse_typescript(function: _Function) -> None:
    module = module_path(function.runtime, function.handler)
    roots = (function.folder, *(layer / sub for layer in function.layers for sub in (".", "nodejs")))
    if any((root / f"{module}{end}").is_file() for root in roots for end in (".js", ".mjs", ".cjs")):
        return
    source = next((f"{module}{end}" for end in TYPESCRIPT if (function.folder / f"{module}{end}").is_file()), None)
    if source is not None:
        raise DeployRefusedError(
            function.what,
            f"its handler {function.handler} is {source}, and Lambda runs no TypeScript",
            f"{module}.js, which a build makes of it",
            f"{_SAM_BUILD}; or build it yourself, and name the folder with the result",
        )


def _refuse_missing_node(function: _Function) -> None:
    """What the sources import of what their package.json asks for, and neither the folder nor a layer has."""
    file = package_file(function.folder)
    if file is None:
        return
    modules = [function.folder, *(layer / "nodejs" for layer in function.layers), *function.layers]
    wanted = {name for name in _dependencies(file) if not is_provided(name)}
    missing = sorted(
        name
        for name in wanted & _imported(function.folder)
        if not any((folder / "node_modules" / name).is_dir() for folder in modules)
    )
    if missing:
        raise DeployRefusedError(
            function.what,
            f"its sources import {', '.join(missing)}, which {function.folder} has not in its node_modules",
            "everything that the function imports, in its folder or its layers",
            f"{_SAM_BUILD}; or run `npm install` in that folder, with a package.json of its own",
        )


def _imported(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.iterdir():
        if path.is_dir() and path.name != "node_modules" and not path.name.startswith("."):
            found |= _imported(path)
        elif path.is_file() and is_source(path) and path.stat().st_size < _BIGGEST:
            found |= set(_IMPORT.findall(path.read_text(encoding="utf-8", errors="replace")))
    return found


def _dependencies(file: Path) -> Mapping[str, Any]:
    try:
        return as_map(as_map(json.loads(file.read_text(encoding="utf-8"))).get("dependencies"))
    except ValueError:
        return {}
