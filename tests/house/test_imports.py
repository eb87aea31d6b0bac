"""`pingbox --help` imports nothing heavy, and the deployed functions import only what their zip and Lambda hold."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from support.repository import tracked

HEAVY = {"boto3", "botocore", "moto", "aiohttp", "websockets", "rich", "samtranslator", "yaml", "jsonschema"}


def loaded_after(code: str) -> set[str]:
    """The top-level modules of a fresh interpreter after it ran `code`."""
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("LOADED")]
    return {name.split(".")[0] for name in line.split()[1:]}


@pytest.mark.parametrize(
    "code",
    [
        "import pingbox",
        "from pingbox.cli import main; main(['--help'])",
        "from pingbox.cli import main; main(['--version'])",
    ],
)
def test_the_way_to_the_help_imports_nothing_heavy(code):
    assert loaded_after(code) & HEAVY == set()


def test_the_chat_starts_without_what_only_other_apps_need():
    """No function of it runs in a process of its own, none has packages to install, and no service is moto's."""
    loaded = loaded_after("import pingbox.local.chat_server, pingbox.local.server")
    assert loaded & {"packaging", "cryptography", "moto", "samtranslator", "jsonschema", "airspeed"} == set()


def imported(tree: ast.AST) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found


def in_the_zip(module: str) -> bool:
    """Whether a deployed function has the module: its own code, the SDK of Lambda's runtime, the standard library."""
    top = module.split(".")[0]
    return module.startswith(("pingbox.handlers", "pingbox_core")) or top in (
        "boto3",
        "botocore",
        *sys.stdlib_module_names,
    )


@pytest.mark.parametrize("path", tracked("pingbox/handlers/*.py", "pingbox_core/*.py"), ids=lambda path: path.stem)
def test_the_deployed_functions_import_what_the_zip_holds(path):
    assert [module for module in imported(ast.parse(path.read_text())) if not in_the_zip(module)] == []
