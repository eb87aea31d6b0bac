"""The packages an app's functions need, found or installed: what `sam build` would put beside their code.

What is installed goes to the user's cache, named by what was asked for and for which interpreter, and is on the path of
those functions only. The app's folder and its virtual environment are never written to.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pingbox.emulator.services.lambda_.packages import node_packages, requirements
from pingbox.emulator.services.lambda_.packages.cache_folders import filled_once
from pingbox.emulator.services.lambda_.packages.installation import CannotInstall, npm_install, pip_install
from pingbox.emulator.services.lambda_.packages.interpreters import interpreter_for, mismatch
from pingbox.model.function import FunctionSpec

Tell = Callable[[str], None]


def asks_for_packages(file: Path) -> bool:
    """Whether what a function needs may be another after a change of this file."""
    return file.name == requirements.FILE or node_packages.is_source(file)


def other_versions(specs: Iterable[FunctionSpec], environ: Mapping[str, str], interpreter: Path | None) -> list[str]:
    """Which functions run on another version than their runtime declares, and what to install: a text for each runtime.

    `interpreter` runs every Python function; None: each the one its code belongs to.
    """
    names: dict[str, list[str]] = {}
    for spec in specs:
        if (sentence := mismatch(spec, environ, interpreter)) is not None:
            names.setdefault(sentence, []).append(spec.name)
    return [
        f"{', '.join(functions)} {sentence if len(functions) == 1 else 'each: ' + sentence}"
        for sentence, functions in names.items()
    ]


@dataclass
class Packages:
    """Prepares functions. `tell` is told before something takes long; `notes` is what did not work the last time.

    `environ` is the developer's environment; `install` false looks for what is there and installs nothing.
    `interpreter` runs every Python function; None: each the one its code belongs to.
    """

    cache: Path
    environ: Mapping[str, str]
    tell: Tell
    install: bool = True
    interpreter: Path | None = None
    notes: list[str] = field(default_factory=list)
    _failed: set[Path] = field(default_factory=set)

    def prepared(self, specs: Iterable[FunctionSpec]) -> tuple[FunctionSpec, ...]:
        """The functions, with the `packages` their folders ask for. Blocks while something is installed."""
        self.notes.clear()
        self._failed.clear()
        prepared = tuple(self._prepared(spec) for spec in specs)
        for text in other_versions(prepared, self.environ, self.interpreter):
            self._note(text)
        return prepared

    def _prepared(self, spec: FunctionSpec) -> FunctionSpec:
        if not Path(spec.code).is_dir():
            return spec
        if spec.runtime.startswith("python"):
            return self._python(spec)
        return self._node(spec) if spec.runtime.startswith("nodejs") else spec

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    # --- Python ---------------------------------------------------------------------------------------------------

    def _python(self, spec: FunctionSpec) -> FunctionSpec:
        files = requirements.files(spec)
        found = [folder for file in files if (folder := self._required(spec, file)) is not None]
        return replace(spec, packages=tuple(found))

    def _required(self, spec: FunctionSpec, file: Path) -> str | None:
        code = Path(spec.code).resolve()
        interpreter = self.interpreter or interpreter_for(code, self.environ, spec.runtime).executable
        try:
            wanted = requirements.read_requirements(file)
            has = requirements.installed(interpreter, wanted.names)
        except (OSError, subprocess.SubprocessError) as error:
            self._note(f"{file} cannot be looked at: {error}")
            return None
        missing = requirements.missing(wanted, has)
        if not missing:
            return None
        return self._kept(
            self.cache / "pip" / requirements.folder_name(wanted, has),
            lambda target: pip_install(interpreter, file, target),
            what=f"{', '.join(missing)} of {file}",
            otherwise=f"{interpreter} -m pip install -r {file}",
        )

    # --- Node -----------------------------------------------------------------------------------------------------

    def _node(self, spec: FunctionSpec) -> FunctionSpec:
        lacks = node_packages.missing_dependencies(spec)
        if lacks is not None:
            folder, names = lacks
            step = node_packages.install_command(folder)
            self._note(f"{', '.join(names)} of {folder / 'package.json'} not installed; run {step} in {folder}")
        code = Path(spec.code).resolve()
        sdk = node_packages.lacking(node_packages.sdk_imports(code), code, spec.layers)
        found = [self._layer(Path(layer)) for layer in spec.layers]
        found.append(self._sdk(sdk, code) if sdk else None)
        packages = tuple(folder for folder in found if folder is not None)
        return replace(spec, packages=packages) if packages else spec

    def _layer(self, layer: Path) -> str | None:
        """What `sam build` would install into an unbuilt layer."""
        unbuilt = node_packages.unbuilt_layer(layer.resolve())
        if unbuilt is None:
            return None
        file, names = unbuilt
        return self._kept(
            self.cache / "npm" / hashlib.sha256(" ".join(names).encode()).hexdigest()[:32],
            lambda target: npm_install(names, target, self.environ.get("PATH")),
            what=f"{', '.join(names)} of the layer's {file}",
            otherwise="sam build, and serve .aws-sam/build/template.yaml",
        )

    def _sdk(self, names: list[str], code: Path) -> str | None:
        return self._kept(
            self.cache / "npm" / hashlib.sha256(" ".join(names).encode()).hexdigest()[:32],
            lambda target: npm_install(names, target, self.environ.get("PATH")),
            what=f"{', '.join(names)}, which Lambda brings along,",
            otherwise=f"npm install {' '.join(names)} in {code}",
        )

    # --- both -----------------------------------------------------------------------------------------------------

    def _kept(self, folder: Path, fill: Callable[[Path], None], *, what: str, otherwise: str) -> str | None:
        if not self.install:  # what an earlier run has installed would hide what is missing
            self._note(f"{what} is not installed; serve without --no-install, or run {otherwise}")
            return None
        if folder in self._failed:
            return None
        if not folder.is_dir():
            self.tell(f"installing {what} into {folder}, once")
        try:
            return str(filled_once(folder, fill))
        except (CannotInstall, OSError) as error:
            self._failed.add(folder)
            self._note(f"{what} could not be installed: {error}; when you are online, serve again or run {otherwise}")
            return None
