"""The requirements.txt of an app: what it asks for, and what of that an interpreter has."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pingbox.emulator.services.lambda_.runtimes.python import provided
from pingbox.model.function import FunctionSpec

FILE = "requirements.txt"

# Lambda brings these, and so does PingBox: whatever version is asked for, an import finds one.
_PROVIDED = frozenset(canonicalize_name(name) for name in (*provided.PACKAGES, "python-dateutil"))
_NESTED = re.compile(r"(?:-r|--requirement)(?:\s+|=)(?P<file>.+)")
_HASHES = re.compile(r"\s--hash[= ].*")
_COMMENT = re.compile(r"(^|\s)#.*")
_SECONDS = 20

# Runs in the app's interpreter; prints JSON.
_PROBE = """
import importlib.metadata as metadata, json, platform, sys, sysconfig
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps({"version": platform.python_version(), "platform": sysconfig.get_platform(), "found": found}))
"""


@dataclass(frozen=True)
class Requirements:
    """A requirements.txt with those it includes.

    `unread` are the lines only pip understands (`-e .`, a path, an index): whether they are met cannot be told.
    """

    file: Path
    wanted: tuple[Requirement, ...]
    unread: tuple[str, ...]
    content: str

    @cached_property
    def names(self) -> list[str]:
        return [requirement.name for requirement in self.wanted]


@dataclass(frozen=True)
class Installed:
    """What an interpreter has: `found` versions by the name they were asked by; `key` tells interpreters apart."""

    version: str
    platform: str
    found: Mapping[str, str]

    @property
    def key(self) -> str:
        return f"{self.version.rpartition('.')[0]} {self.platform}"


def files(spec: FunctionSpec) -> list[Path]:
    """The requirements.txt of a function's code and of its layers, where `sam build` looks for them."""
    folders = (spec.code, *spec.layers)
    return [file for folder in folders if (file := Path(folder).resolve() / FILE).is_file()]


def read_requirements(file: Path) -> Requirements:
    """Raises `OSError`."""
    lines = list(_lines(file, frozenset()))
    wanted, unread = [], []
    for line in lines:
        try:
            wanted.append(Requirement(_HASHES.sub("", line)))
        except InvalidRequirement:
            unread.append(line)
    return Requirements(file, tuple(wanted), tuple(unread), "\n".join(lines))


def _lines(file: Path, above: frozenset[Path]) -> Iterator[str]:
    text = file.read_text(encoding="utf-8-sig", errors="replace").replace("\\\n", " ")
    for raw in text.splitlines():
        line = _COMMENT.sub("", raw).strip()
        nested = _NESTED.fullmatch(line)
        included = (file.parent / nested["file"].strip()).resolve() if nested else None
        if included is not None and included.is_file() and included not in above:
            yield from _lines(included, above | {file.resolve()})
        elif line:
            yield line


def installed(interpreter: Path, names: list[str]) -> Installed:
    """Ask an interpreter. Raises `OSError` or `subprocess.SubprocessError` for one that does not run."""
    result = subprocess.run(  # noqa: S603 -- our own script
        [interpreter, "-I", "-c", _PROBE, *names], capture_output=True, text=True, timeout=_SECONDS, check=True
    )
    return Installed(**json.loads(result.stdout))


def missing(requirements: Requirements, has: Installed) -> list[str]:
    """What `has` lacks, as it is written in the file; empty when nothing needs to be installed."""
    environment = {"python_version": has.version.rpartition(".")[0], "python_full_version": has.version}
    lacking = [str(each) for each in requirements.wanted if not _is_met(each, has.found, environment)]
    return lacking + [line for line in requirements.unread if not line.startswith(("--", "-i ", "-f ", "-c "))]


def in_other_versions(requirements: Requirements, found: Mapping[str, str]) -> list[str]:
    """What is there, in a version that was not asked for."""
    there = [each for each in requirements.wanted if each.name in found]
    return [str(each) for each in there if not _is_met(each, found, {})]


def _is_met(requirement: Requirement, found: Mapping[str, str], environment: Mapping[str, str]) -> bool:
    if canonicalize_name(requirement.name) in _PROVIDED:
        return True
    if requirement.marker is not None and not requirement.marker.evaluate(dict(environment)):
        return True
    version = found.get(requirement.name)
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def folder_name(requirements: Requirements, has: Installed) -> str:
    """The same for the same requirements and the same kind of interpreter."""
    return hashlib.sha256(f"{has.key}\n{requirements.content}".encode()).hexdigest()[:32]
