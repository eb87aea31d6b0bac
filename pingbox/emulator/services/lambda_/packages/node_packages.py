"""What a Node function imports from outside: the SDK that Lambda brings along, and what its package.json asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pingbox.model.function import FunctionSpec

_SDK = re.compile(r"""["'](@(?:aws-sdk|smithy)/[a-z0-9-]+|aws-sdk)(?:/[^"']*)?["']""")
TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx")
_SOURCES = (".js", ".mjs", ".cjs", *TYPESCRIPT)
_LOCKS = (("yarn.lock", "yarn install"), ("pnpm-lock.yaml", "pnpm install"), ("bun.lockb", "bun install"))
_BIGGEST = 1_000_000  # bytes; a bundle that is larger has its SDK inside


def is_provided(package: str) -> bool:
    """Whether Lambda has it for every Node function, so that apps leave it out of their packages."""
    return package == "aws-sdk" or package.startswith(("@aws-sdk/", "@smithy/"))


def is_source(file: Path) -> bool:
    """Whether it may import something."""
    return file.suffix in _SOURCES


def sdk_imports(code: Path) -> set[str]:
    """The packages of the AWS SDK that the sources of a code folder name."""
    return {name for source in _sources(code) for name in _SDK.findall(source.read_text(errors="replace"))}


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name != "node_modules" and not path.name.startswith("."):
                yield from _sources(path)
        elif is_source(path) and path.stat().st_size < _BIGGEST:
            yield path


def lacking(packages: set[str], code: Path, layers: Sequence[str]) -> list[str]:
    """Those that Node would not find from the code folder: there, in folders above it, in layers."""
    folders = [folder / "node_modules" for folder in (code, *code.parents)]
    folders += [Path(layer) / inside for layer in layers for inside in ("nodejs/node_modules", "node_modules")]
    return sorted(name for name in packages if not any(_holds(folder, name) for folder in folders))


def _holds(folder: Path, name: str) -> bool:
    """A folder with neither is what a half-done install left: Node does not find it, and goes on looking."""
    return any((folder / name / file).is_file() for file in ("package.json", "index.js"))


def has_tsx(code: Path) -> bool:
    """Whether TypeScript in the code folder runs from its sources: by the app's own tsx."""
    return not lacking({"tsx"}, code, ())


def package_file(code: Path) -> Path | None:
    """The package.json that a code folder belongs to."""
    return next((path for folder in (code, *code.parents) if (path := folder / "package.json").is_file()), None)


def missing_dependencies(spec: FunctionSpec) -> tuple[Path, list[str]] | None:
    """The folder to install in, and what is missing there of its package.json; None if nothing is.

    Left out is what Lambda has anyway.
    """
    code = Path(spec.code).resolve()
    file = package_file(code)
    wanted = set() if file is None else {name for name in _dependencies(file) if not is_provided(name)}
    missing = lacking(wanted, code, spec.layers)
    return (file.parent, missing) if file is not None and missing else None


def unbuilt_layer(layer: Path) -> tuple[Path, list[str]] | None:
    """The package.json of a layer that `sam build` would install, and what of it is missing, as npm takes it."""
    for folder in (layer, layer / "nodejs"):
        if (file := folder / "package.json").is_file():
            places = (layer / "nodejs" / "node_modules", layer / "node_modules")
            wanted = _dependencies(file).items()
            missing = [f"{name}@{version}" for name, version in wanted if not any(_holds(at, name) for at in places)]
            return (file, sorted(missing)) if missing else None
    return None


def _dependencies(file: Path) -> dict[str, str]:
    try:
        dependencies = json.loads(file.read_text(encoding="utf-8")).get("dependencies")
    except (ValueError, AttributeError):
        return {}
    return dependencies if isinstance(dependencies, dict) else {}


def install_command(folder: Path) -> str:
    """As the folder's lock file has it."""
    return next((command for lock, command in _LOCKS if (folder / lock).is_file()), "npm install")
