"""How a function's process is started: its command and exactly the environment that Lambda would give it (LM-1..3)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pingbox.emulator.redirect import children, guard
from pingbox.emulator.redirect.targets import targets_of
from pingbox.emulator.services.lambda_ import platform_log
from pingbox.emulator.services.lambda_.details import LATEST
from pingbox.emulator.services.lambda_.packages.interpreters import interpreter_for, node_for
from pingbox.emulator.services.lambda_.process import opt
from pingbox.model.function import FunctionSpec

_HERE = Path(__file__).parent
PYTHON_RUNTIME = _HERE.parent / "runtimes" / "python"
NODE_RUNTIME = _HERE.parent / "runtimes" / "node"
# Lambda's own value. It need not exist; our runtime's folder in its place would put our modules into apps' imports.
_RUNTIME_DIR = "/var/runtime"

RESERVED = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
})  # fmt: skip
EXEC_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
USER_VARIABLES_LIMIT = 4096  # bytes, LM-3


class CannotRun(Exception):  # noqa: N818 -- a fact about the function
    """A function that cannot run here; the text says which, why, and what to do."""


@dataclass(frozen=True)
class HostEnvironment:
    """What all functions of an emulator share. `endpoint`: the emulator's own address for AWS calls
    (`http://127.0.0.1:3001`), None for none; `environ`: the developer's environment, of which little is passed on.
    `mounts`: whether layers are mounted at `/opt` where this machine allows it.
    """

    region: str
    endpoint: str | None
    environ: Mapping[str, str]
    mounts: bool = True


@dataclass(frozen=True)
class Launch:
    """A process to be: `command` and `environment`, with `cwd` as Lambda's task root."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: str


def check(spec: FunctionSpec) -> None:
    """Raise `CannotRun` for a function that Lambda would refuse, or that has no runtime here."""
    if spec.unavailable is not None:
        raise CannotRun(f"function {spec.name} does not run here: {spec.unavailable}")
    runtime_kind(spec)
    variables = spec.environment or {}
    if taken := sorted(RESERVED & variables.keys()):
        raise CannotRun(
            f"function {spec.name} sets {', '.join(taken)}, which Lambda reserves for itself; use names of your own"
        )
    size = sum(len(key.encode()) + len(str(value).encode()) for key, value in variables.items())
    if size > USER_VARIABLES_LIMIT:
        raise CannotRun(
            f"the environment variables of function {spec.name} take {size} bytes; Lambda allows {USER_VARIABLES_LIMIT}"
        )
    if not Path(spec.code).is_dir():
        raise CannotRun(f"the code of function {spec.name} should be in the folder {spec.code}, which does not exist")


def runtime_kind(spec: FunctionSpec) -> str:
    """`python`, `nodejs` or `provided`."""
    for prefix, kind in (("python", "python"), ("nodejs", "nodejs"), ("provided", "provided"), ("go1.x", "provided")):
        if spec.runtime.startswith(prefix):
            return kind
    raise CannotRun(
        f"function {spec.name} wants the runtime {spec.runtime}; local functions run python3.x, nodejs20.x and the "
        "like, and provided.* and go1.x with an executable bootstrap"
    )


def launch(
    spec: FunctionSpec, host: HostEnvironment, *, runtime_api: str, tmp: str, now: float, version: str = LATEST
) -> Launch:
    """Everything needed to start one environment. `runtime_api` is `host:port`, `tmp` its private folder for temporary
    files, `now` names its log stream.
    """
    code = str(Path(spec.code).resolve())
    environment = variables(spec, host, tmp=tmp, now=now, version=version) | {"AWS_LAMBDA_RUNTIME_API": runtime_api}
    mounts = bool(spec.layers) and host.mounts and opt.can_mount()
    kind = runtime_kind(spec)
    match kind:
        case "python":
            command = _python(spec, host, code, mounts)
        case "nodejs":
            command = _node(spec, host, environment, mounts)
        case _:
            command = (_bootstrap_file(spec, code),)
    if kind != "provided":
        command = _wrapped(spec, command, mounts)
    return Launch(opt.mounted(command, spec.layers, tmp) if mounts else command, environment, code)


def _wrapped(spec: FunctionSpec, command: tuple[str, ...], mounts: bool) -> tuple[str, ...]:
    """LM-42: `AWS_LAMBDA_EXEC_WRAPPER` gets the command; if there is no such program, the shell ends with 127."""
    wrapper = (spec.environment or {}).get(EXEC_WRAPPER)
    if not wrapper:
        return command
    return ("sh", "-c", 'exec "$0" "$@"', wrapper if mounts else opt.redirected(wrapper, spec.layers), *command)


def _python(spec: FunctionSpec, host: HostEnvironment, code: str, mounts: bool) -> tuple[str, ...]:
    options = {
        "code": code,
        # On Lambda they lie beside the code, so before the layers.
        "layers": [*spec.packages, *layer_folders(spec)],
        "opt": [] if mounts else opt.folders(spec.layers),
        "provided": _boto3_folder(),
        "targets": None if host.endpoint is None else targets_of(host.endpoint).as_json(),
        "guard": str(Path(guard.__file__).parent),
    }
    python = str(interpreter_for(Path(code), host.environ, spec.runtime).executable)
    # -u: a crash loses no line.
    return (python, "-u", "-X", "utf8", str(PYTHON_RUNTIME / "bootstrap.py"), json.dumps(options))


def _node(spec: FunctionSpec, host: HostEnvironment, environment: dict[str, str], mounts: bool) -> tuple[str, ...]:
    node = node_for(spec.runtime, host.environ)
    if node is None:
        raise CannotRun(
            f"function {spec.name} needs Node.js, and there is no node on the PATH; install Node.js 18 or later"
        )
    first = ["guard.cjs"]
    if spec.layers and not mounts:
        first.append("opt_paths.cjs")
        environment["PINGBOX_LAYERS"] = json.dumps(opt.folders(spec.layers))
    layers = [folder for layer in spec.layers for folder in (f"{layer}/nodejs/node_modules", f"{layer}/node_modules")]
    # On Lambda they belong to the runtime, so after the layers.
    layers += [f"{folder}/node_modules" for folder in spec.packages]
    if host.endpoint is not None:
        environment[children.CONFIG] = json.dumps(targets_of(host.endpoint).as_json())  # the guard takes it out
    environment["NODE_PATH"] = os.pathsep.join(layers)
    if spec.packages:  # the SDK is ours then, so its warning of an old Node.js does not help the user
        environment["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true"
    required = [part for name in first for part in ("--require", str(NODE_RUNTIME / name))]
    return (str(node.executable), *required, str(NODE_RUNTIME / "bootstrap.cjs"))


def _bootstrap_file(spec: FunctionSpec, code: str) -> str:
    """`bootstrap`, or the binary that the handler names, as go1.x has it."""
    names = [name for name in ("bootstrap", spec.handler) if name]
    for name in names:
        if (path := Path(code) / name).is_file() and os.access(path, os.X_OK):
            return str(path)
    raise CannotRun(
        f"function {spec.name} has the runtime {spec.runtime}, so {' or '.join(names)} in {code} must be an executable "
        "file; build it for this machine"
    )


def layer_folders(spec: FunctionSpec) -> list[str]:
    """Where Python modules of the layers are found, as below `/opt` on Lambda."""
    version = spec.runtime.removeprefix("python")
    inside = (f"python/lib/python{version}/site-packages", "python", "")
    folders = [Path(layer) / name for layer in spec.layers for name in inside]
    return [str(folder.resolve()) for folder in folders if folder.is_dir()]


def _boto3_folder() -> str | None:
    """The site-packages with PingBox's own boto3."""
    import importlib.util

    found = importlib.util.find_spec("boto3")
    return None if found is None or found.origin is None else str(Path(found.origin).parent.parent)


def variables(
    spec: FunctionSpec, host: HostEnvironment, *, tmp: str, now: float, version: str = LATEST
) -> dict[str, str]:
    """What a function finds in `os.environ` (LM-1..3): Lambda's variables and its own. Of the developer's, little."""
    code = str(Path(spec.code).resolve())
    mine = host.environ
    unreserved = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.pathsep.join([mine.get("PATH", os.defpath), *opt.subfolders(spec.layers, "bin")]),
        "PWD": code,
        "SHLVL": "0",
        "LD_LIBRARY_PATH": _library_path(spec, code, mine),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "TMPDIR": tmp,
    }
    if runtime_kind(spec) == "python":
        unreserved["PYTHONPATH"] = _RUNTIME_DIR
    users = {key: str(value) for key, value in (spec.environment or {}).items()}
    reserved = {
        "_HANDLER": spec.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": platform_log.log_group(spec.name),
        "AWS_LAMBDA_LOG_STREAM_NAME": platform_log.log_stream(now, version),
        "LAMBDA_TASK_ROOT": code,
        "LAMBDA_RUNTIME_DIR": _RUNTIME_DIR,
    }
    return unreserved | users | _aws(host) | reserved


def _library_path(spec: FunctionSpec, code: str, environ: Mapping[str, str]) -> str:
    """LM-48: where the function and its layers have shared libraries, before the developer's own."""
    mine = environ.get("LD_LIBRARY_PATH")
    return os.pathsep.join([code, f"{code}/lib", *opt.subfolders(spec.layers, "lib"), *([mine] if mine else [])])


def _aws(host: HostEnvironment) -> dict[str, str]:
    if host.endpoint is not None:
        return guard.environment(host.endpoint, host.region)
    return {"AWS_REGION": host.region, "AWS_DEFAULT_REGION": host.region}
