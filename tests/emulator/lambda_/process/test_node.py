"""Node handlers, on the same Runtime API: every way of writing one, errors and logs as on Lambda, and no way to AWS."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from pingbox.emulator.services.lambda_.outcome import FunctionError, Outcome, Returned
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.function import FunctionSpec
from support.processes import is_running
from support.sockets.recording_http import RecordingHttp, recording_http
from support.waiting import until_sync

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")

CLOUD = "abc123.execute-api.eu-west-1.amazonaws.com"

App = Callable[..., Path]
Invoke = Callable[..., Any]


@pytest.fixture
def invoke(processes: Callable[..., ProcessFunctions], app: App) -> Invoke:
    """Write the files, invoke `handler` once."""

    async def invoke(
        files: dict[str, str], event: Any = None, handler: str = "app.handler", seconds: float = 20, **options: Any
    ) -> Outcome:
        spec = FunctionSpec("f", handler, str(app(files)), runtime="nodejs20.x", timeout=seconds)
        return await processes(spec, **options).invoke("f", event)

    return invoke


@pytest.mark.fact("LM-30", "LM-31")
@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"app.js": "exports.handler = async (event) => ({ got: event });"}, "app.handler"),
        ({"app.js": "exports.handler = (event, context, callback) => callback(null, { got: event });"}, "app.handler"),
        ({"app.js": "exports.handler = (event) => Promise.resolve({ got: event });"}, "app.handler"),
        ({"app.js": "exports.handler = (event, context) => context.succeed({ got: event });"}, "app.handler"),
        ({"app.js": "exports.handler = (event, context) => context.done(null, { got: event });"}, "app.handler"),
        ({"app.cjs": "module.exports.handler = async (event) => ({ got: event });"}, "app.handler"),
        ({"app.mjs": "export const handler = async (event) => ({ got: event });"}, "app.handler"),
        (
            {
                "app.js": "export const handler = async (event) => ({ got: event });",
                "package.json": '{"type": "module"}',
            },
            "app.handler",
        ),
        (
            {"app.mjs": "const got = await Promise.resolve('ada');\nexport const handler = async () => ({ got });"},
            "app.handler",
        ),
        ({"src/api/app.js": "exports.handler = async (event) => ({ got: event });"}, "src/api/app.handler"),
        ({"app.js": "exports.nested = { handler: async (event) => ({ got: event }) };"}, "app.nested.handler"),
        (
            {
                "app.js": "const { wrap } = require('lib');\nexports.handler = async (event) => wrap(event);",
                "node_modules/lib/index.js": "exports.wrap = (event) => ({ got: event });",
            },
            "app.handler",
        ),
    ],
)
async def test_handlers_of_every_kind_run(invoke: Invoke, files: dict[str, str], handler: str) -> None:
    assert await invoke(files, "ada", handler) == Returned({"got": "ada"})


async def test_a_callback_waits_for_what_still_runs_unless_told_not_to(invoke: Invoke, log: Any) -> None:
    source = """
        exports.handler = (event, context, callback) => {
          context.callbackWaitsForEmptyEventLoop = event.waits;
          setTimeout(() => console.log("later"), 50);
          callback(null, "answer");
        };
    """
    assert await invoke({"app.js": source}, {"waits": True}) == Returned("answer")
    assert log.own()[0].endswith("\tINFO\tlater")
    log.activities.clear()
    assert await invoke({"app.js": source}, {"waits": False}) == Returned("answer")
    assert log.own() == []


async def test_a_handler_that_never_answers_but_has_nothing_left_to_do_ends_with_null(invoke: Invoke) -> None:
    assert await invoke({"app.js": "exports.handler = () => {};"}) == Returned(None)


@pytest.mark.fact("LM-26")
async def test_an_environment_is_reused_and_its_module_survives(
    processes: Callable[..., ProcessFunctions], app: App
) -> None:
    code = app(app_js="let n = 0;\nexports.handler = async () => [process.pid, ++n];")
    functions = processes(FunctionSpec("f", "app.handler", str(code), runtime="nodejs20.x"))
    outcomes = [await functions.invoke("f", {}) for _ in range(4)]
    values = [outcome.value for outcome in outcomes if isinstance(outcome, Returned)]
    assert [count for _, count in values] == [1, 2, 3, 4]
    assert len({pid for pid, _ in values}) == 1


@pytest.mark.fact("LM-20", "LM-32", "LM-33")
@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("exports.handler = async () => { throw new TypeError('boom'); };", "app.handler", "TypeError", "boom"),
        ("exports.handler = () => { throw new Error('sync'); };", "app.handler", "Error", "sync"),
        ("exports.handler = (e, c, callback) => callback(new RangeError('cb'));", "app.handler", "RangeError", "cb"),
        ("exports.handler = (e, context) => context.fail(new Error('failed'));", "app.handler", "Error", "failed"),
        ("exports.handler = async () => { throw 'text'; };", "app.handler", "string", "text"),
        ("exports.handler = async () => 10n;", "app.handler", "Error", "Unable to stringify response body"),
        (
            "exports.handler = () => { Promise.reject(new Error('nobody')); };",
            "app.handler",
            "Runtime.UnhandledPromiseRejection",
            "Error: nobody",
        ),
        (
            "exports.handler = () => { setTimeout(() => { throw new Error('late'); }); };",
            "app.handler",
            "Error",
            "late",
        ),
        ("", "app.handler", "Runtime.HandlerNotFound", "app.handler is undefined or not exported"),
        ("exports.handler = 7;", "app.handler", "Runtime.HandlerNotFound", "app.handler is not a function"),
        ("", "nodot", "Runtime.MalformedHandlerName", "Bad handler"),
        ("", "gone.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'gone'"),
        (
            "require('nothing-called-so');",
            "app.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'noth",
        ),
        (
            "exports.handler = async () => {",
            "app.handler",
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: Unexpected end",
        ),
        ("throw new Error('while loading');", "app.handler", "Error", "while loading"),
    ],
)
async def test_errors_are_worded_as_on_lambda(
    invoke: Invoke, source: str, handler: str, error_type: str, message: str
) -> None:
    outcome = await invoke({"app.js": source}, {}, handler)
    assert isinstance(outcome, FunctionError)
    assert outcome.error_type == error_type
    assert outcome.message.startswith(message)
    payload = outcome.payload()
    assert set(payload) == {"errorType", "errorMessage", "trace"}


@pytest.mark.fact("LM-23")
async def test_a_timeout_kills_even_a_handler_that_never_yields(invoke: Invoke) -> None:
    outcome = await invoke({"app.js": "exports.handler = () => { for (;;); };"}, {}, seconds=0.4)
    assert isinstance(outcome, FunctionError)
    assert outcome.message.endswith("Task timed out after 0.40 seconds")


@pytest.mark.fact("LM-10", "LM-1")
async def test_context_and_environment_are_lambdas(invoke: Invoke) -> None:
    source = """
        exports.handler = async (event, context) => ({
          name: context.functionName, version: context.functionVersion, memory: context.memoryLimitInMB,
          arn: context.invokedFunctionArn, id: context.awsRequestId.length, group: context.logGroupName,
          remaining: context.getRemainingTimeInMillis() > 15000, env: process.env, cwd: process.cwd(),
        });
    """
    outcome = await invoke({"app.js": source}, environ={"PATH": os.environ["PATH"], "SECRET": "x"})
    assert isinstance(outcome, Returned)
    environment = outcome.value.pop("env")
    assert outcome.value.pop("cwd") == environment["LAMBDA_TASK_ROOT"]
    assert outcome.value == {
        "name": "f",
        "version": "$LATEST",
        "memory": "128",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "id": 36,
        "group": "/aws/lambda/f",
        "remaining": True,
    }
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs20.x"
    assert environment["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert not {"SECRET", "PINGBOX_OPTIONS"} & environment.keys()


@pytest.mark.fact("LM-27")
async def test_console_lines_have_time_request_id_and_level(invoke: Invoke, log: Any) -> None:
    source = """
        exports.handler = async () => {
          console.log("hello %s", "ada", { a: 1 });
          console.info("info"); console.warn("warn"); console.error("error"); console.debug("debug");
          process.stdout.write("as it is\\n");
        };
    """
    await invoke({"app.js": source})
    request_id = log.activities[0].request_id
    *console, raw = log.own()
    stamped = [re.fullmatch(rf"[\d-]{{10}}T[\d:.]{{12}}Z\t{request_id}\t(.*)", line) for line in console]
    assert [match and match[1] for match in stamped] == [
        "INFO\thello ada { a: 1 }",
        "INFO\tinfo",
        "WARN\twarn",
        "ERROR\terror",
        "DEBUG\tdebug",
    ]
    assert raw == "as it is"


async def test_six_megabytes_go_in_and_out(invoke: Invoke) -> None:
    big = "ü" * 2_900_000
    assert await invoke({"app.js": "exports.handler = async (event) => event;"}, big) == Returned(big)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_the_emulator(app: App, how: signal.Signals) -> None:
    """Not even one that never yields, in two threads, after `kill -9`; nor a child that left the worker's session."""
    code = app(
        app_js="""
        const { spawn } = require("child_process");
        const { Worker } = require("worker_threads");
        exports.handler = async () => {
          const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
          const thread = new Worker("for (;;);", { eval: true });
          await new Promise((resolve) => thread.on("online", resolve));
          process.stdout.write(`${process.pid} ${child.pid}\\n`);
          for (;;);
        };
        """
    )
    program = f"""
import asyncio
from pingbox.model.function import FunctionSpec
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
spec = FunctionSpec("f", "app.handler", {str(code)!r}, runtime="nodejs20.x", timeout=60)
async def main():
    functions = ProcessFunctions([spec], observe=lambda happening: print(happening.line, flush=True))
    try:
        await functions.invoke("f", {{}})
    finally:
        await functions.close()
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as emulator:
        assert emulator.stdout is not None
        emulator.stdout.readline()
        worker, child = map(int, emulator.stdout.readline().split())
        assert is_running(worker)
        assert is_running(child)
        emulator.send_signal(how)
        emulator.stdout.read()
    until_sync(lambda: not is_running(worker), "the worker's end")
    until_sync(lambda: not is_running(child), "the end of the worker's child")


@pytest.fixture
async def emulator() -> AsyncIterator[RecordingHttp]:
    async with recording_http() as recording:
        yield recording


WAYS = {
    "https.request with options": (
        """
        const https = require("https");
        exports.handler = (event) => new Promise((resolve, reject) => {
          const agent = new https.Agent();
          const options = { host: event.host, path: "/dev/@connections/a%3D", method: "POST", agent };
          const request = https.request(options, (response) => { response.resume(); response.on("end", resolve); });
          request.on("error", reject).end("hi");
        });
        """,
        "app.js",
    ),
    "https.request with a URL": (
        """
        import { request } from "node:https";
        export const handler = (event) => new Promise((resolve, reject) => {
          const url = new URL(`https://${event.host}/dev/@connections/a%3D`);
          request(url, { method: "POST" }, (response) => { response.resume(); response.on("end", resolve); })
            .on("error", reject).end("hi");
        });
        """,
        "app.mjs",
    ),
    "fetch": (
        """
        export const handler = async (event) => {
          const options = { method: "POST", body: "hi" };
          const answer = await fetch(`https://${event.host}/dev/@connections/a%3D`, options);
          await answer.text();
        };
        """,
        "app.mjs",
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cloud", [True, False], ids=["at its AWS host", "at its own address"])
async def test_https_calls_to_the_api_arrive(invoke: Invoke, emulator: RecordingHttp, way: str, cloud: bool) -> None:
    source, name = WAYS[way]
    host = CLOUD if cloud else emulator.netloc
    outcome = await invoke({name: source}, {"host": host}, endpoint=emulator.url)
    assert isinstance(outcome, Returned), outcome
    [asked] = emulator.asked
    assert (asked.method, asked.host, asked.path, asked.body) == ("POST", host, "/dev/@connections/a%3D", b"hi")


@pytest.mark.parametrize(
    "call",
    [
        'new Promise((_, reject) => require("https").get("https://sqs.eu-west-1.amazonaws.com/").on("error", reject))',
        'fetch("https://s3.amazonaws.com/bucket").catch((error) => { throw error.cause; })',
        'require("dns").promises.lookup("sts.amazonaws.com")',
    ],
)
async def test_other_hosts_of_aws_are_refused_by_name(invoke: Invoke, emulator: RecordingHttp, call: str) -> None:
    outcome = await invoke({"app.js": f"exports.handler = () => {call};"}, endpoint=emulator.url)
    assert isinstance(outcome, FunctionError)
    assert re.match(r"PingBox refused a call to AWS at \S*amazonaws\.com: ", outcome.message)
    assert emulator.asked == []


@pytest.fixture(scope="session")
def sdks() -> Path:
    """A folder with both AWS SDKs for JavaScript, kept between runs because npm takes its time."""
    folder = Path(tempfile.gettempdir()) / "pingbox-tests-aws-sdks"
    packages = ["@aws-sdk/client-apigatewaymanagementapi", "@aws-sdk/client-dynamodb", "aws-sdk"]
    if not all((folder / "node_modules" / package / "package.json").is_file() for package in packages):
        folder.mkdir(exist_ok=True)
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed")
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
        try:
            subprocess.run(command, check=True, timeout=120, capture_output=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("npm could not install the AWS SDKs")
    return folder


SDKS = {
    "version 3": (
        """
        const { ApiGatewayManagementApiClient, PostToConnectionCommand } =
          require("@aws-sdk/client-apigatewaymanagementapi");
        const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb");
        exports.handler = async (event) => {
          const client = new ApiGatewayManagementApiClient({ endpoint: `https://${event.host}/dev` });
          await client.send(new PostToConnectionCommand({ ConnectionId: "a=", Data: "hi" }));
          await new DynamoDBClient({}).send(new ListTablesCommand({}));
        };
        """,
        None,
    ),
    "version 2": (
        """
        process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
        const ApiGatewayManagementApi = require("aws-sdk/clients/apigatewaymanagementapi");
        const DynamoDB = require("aws-sdk/clients/dynamodb");
        exports.handler = async (event) => {
          const client = new ApiGatewayManagementApi({ apiVersion: "2018-11-29", endpoint: `${event.host}/dev` });
          await client.postToConnection({ ConnectionId: "a=", Data: "hi" }).promise();
          await new DynamoDB().listTables().promise();
        };
        """,
        "dynamodb.eu-west-1.amazonaws.com",
    ),
}


@pytest.mark.parametrize("version", SDKS)
@pytest.mark.parametrize("cloud", [True, False], ids=["at its AWS host", "at its own address"])
async def test_the_sdk_reaches_the_emulator(
    invoke: Invoke, emulator: RecordingHttp, sdks: Path, version: str, cloud: bool, app: App
) -> None:
    source, dynamodb = SDKS[version]
    host = CLOUD if cloud else emulator.netloc
    shim = f"module.paths.unshift({str(sdks / 'node_modules')!r});\n"
    outcome = await invoke({"app.js": shim + source}, {"host": host}, endpoint=emulator.url, region="eu-west-1")
    assert isinstance(outcome, Returned), outcome
    assert [(asked.method, asked.host, asked.path) for asked in emulator.asked] == [
        ("POST", host, "/dev/@connections/a%3D"),
        ("POST", dynamodb or emulator.netloc, "/"),
    ]


@pytest.mark.fact("LM-49")
@pytest.mark.parametrize(
    "body",
    [
        "async (e, c, cb) => { cb(null, { ok: 1 }); }",
        "async (e, c, cb) => { setImmediate(() => cb(null, { ok: 1 })); await new Promise((r) => setTimeout(r, 50)); }",
        "async (e, c, cb) => { cb(null, { ok: 1 }); return { ok: 2 }; }",
        "async (e, c, cb) => { cb(null, { ok: 1 }); throw new Error('late'); }",
        "async (e, c, cb) => { cb(null, { ok: 1 }); cb(null, { ok: 2 }); }",
        "async (e, c) => { c.succeed({ ok: 1 }); }",
        "async (e, c) => { c.done(null, { ok: 1 }); }",
        "async (e, c, cb) => { setInterval(() => 0, 9); c.callbackWaitsForEmptyEventLoop = false; cb(null, {ok: 1}) }",
        "async () => ({ ok: 1 })",
    ],
)
async def test_the_first_answer_of_an_async_handler_counts(invoke: Invoke, body: str) -> None:
    assert await invoke({"app.js": f"exports.handler = {body};"}) == Returned({"ok": 1})


@pytest.mark.fact("LM-49")
@pytest.mark.parametrize(
    "call", ["c.fail(new TypeError('no'))", "cb(new TypeError('no'))", "c.done(new TypeError('no'))"]
)
async def test_the_first_error_of_an_async_handler_counts(invoke: Invoke, call: str) -> None:
    outcome = await invoke({"app.js": f"exports.handler = async (e, c, cb) => {{ {call}; return 1; }};"})
    assert isinstance(outcome, FunctionError)
    assert (outcome.error_type, outcome.message) == ("TypeError", "no")


@pytest.mark.fact("LM-49")
class TestNode24HasNoCallbacks:
    @pytest.fixture
    def invoke(self, processes: Callable[..., ProcessFunctions], app: App) -> Invoke:
        async def invoke(handler: str) -> Outcome:
            code = app({"app.js": f"exports.handler = {handler};"})
            spec = FunctionSpec("f", "app.handler", str(code), runtime="nodejs24.x", timeout=20)
            return await processes(spec).invoke("f", {})

        return invoke

    async def test_a_handler_that_wants_one_does_not_start(self, invoke: Invoke) -> None:
        outcome = await invoke("(event, context, callback) => callback(null, 1)")
        assert isinstance(outcome, FunctionError)
        assert outcome.error_type == "Runtime.CallbackHandlerDeprecated"
        assert "removed support for callback-based function handlers" in outcome.message

    async def test_the_context_cannot_answer(self, invoke: Invoke) -> None:
        assert await invoke("async (e, c) => [typeof c.succeed, typeof c.done]") == Returned(["undefined"] * 2)

    @pytest.mark.parametrize("handler", ["async () => 1", "() => 1", "() => Promise.resolve(1)"])
    async def test_what_is_returned_is_the_answer(self, invoke: Invoke, handler: str) -> None:
        assert await invoke(handler) == Returned(1)


@pytest.mark.fact("LM-48")
async def test_a_node_function_has_no_pythonpath(invoke: Invoke) -> None:
    seen = await invoke(
        {"app.js": "exports.handler = async () => [process.env.PYTHONPATH ?? null, process.env.SHLVL];"}
    )
    assert seen == Returned([None, "0"])
