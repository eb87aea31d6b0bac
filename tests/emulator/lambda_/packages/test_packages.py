"""What an app's functions need and lack is installed once, in a folder that is theirs only; what cannot be is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import FunctionError, Returned
from pingbox.emulator.services.lambda_.packages.packages import Packages
from pingbox.emulator.services.lambda_.packages.requirements import read_requirements
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec
from support.wheels import wheel

App = Callable[..., Path]
HANDLER = "import greeting\n\ndef handler(event, context):\n    return greeting.WORD\n"
NODE_ONLY = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")

# npm, as far as it is needed: makes a package of every name it is given.
NPM = """\
#!/bin/sh
while [ "$1" != --loglevel=error ]; do [ "$1" = --prefix ] && target=$2; shift; done
shift
for name; do
  mkdir -p "$target/node_modules/$name"
  echo "exports.NAME = '$name'" > "$target/node_modules/$name/index.js"
done
"""


class Desk:
    """Packages with a cache of their own; `told` is what was said before something took long."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.wheels = folder / "wheels"
        self.told: list[str] = []

    def packages(self, environ: dict[str, str] | None = None, **options: Any) -> Packages:
        return Packages(self.cache, os.environ if environ is None else environ, self.told.append, **options)

    def requirements(self, *lines: str) -> str:
        return "\n".join(["--no-index", f"--find-links {self.wheels}", *lines])

    def greeting(self, version: str, word: str) -> None:
        wheel(self.wheels, "greeting", version, f"WORD = '{word}'\n")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def python(code: Path, name: str = "f", **options: Any) -> FunctionSpec:
    return FunctionSpec(name, "app.handler", str(code), timeout=20, **options)


def node(code: Path, handler: str = "app.handler", **options: Any) -> FunctionSpec:
    return FunctionSpec("f", handler, str(code), runtime="nodejs20.x", timeout=20, **options)


class TestRequirements:
    async def test_are_installed_once_and_imported(
        self, desk: Desk, app: App, processes: Callable[..., ProcessFunctions]
    ) -> None:
        desk.greeting("1.0", "hello")
        code = app({"app.py": HANDLER, "requirements.txt": desk.requirements("greeting==1.0  # ours")})
        [spec] = desk.packages().prepared([python(code)])
        assert await processes(spec).invoke("f", {}) == Returned("hello")
        assert desk.packages().prepared([python(code)]) == (spec,)
        [told] = desk.told
        assert told.startswith(f"installing greeting==1.0 of {code / 'requirements.txt'} into {desk.cache}")
        assert sorted(path.name for path in code.iterdir() if path.name != "__pycache__") == [
            "app.py",
            "requirements.txt",
        ]

    async def test_are_the_functions_own_and_no_other_functions(
        self, desk: Desk, app: App, processes: Callable[..., ProcessFunctions]
    ) -> None:
        desk.greeting("1.0", "hello")
        desk.greeting("2.0", "good day")
        files = {"app.py": HANDLER}
        old = app(files | {"requirements.txt": desk.requirements("greeting<2")})
        new = app(files | {"requirements.txt": desk.requirements("greeting")})
        none = app(files)
        functions = processes(*desk.packages().prepared([python(old, "old"), python(new, "new"), python(none, "none")]))
        assert await functions.invoke("old", {}) == Returned("hello")
        assert await functions.invoke("new", {}) == Returned("good day")
        without = await functions.invoke("none", {})
        assert isinstance(without, FunctionError)
        assert "No module named 'greeting'" in without.message

    async def test_of_a_layer_count_too(self, desk: Desk, app: App, processes: Callable[..., ProcessFunctions]) -> None:
        desk.greeting("1.0", "hello")
        layer = app({"requirements.txt": desk.requirements("greeting")})
        [spec] = desk.packages().prepared([python(app({"app.py": HANDLER}), layers=(str(layer),))])
        assert await processes(spec).invoke("f", {}) == Returned("hello")

    def test_that_the_interpreter_meets_cost_nothing(self, desk: Desk, app: App) -> None:
        content = "boto3==1.0\nclick>=8\nnever-heard-of; python_version < '3'\n-r more.txt\n"
        code = app({"app.py": "", "requirements.txt": content, "more.txt": "pyyaml \\\n  --hash=sha256:abc\n"})
        assert desk.packages().prepared([python(code)]) == (python(code),)
        assert desk.told == []
        assert not desk.cache.exists()

    def test_in_another_version_than_the_interpreter_has_are_installed(self, desk: Desk, app: App) -> None:
        wheel(desk.wheels, "click", "1.2", "")
        code = app({"app.py": "", "requirements.txt": desk.requirements("click==1.2")})
        [spec] = desk.packages().prepared([python(code)])
        [folder] = spec.packages
        assert (Path(folder) / "click.py").is_file()

    def test_are_installed_for_a_venv_without_pip(self, desk: Desk, app: App) -> None:
        desk.greeting("1.0", "hello")
        code = app({"app.py": HANDLER, "requirements.txt": desk.requirements("greeting")})
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(code / ".venv")], check=True)
        [spec] = desk.packages().prepared([python(code)])
        assert len(spec.packages) == 1

    def test_that_cannot_be_installed_are_named_with_the_command_and_the_rest_goes_on(
        self, desk: Desk, app: App
    ) -> None:
        code = app({"app.py": "", "requirements.txt": desk.requirements("greeting")})
        packages = desk.packages()
        assert packages.prepared([python(code), python(code, "g")]) == (python(code), python(code, "g"))
        [note] = packages.notes
        assert note.startswith(f"greeting of {code / 'requirements.txt'} could not be installed: ERROR: ")
        assert note.endswith(f"{sys.executable} -m pip install -r {code / 'requirements.txt'}")
        desk.greeting("1.0", "hello")
        assert packages.prepared([python(code)]) != (python(code),)
        assert packages.notes == []

    def test_are_left_alone_when_nothing_is_to_be_installed(self, desk: Desk, app: App) -> None:
        desk.greeting("1.0", "hello")
        code = app({"app.py": "", "requirements.txt": desk.requirements("greeting")})
        packages = desk.packages(install=False)
        assert packages.prepared([python(code)]) == (python(code),)
        assert packages.notes[0].startswith(f"greeting of {code / 'requirements.txt'} is not installed")

    def test_that_an_earlier_run_installed_are_not_used_then_either(self, desk: Desk, app: App) -> None:
        desk.greeting("1.0", "hello")
        code = app({"app.py": "", "requirements.txt": desk.requirements("greeting")})
        assert desk.packages().prepared([python(code)])[0].packages
        assert desk.packages(install=False).prepared([python(code)]) == (python(code),)

    def test_that_include_each_other_in_a_circle_are_read_once(self, app: App) -> None:
        code = app({"requirements.txt": "-r other.txt\na", "other.txt": "-r requirements.txt\nb"})
        assert sorted(set(read_requirements(code / "requirements.txt").names)) == ["a", "b"]


class TestThePackagesOfNode:
    def test_that_are_missing_are_named_with_the_folders_own_command(self, desk: Desk, app: App) -> None:
        wanted = {
            "dependencies": {"uuid": "9", "ws": "8", "@aws-sdk/client-sns": "3"},
            "devDependencies": {"jest": "29"},
        }
        code = app({
            "src/app.js": "", "package.json": json.dumps(wanted), "yarn.lock": "", "node_modules/ws/package.json": "{}",
        })  # fmt: skip
        packages = desk.packages()
        assert packages.prepared([node(code / "src"), node(code / "src")]) == (node(code / "src"), node(code / "src"))
        assert packages.notes == [f"uuid of {code / 'package.json'} not installed; run yarn install in {code}"]

    def test_are_not_missing_that_a_layer_has(self, desk: Desk, app: App) -> None:
        code = app({"app.js": "", "package.json": '{"dependencies": {"uuid": "9"}}'})
        layer = app({"nodejs/node_modules/uuid/package.json": "{}"})
        packages = desk.packages()
        packages.prepared([node(code, layers=(str(layer),))])
        assert packages.notes == []


@NODE_ONLY
class TestTheSdkOfNode:
    """Lambda brings it along; whoever leaves it out of package.json is right to."""

    @pytest.mark.parametrize(
        ("file", "source"),
        [
            ("app.js", "const { NAME } = require('@aws-sdk/client-dynamodb'); exports.handler = async () => NAME;"),
            ("app.mjs", "import { NAME } from '@aws-sdk/client-dynamodb'; export const handler = async () => NAME;"),
        ],
        ids=["CommonJS", "ES module"],
    )
    async def test_is_there_for_a_function_that_imports_it(
        self, desk: Desk, app: App, processes: Callable[..., ProcessFunctions], file: str, source: str
    ) -> None:
        environ = os.environ | {"PATH": f"{self.npm(app)}{os.pathsep}{os.environ['PATH']}"}
        code = app({file: source})
        [spec] = desk.packages(environ).prepared([node(code)])
        assert await processes(spec).invoke("f", {}) == Returned("@aws-sdk/client-dynamodb")
        assert desk.told == [
            f"installing @aws-sdk/client-dynamodb, which Lambda brings along, into {Path(spec.packages[0])}, once"
        ]

    def test_of_the_app_itself_comes_first(self, desk: Desk, app: App) -> None:
        code = app({
            "app.js": "require('@aws-sdk/client-dynamodb')", "node_modules/@aws-sdk/client-dynamodb/index.js": "",
        })  # fmt: skip
        assert desk.packages().prepared([node(code)]) == (node(code),)

    def test_is_not_hidden_by_a_folder_with_nothing_in_it(self, desk: Desk, app: App) -> None:
        """What a half-done install leaves; Node would not find the module there either."""
        code = app({"app.js": "require('aws-sdk')", "node_modules/aws-sdk/lib/core.js": ""})
        packages = desk.packages({"PATH": ""})
        packages.prepared([node(code)])
        assert packages.notes[0].startswith("aws-sdk, which Lambda brings along, could not be installed")

    def test_is_named_with_the_command_where_there_is_no_npm(self, desk: Desk, app: App) -> None:
        code = app({"app.js": "require('aws-sdk/clients/dynamodb')"})
        packages = desk.packages({"PATH": ""})
        assert packages.prepared([node(code)]) == (node(code),)
        assert packages.notes == [
            "aws-sdk, which Lambda brings along, could not be installed: there is no npm on the PATH; when you are "
            f"online, serve again or run npm install aws-sdk in {code}"
        ]

    def npm(self, app: App) -> Path:
        folder = app({"npm": NPM})
        (folder / "npm").chmod(0o755)
        return folder


class TestAnUnbuiltLayerOfNode:
    """`Metadata: BuildMethod: nodejs22.x`: a package.json that nobody has installed yet."""

    PACKAGES = json.dumps({"dependencies": {"shared": "1"}})

    @NODE_ONLY
    @pytest.mark.parametrize("place", ["package.json", "nodejs/package.json"])
    async def test_is_installed_into_the_cache(
        self, desk: Desk, app: App, processes: Callable[..., ProcessFunctions], place: str
    ) -> None:
        npm = app({"npm": NPM})
        (npm / "npm").chmod(0o755)
        environ = os.environ | {"PATH": f"{npm}{os.pathsep}{os.environ['PATH']}"}
        layer = app({place: self.PACKAGES})
        code = app({"app.js": "exports.handler = async () => require('shared@1').NAME;"})
        [spec] = desk.packages(environ).prepared([node(code, layers=(str(layer),))])
        assert await processes(spec).invoke("f", {}) == Returned("shared@1")
        assert [path.name for path in layer.iterdir()] == [place.partition("/")[0]]

    def test_is_named_when_nothing_may_be_installed(self, desk: Desk, app: App) -> None:
        layer = app({"package.json": self.PACKAGES})
        packages = desk.packages(install=False)
        packages.prepared([node(app({"app.js": ""}), layers=(str(layer),))])
        [note] = [note for note in packages.notes if "layer" in note]
        assert note.startswith(f"shared@1 of the layer's {layer / 'package.json'} is not installed")
        assert "sam build" in note

    def test_that_is_built_costs_nothing(self, desk: Desk, app: App) -> None:
        layer = app({"package.json": self.PACKAGES, "nodejs/node_modules/shared/package.json": "{}"})
        spec = node(app({"app.js": ""}), layers=(str(layer),))
        assert desk.packages({"PATH": ""}).prepared([spec]) == (spec,)


@NODE_ONLY
async def test_es_modules_find_the_packages_of_layers(app: App, processes: Callable[..., ProcessFunctions]) -> None:
    """As on Lambda since Node.js 18; Node itself looks in NODE_PATH for require only."""
    layer = app({"nodejs/node_modules/shared/index.js": "exports.WORD = 'layered'"})
    code = app({"app.mjs": "import { WORD } from 'shared'; export const handler = async () => WORD;"})
    assert await processes(node(code, layers=(str(layer),))).invoke("f", {}) == Returned("layered")
    gone = app({"app.mjs": "import { WORD } from 'nowhere'; export const handler = async () => WORD;"})
    outcome = await processes(node(gone, layers=(str(layer),))).invoke("f", {})
    assert isinstance(outcome, FunctionError)
    assert outcome.error_type == "Runtime.ImportModuleError"
    assert "Cannot find package 'nowhere'" in outcome.message
