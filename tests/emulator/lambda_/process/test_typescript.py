"""TypeScript handlers run from their sources, by the app's own tsx."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import FunctionError, Outcome, Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec
from support.node_packages import with_packages

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")

PACKAGE = {"devDependencies": {"tsx": "^4.19.0"}}
GREETING = "export interface Greeting { got: string }\nexport const greet = (got: string): Greeting => ({ got });\n"
HANDLER = """
import { greet, type Greeting } from "./greeting";
export const handler = async (event: string): Promise<Greeting> => greet(event);
"""
MODULE = """
import { greet } from "./greeting.js";
const name: string = await Promise.resolve("ada");
export const handler = async () => greet(name);
"""

App = Callable[..., Path]
Invoke = Callable[..., Any]


@pytest.fixture
def typescript(app: App, tmp_path: Path) -> Callable[..., Path]:
    """Write an app whose packages have tsx."""

    def write(files: dict[str, str], **package: str) -> Path:
        return with_packages(app({**files, "package.json": json.dumps(PACKAGE | package)}), tmp_path / "installed")

    return write


@pytest.fixture
def invoke(processes: Callable[..., ProcessFunctions]) -> Invoke:
    async def invoke(code: Path, event: Any = "ada", handler: str = "app.handler") -> Outcome:
        spec = FunctionSpec("f", handler, str(code), runtime="nodejs20.x", timeout=20)
        return await processes(spec).invoke("f", event)

    return invoke


@pytest.mark.parametrize(
    ("files", "package"),
    [
        ({"app.ts": HANDLER, "greeting.ts": GREETING}, {}),
        ({"app.ts": MODULE, "greeting.ts": GREETING}, {"type": "module"}),
        ({"app.mts": MODULE, "greeting.ts": GREETING}, {}),
        ({"app.cts": "exports.handler = async (event: string) => ({ got: event });"}, {}),
        (
            {"app.ts": "export const handler = (e: string, _: unknown, done: Function) => done(null, { got: e });"},
            {},
        ),
        (
            {
                "app.ts": HANDLER.replace("./greeting", "@lib/greeting"),
                "lib/greeting.ts": GREETING,
                "tsconfig.json": '{"compilerOptions": {"baseUrl": ".", "paths": {"@lib/*": ["lib/*"]}}}',
            },
            {},
        ),
    ],
    ids=["CommonJS", "ES module", "mts", "cts", "callback", "paths of tsconfig.json"],
)
async def test_a_typescript_handler_runs(
    typescript: Callable[..., Path], invoke: Invoke, files: dict[str, str], package: dict[str, str]
) -> None:
    assert await invoke(typescript(files, **package)) == Returned({"got": "ada"})


async def test_a_handler_with_nothing_left_to_do_ends_with_null(
    typescript: Callable[..., Path], invoke: Invoke
) -> None:
    assert await invoke(typescript({"app.ts": "export const handler = (_: unknown): void => {};"})) == Returned(None)


async def test_what_was_built_is_run_before_its_source(typescript: Callable[..., Path], invoke: Invoke) -> None:
    built = 'exports.handler = async () => "built";'
    assert await invoke(typescript({"app.ts": HANDLER, "app.js": built})) == Returned("built")


@pytest.mark.parametrize("ending", ["ts", "mts"])
async def test_a_stack_trace_names_the_line_of_the_source(
    typescript: Callable[..., Path], invoke: Invoke, log: Any, ending: str
) -> None:
    source = """
        interface Gone {
          lines: number;
        }

        export const handler = async (event: Gone) => {
          throw new TypeError("boom");
        };
    """
    outcome = await invoke(typescript({f"app.{ending}": source}))
    assert isinstance(outcome, FunctionError)
    assert (outcome.error_type, outcome.message) == ("TypeError", "boom")
    assert f"app.{ending}:6:" in "\n".join(log.lines)


async def test_a_slip_in_the_syntax_is_a_syntax_error(typescript: Callable[..., Path], invoke: Invoke) -> None:
    outcome = await invoke(typescript({"app.ts": "export const handler = async ( => 1;"}))
    assert isinstance(outcome, FunctionError)
    assert outcome.error_type == "Runtime.UserCodeSyntaxError"
    assert "app.ts:1:" in outcome.message


async def test_without_tsx_the_next_step_is_said(app: App, invoke: Invoke) -> None:
    outcome = await invoke(app({"app.ts": HANDLER}))
    assert isinstance(outcome, FunctionError)
    assert outcome.error_type == "Runtime.ImportModuleError"
    assert "npm install --save-dev tsx" in outcome.message


async def test_a_reload_brings_the_saved_source(
    typescript: Callable[..., Path], processes: Callable[..., ProcessFunctions]
) -> None:
    code = typescript({"app.ts": HANDLER, "greeting.ts": GREETING})
    functions = processes(FunctionSpec("f", "app.handler", str(code), runtime="nodejs20.x", timeout=20))
    assert await functions.invoke("f", "ada") == Returned({"got": "ada"})
    (code / "greeting.ts").write_text(GREETING.replace("({ got })", "({ got: got.toUpperCase() })"))
    functions.reload("f")
    assert await functions.invoke("f", "ada") == Returned({"got": "ADA"})
