"""`AWS::Lambda::Function` resources: from a template to `FunctionSpec`s."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pingbox.emulator.services.lambda_.packages.node_packages import TYPESCRIPT, has_tsx
from pingbox.emulator.services.lambda_.process.launch import RESERVED, USER_VARIABLES_LIMIT
from pingbox.model.findings import SourcePosition
from pingbox.model.function import AsynchronousSettings, FunctionSpec
from pingbox.templates.cloudformation.code import unpack, write_inline, write_requirement
from pingbox.templates.cloudformation.parameters import text_of
from pingbox.templates.cloudformation.public_layers import requirement_of
from pingbox.templates.cloudformation.resources.handler_files import file_names, module_path
from pingbox.templates.cloudformation.resources.roles import permissions_of
from pingbox.templates.cloudformation.resources.versions import dead_letter, read_parts
from pingbox.templates.cloudformation.stack import Resource, TemplateStack
from pingbox.templates.errors import TemplateError
from pingbox.templates.findings import Findings

LOCAL_BUCKET = "pingbox-local"
"""`Code: {S3Bucket: pingbox-local, S3Key: PATH}` means the local path: SAM's translator accepts no other form."""

RUN_LOCALLY = ("python", "nodejs", "provided", "go1.x")


@dataclass(frozen=True)
class Unavailable:
    """A function of the template that cannot run here.

    `fatal`: a route to it stops the whole app, because nothing but another template would help.
    """

    name: str
    resource: Resource
    reason: str
    next_step: str
    fatal: bool


@dataclass
class FunctionTable:
    """The functions of a stack by name: those that can run, and those that cannot."""

    specs: dict[str, FunctionSpec] = field(default_factory=dict)
    unavailable: dict[str, Unavailable] = field(default_factory=dict)
    places: dict[str, SourcePosition] = field(default_factory=dict)

    def unavailable_specs(self) -> tuple[FunctionSpec, ...]:
        """Those that cannot run, each with its reason, for who calls them all the same."""
        return tuple(
            FunctionSpec(
                name,
                "",
                "",
                one.resource.text("Runtime") or "",
                unavailable=f"{one.reason}; {one.next_step}" if one.fatal else one.reason,
            )
            for name, one in self.unavailable.items()
        )


def read_functions(stack: TemplateStack, findings: Findings, cache: Path) -> FunctionTable:
    """All functions of the stack. Raises TemplateError for one that is declared wrongly."""
    table = FunctionTable()
    layers = {layer.ref: _layer_folder(layer, cache) for layer in stack.of_type("AWS::Lambda::LayerVersion")}
    providers = _providers(stack)
    parts = read_parts(stack)
    for resource in stack.of_type("AWS::Lambda::Function"):
        name = resource.ref
        if name in table.specs:
            raise resource.wrong("FunctionName", name, "a name that no other function of the template has")
        table.places[name] = resource.place
        unavailable = _unavailable(resource, name, providers)
        if unavailable:
            table.unavailable[name] = unavailable
            continue
        spec = _spec(resource, name, layers, findings, cache)
        asynchronous = parts.asynchronous.get(name, AsynchronousSettings())
        table.specs[name] = replace(
            spec,
            qualifiers=parts.qualifiers.get(name, {}),
            permissions=permissions_of(resource, stack),
            asynchronous=replace(asynchronous, dead_letter=dead_letter(resource)),
        )
    return table


def _providers(stack: TemplateStack) -> set[str]:
    """The ARNs of functions that CloudFormation calls while it deploys; the CDK and serverless bring some along."""
    found = set()
    for resource in stack.every():
        if resource.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
            with contextlib.suppress(TemplateError):  # a token from the account is no function of this template
                found.add(str(resource.get("ServiceToken")))
    return found


def _unavailable(resource: Resource, name: str, providers: set[str]) -> Unavailable | None:
    if resource.arn in providers:
        reason = "it serves custom resources, which do not run here"
        return Unavailable(name, resource, reason, "calls to it fail with this explanation", fatal=False)
    code = resource.get("Code")
    if resource.text("PackageType") == "Image" or (isinstance(code, Mapping) and "ImageUri" in code):
        reason = "it is a container image, and images are not run locally"
        return Unavailable(name, resource, reason, "declare it with PackageType Zip and its code folder", fatal=True)
    runtime = resource.text("Runtime") or ""
    if not runtime.startswith(RUN_LOCALLY):
        reason = f"its runtime {runtime or '(none)'} is not run locally, only python*, nodejs*, provided* and go1.x are"
        return Unavailable(name, resource, reason, "calls to it fail with this explanation", fatal=False)
    if _in_bucket(resource, code):
        reason = "its code is in an S3 bucket"
        step = (
            "serve the template as it is before `package` rewrote it, or name the code's local folder with "
            f"--parameter {_code_key(resource)}=PATH"
        )
        return Unavailable(name, resource, reason, step, fatal=True)
    return None


def _code_key(resource: Resource) -> str:
    """The stand-in for code that is elsewhere: `--parameter code:LOGICALID=PATH`."""
    return f"code:{resource.logical_id}"


def _in_bucket(resource: Resource, code: object) -> bool:
    if _asset(resource, code) or resource.stack.parameters.stand_in(_code_key(resource)):
        return False
    if isinstance(code, Mapping):
        return "S3Key" in code and code.get("S3Bucket") != LOCAL_BUCKET
    return isinstance(code, str) and code.startswith("s3://")


def _asset(resource: Resource, code: object) -> str | None:
    """Where the code lies that `code` (an evaluated Code or Content) has in a bucket; None where nobody noted it."""
    # `cdk synth` writes it into the resource, unless told not to; then only its manifest knows.
    path = (resource.raw.get("Metadata") or {}).get("aws:asset:path")
    if isinstance(path, str):
        return path
    key = code.get("S3Key") if isinstance(code, Mapping) else None
    return resource.stack.assets.path(key) if isinstance(key, str) else None


def _spec(resource: Resource, name: str, layers: Mapping[str, str], findings: Findings, cache: Path) -> FunctionSpec:
    runtime = resource.required("Runtime")
    code = _code_folder(resource, runtime, cache)
    spec = FunctionSpec(
        name=name,
        handler=_source_handler(resource, Path(code)),
        code=code,
        runtime=runtime,
        timeout=resource.number("Timeout", 3.0),
        memory=int(resource.number("MemorySize", 128)),
        environment=_environment(resource, findings),
        layers=_layers(resource, runtime, layers, findings, cache),
    )
    _warn_of_limits(resource, spec, findings)
    problem = code_problem(spec)
    if problem:
        findings.warn(resource.place, f"{resource.logical_id}: {problem}")
    return spec


def _warn_of_limits(resource: Resource, spec: FunctionSpec, findings: Findings) -> None:
    """LM-23, LM-24."""
    for name, value, most, unit in (("Timeout", spec.timeout, 900, "s"), ("MemorySize", spec.memory, 10_240, "MB")):
        least = 128 if name == "MemorySize" else 1
        if not least <= value <= most:
            findings.warn(
                resource.place,
                f"{resource.logical_id}: {name} {value:g} is not {least} to {most} {unit}; AWS refuses to deploy it",
            )


def _source_handler(resource: Resource, code: Path) -> str:
    """The handler by its source: SAM's esbuild puts `src/app.ts` of its EntryPoints at `app.js`, as Handler has it."""
    handler: str = resource.required("Handler")
    match resource.raw.get("Metadata"):
        case {"BuildMethod": "esbuild", "BuildProperties": {"EntryPoints": [str(entry)]}}:
            source, (module, _, name) = PurePosixPath(entry), handler.rpartition(".")
            built = any((code / f"{module}{end}").is_file() for end in (".js", ".mjs", ".cjs"))
            if source.suffix in TYPESCRIPT and source.stem == module and not built:
                return f"{source.with_suffix('')}.{name}"
    return handler


def _code_folder(resource: Resource, runtime: str, cache: Path) -> str:
    given = resource.stack.parameters.stand_in(_code_key(resource))
    if given is not None:
        return local_code(resource, given, cache)
    code = resource.get("Code")
    match code:
        case {"ZipFile": str(text)}:
            return write_inline(cache, text, runtime)
        case {"S3Bucket": bucket, "S3Key": str(path)} if bucket == LOCAL_BUCKET:
            return local_code(resource, path, cache)
    asset = _asset(resource, code)
    if asset:
        return local_code(resource, asset, cache)
    if isinstance(code, str):
        return local_code(resource, code, cache)
    raise resource.wrong("Code", code, "a local path, or ZipFile with inline code")


def local_code(resource: Resource, path: str, cache: Path) -> str:
    """The folder a local path of the template means; a zip is unpacked. The folder need not exist."""
    found = (resource.stack.folder / path).resolve()
    if not found.is_file():
        return str(found)
    try:
        return unpack(cache, found)
    except (OSError, zipfile.BadZipFile) as error:
        raise TemplateError(
            f"the code cannot be unpacked: {error}",
            place=resource.place,
            logical_id=resource.logical_id,
            received=path,
            expected="a folder or a zip file",
            next_step="point it to the folder that holds the handler's file",
        ) from error


def _layer_folder(layer: Resource, cache: Path) -> str:
    content = layer.get("Content")
    asset = _asset(layer, content)
    if asset:
        return local_code(layer, asset, cache)
    match content:
        case {"S3Bucket": bucket, "S3Key": str(path)} if bucket == LOCAL_BUCKET:
            return local_code(layer, path, cache)
        case str(path) if not path.startswith("s3://"):
            return local_code(layer, path, cache)
    return ""


def _layers(
    resource: Resource, runtime: str, known: Mapping[str, str], findings: Findings, cache: Path
) -> tuple[str, ...]:
    folders = []
    for item in resource.items("Layers"):
        folder = known.get(str(item))
        requirement = requirement_of(str(item)) if runtime.startswith("python") else None
        if folder:
            folders.append(folder)
            if not Path(folder).is_dir():
                findings.warn(resource.place, f"{resource.logical_id}: the layer's folder {folder} does not exist")
        elif requirement:
            folders.append(write_requirement(cache, requirement))
            findings.note(
                resource.place,
                f"{resource.logical_id}: the layer {item} is not in the template; "
                f"{requirement} from PyPI takes its place",
            )
        else:
            findings.note(
                resource.place,
                f"{resource.logical_id}: the layer {item} is not in the template, so its content is not here; "
                "install what the handler imports from it into the environment PingBox runs in",
            )
    return tuple(folders)


def _environment(resource: Resource, findings: Findings) -> dict[str, str]:
    raw = resource.get("Environment") or {}
    variables = raw.get("Variables") if isinstance(raw, Mapping) else raw
    if variables is not None and not isinstance(variables, Mapping):
        raise resource.wrong("Environment", type(variables).__name__, "a map with Variables")
    environment = {str(key): _variable(resource, str(key), value) for key, value in (variables or {}).items()}
    for key in sorted(RESERVED & environment.keys()):
        findings.warn(resource.place, f"{resource.logical_id}: {key} is reserved; AWS refuses to deploy this function")
        del environment[key]
    for key in [key for key, value in environment.items() if "{{resolve:" in value]:
        findings.note(
            resource.place,
            f"{resource.logical_id}: {key} is a dynamic reference ({{{{resolve:...}}}}) that only the account can "
            "resolve; the handler sees it as written",
        )
    if sum(len(key.encode()) + len(value.encode()) for key, value in environment.items()) > USER_VARIABLES_LIMIT:
        findings.warn(resource.place, f"{resource.logical_id}: its variables exceed 4 KB; AWS refuses to deploy it")
    return environment


def _variable(resource: Resource, key: str, value: object) -> str:
    if isinstance(value, Mapping | list):
        raise resource.wrong("Environment", f"{key} is a {type(value).__name__}", "text for every variable")
    return text_of(value)


def code_problem(spec: FunctionSpec) -> str | None:
    """Why the handler's file cannot be found, as a sentence with the next step; None when it is there."""
    folder = Path(spec.code)
    if not folder.is_dir():
        return f"its code folder {folder} does not exist; build the app first, or correct the path"
    module = module_path(spec.runtime, spec.handler)
    names = file_names(spec.runtime, spec.handler)
    roots = (folder, *(Path(layer) / sub for layer in spec.layers for sub in (".", "python", "nodejs")))
    if any((root / name).is_file() for root in roots for name in names):
        return None
    source = next((path for end in TYPESCRIPT if (path := folder / f"{module}{end}").is_file()), None)
    if source is not None and spec.runtime.startswith("nodejs"):
        return None if has_tsx(source.resolve().parent) else _needs_tsx(spec)
    return f"its handler {spec.handler} has no file {' or '.join(names)} in {folder}"


def _needs_tsx(spec: FunctionSpec) -> str:
    return (
        f"its handler {spec.handler} is TypeScript, and its packages have no tsx to run it from its sources: "
        "npm install --save-dev tsx; or build it (`sam build`, then serve .aws-sam/build/template.yaml; "
        "`serverless package`, then serve .serverless/cloudformation-template-update-stack.json)"
    )
