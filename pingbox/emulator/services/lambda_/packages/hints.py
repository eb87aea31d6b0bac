"""What to do about a module that is missing here, though it may be there on AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from pingbox.emulator.services.lambda_.packages.interpreters import Interpreter, interpreter_for, mismatch
from pingbox.model.function import FunctionSpec

_PYTHON_MISSING = re.compile(r"No module named '([\w.]+)'")
_NODE_MISSING = re.compile(r"Cannot find (?:module|package) '([^'./][^']*)'")
# Where the name to install is not the name to import; dashes and underscores are one to pip.
_DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "psycopg2": "psycopg2-binary",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)", re.MULTILINE)


def hint(spec: FunctionSpec, error: Any, environ: Mapping[str, str]) -> str | None:
    """Lines for the log of a function that could not be imported; None if there is nothing to say.

    `error` is the document its runtime posted, `environ` the developer's environment.
    """
    if not isinstance(error, Mapping):
        return None
    other = mismatch(spec, environ)
    found = _missing(spec, error, environ)
    return found if other is None else f"pingbox: {spec.name} {other}" + (f"\n{found}" if found else "")


def _missing(spec: FunctionSpec, error: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    if error.get("errorType") != "Runtime.ImportModuleError":
        return None
    message = str(error.get("errorMessage"))
    code = Path(spec.code).resolve()
    if (missing := _PYTHON_MISSING.search(message)) and not message.startswith(
        f"Unable to import module '{missing[1]}'"
    ):
        return _python_hint(missing[1].partition(".")[0], code, interpreter_for(code, environ, spec.runtime))
    if (missing := _NODE_MISSING.search(message)) and spec.runtime.startswith("nodejs"):
        return _node_hint(missing[1], code)
    return None


def _python_hint(module: str, code: Path, interpreter: Interpreter) -> str:
    package = _DISTRIBUTIONS.get(module, module.replace("_", "-"))
    where = f"{interpreter.executable} ({interpreter.found})"
    requirements = interpreter.requirements
    if requirements is not None and _lists(requirements.read_text(errors="replace"), package):
        return (
            f"pingbox: {module} is listed in {requirements} but not installed for {where}; "
            f"run: {interpreter.executable} -m pip install -r {requirements}"
        )
    return (
        f"pingbox: there is no {module} for {where}; write {package} into {code / 'requirements.txt'}, where PingBox "
        f"and `sam build` find it, or run: {interpreter.executable} -m pip install {package}"
    )


def _lists(requirements: str, package: str) -> bool:
    return canonicalize_name(package) in map(canonicalize_name, _REQUIREMENT.findall(requirements))


def _node_hint(module: str, code: Path) -> str | None:
    folder = next((folder for folder in (code, *code.parents) if (folder / "package.json").is_file()), None)
    if folder is None:
        return f"pingbox: there is no {module} in {code / 'node_modules'} or above it; run npm install {module} there"
    return f"pingbox: there is no {module} here; run npm install in {folder}"
