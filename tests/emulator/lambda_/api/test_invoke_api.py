"""`lambda:Invoke` through a real socket and real boto3, and from a thread of the emulator's process."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
import pytest
from aiohttp import web
from botocore.config import Config
from botocore.exceptions import ClientError

from pingbox.emulator.services.lambda_.api.invoke_api import InvokeApi
from pingbox.emulator.services.lambda_.api.invoke_request import InvokeRequest, function_of_path
from pingbox.emulator.services.lambda_.in_process.functions import InProcessFunction, InProcessFunctions
from pingbox.emulator.services.port import AwsRequest
from pingbox.model.function import FunctionSpec
from support.waiting import until


def echo(event: Any, context: Any) -> Any:
    print("seen")
    return {"you said": event}


def fail(event: Any, context: Any) -> Any:
    raise ValueError("no such room")


@pytest.fixture
def greeted() -> list[Any]:
    return []


@pytest.fixture
def functions(in_process: Callable[..., InProcessFunctions], greeted: list[Any]) -> InProcessFunctions:
    handlers = {"echo": echo, "fail": fail, "greet": lambda event, context: greeted.append(event)}
    return in_process({name: InProcessFunction.of(handler) for name, handler in handlers.items()})


SPECS = {"see": FunctionSpec("see", "app.see", ".", qualifiers={"live": "7", "7": "7"})}


@pytest.fixture
async def api(functions: InProcessFunctions) -> AsyncIterator[InvokeApi]:
    api = InvokeApi(functions, lambda: functions.names, spec=SPECS.get)
    api.start()
    yield api
    await api.close()


@pytest.fixture
async def url(api: InvokeApi) -> AsyncIterator[str]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        asked = AwsRequest(request.method, "", path, query, request.headers, await request.read())
        if not api.matches(asked):
            return web.Response(status=418)
        answered = await api.handle(asked)
        return web.Response(status=answered.status, headers=answered.headers, body=answered.body)

    def large(*parts: Any) -> web.BaseRequest:
        return web.BaseRequest(*parts, loop=asyncio.get_running_loop(), client_max_size=32 * 1024 * 1024)

    server = web.Server(answer, request_factory=large)  # type: ignore[arg-type]
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    listener.close()
    await server.shutdown(0.05)


Invoke = Callable[..., Any]


@pytest.fixture
async def invoke(url: str) -> AsyncIterator[Invoke]:
    client = boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="dummy",
        aws_secret_access_key="dummy",
        config=Config(retries={"total_max_attempts": 1}),
    )

    async def invoke(function: str, payload: Any = None, **options: Any) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        answer = await asyncio.to_thread(client.invoke, FunctionName=function, Payload=body, **options)
        answer["Payload"] = answer["Payload"].read()
        return answer

    yield invoke
    client.close()


async def test_request_response_answers_with_the_result(invoke: Invoke) -> None:
    answer = await invoke("echo", {"a": "grüße"})
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(answer["Payload"]) == {"you said": {"a": "grüße"}}
    assert "FunctionError" not in answer
    assert "LogResult" not in answer


@pytest.mark.fact("LM-21")
async def test_a_function_error_is_a_200_with_the_error_document(invoke: Invoke) -> None:
    answer = await invoke("fail", {})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    payload = json.loads(answer["Payload"])
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no such room")
    assert len(payload["requestId"]) == 36
    assert payload["stackTrace"]


async def test_no_payload_is_an_empty_event(invoke: Invoke) -> None:
    assert json.loads((await invoke("echo", b""))["Payload"]) == {"you said": {}}


async def test_event_answers_at_once_and_runs_later(invoke: Invoke, greeted: list[Any]) -> None:
    answer = await invoke("greet", {"who": "ada"}, InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"]) == (202, b"")
    await until(lambda: greeted == [{"who": "ada"}], "the event")


async def test_dry_run_only_asks(invoke: Invoke, greeted: list[Any], log: Any) -> None:
    assert (await invoke("greet", {}, InvocationType="DryRun"))["StatusCode"] == 204
    assert log.lines == []


@pytest.mark.fact("LM-27")
async def test_the_log_is_given_to_who_asks(invoke: Invoke) -> None:
    answer = await invoke("echo", {}, LogType="Tail")
    start, seen, end, report = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert seen == "seen"
    assert [line.split()[0] for line in (start, end, report)] == ["START", "END", "REPORT"]


async def test_an_unknown_function_is_not_found(invoke: Invoke) -> None:
    with pytest.raises(ClientError) as raised:
        await invoke("nobody", {})
    error = raised.value.response["Error"]
    assert error["Code"] == "ResourceNotFoundException"
    assert error["Message"] == "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody:$LATEST"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


async def test_a_payload_that_is_not_json_is_refused(invoke: Invoke) -> None:
    with pytest.raises(ClientError) as raised:
        await invoke("echo", b"{not json")
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"


@pytest.mark.fact("LM-24")
@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6_291_456), ("Event", 1_048_576)])
async def test_payloads_have_limits(invoke: Invoke, kind: str, limit: int) -> None:
    assert (await invoke("greet", "x" * (limit - 2), InvocationType=kind))["StatusCode"] in (200, 202)
    with pytest.raises(ClientError) as raised:
        await invoke("greet", "x" * (limit - 1), InvocationType=kind)
    assert raised.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


async def test_a_throttled_invoke_says_so(api: InvokeApi, in_process: Callable[..., InProcessFunctions]) -> None:
    full = in_process({"f": InProcessFunction.of(echo)}, limit=0, waiting=0)
    other = InvokeApi(full, lambda: full.names)
    other.start()
    answer = await asyncio.to_thread(other.invoke_sync, "f", "RequestResponse", b"{}")
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (429, "TooManyRequestsException")


@pytest.mark.parametrize(
    "name",
    [
        "echo",
        "echo:$LATEST",
        "function:echo",
        "123456789012:echo",
        "123456789012:function:echo",
        "arn:aws:lambda:us-east-1:123456789012:function:echo",
        "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:echo:$LATEST",
        "us-east-1:123456789012:function:echo",
    ],
)
async def test_a_function_goes_by_many_names(api: InvokeApi, name: str) -> None:
    answer = await asyncio.to_thread(api.invoke_sync, name, "RequestResponse", b"1")
    assert answer.body == b'{"you said":1}'


@pytest.mark.fact("LM-41")
@pytest.mark.parametrize(
    "name",
    [
        "", "arn:aws:lambda", "with space", "a:b:c:d", "arn:aws:lambda:mars:123456789012:function:echo",
        "echo:with space", "echo:", "x" * 141, "arn:aws:dynamodb:us-east-1:123456789012:table/echo",
    ],
)  # fmt: skip
async def test_what_is_no_name_is_refused(api: InvokeApi, name: str) -> None:
    answer = await asyncio.to_thread(api.invoke_sync, name, "RequestResponse", b"1")
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert f"Value '{name}' at 'functionName' failed to satisfy constraint" in answer.body.decode()


def test_only_invokes_path_is_taken() -> None:
    assert function_of_path("/2015-03-31/functions/a%3Ab/invocations") == "a:b"
    assert function_of_path("/2015-03-31/functions/a") is None
    assert function_of_path("/dev/@connections/abc") is None


async def test_a_handler_invokes_another_from_its_thread(
    functions: InProcessFunctions, api: InvokeApi, greeted: list[Any]
) -> None:
    def outer(event: Any, context: Any) -> Any:
        api.invoke_sync("greet", "Event", b'"later"')
        return json.loads(api.invoke_sync("echo", "RequestResponse", json.dumps(event).encode()).body)

    functions.define("outer", InProcessFunction.of(outer))
    outcome = await functions.invoke("outer", "now")
    assert getattr(outcome, "value", outcome) == {"you said": "now"}
    await until(lambda: greeted == ["later"], "the asynchronous event")


async def test_on_the_loops_own_thread_it_refuses_to_wait_for_itself(api: InvokeApi) -> None:
    with pytest.raises(RuntimeError, match="cannot be called on its thread"):
        api.invoke_sync("echo", "RequestResponse", b"1")


def given(document: Any) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


@pytest.mark.fact("LM-10")
async def test_a_client_context_reaches_the_handler_and_nobody_else(
    functions: InProcessFunctions, invoke: Invoke
) -> None:
    def see(event: Any, context: Any) -> Any:
        seen = context.client_context
        return None if seen is None else [seen.custom, seen.env, seen.client.app_title]

    functions.define("see", InProcessFunction.of(see))
    client_context = given({"custom": {"who": "añ"}, "env": {"make": "x"}, "client": {"app_title": "chat"}})
    answer = await invoke("see", {}, ClientContext=client_context)
    assert json.loads(answer["Payload"]) == [{"who": "añ"}, {"make": "x"}, "chat"]
    assert json.loads((await invoke("see", {}))["Payload"]) is None


@pytest.mark.fact("LM-10", "LM-30")
async def test_a_client_context_reaches_a_process_as_a_header(processes: Callable[..., Any], app: Any) -> None:
    code = app(app_py="def see(event, context):\n    return context.client_context and context.client_context.custom\n")
    functions = processes(FunctionSpec("see", "app.see", str(code)))
    api = InvokeApi(functions, lambda: functions.names)
    api.start()
    request = InvokeRequest("see", "RequestResponse", b"{}", client_context=given({"custom": {"who": "añ"}}))
    assert json.loads((await api._answer(request)).body) == {"who": "añ"}


@pytest.mark.parametrize("client_context", ["no base64!", base64.b64encode(b"{").decode(), given([1])])
async def test_a_client_context_that_is_no_json_object_is_refused(invoke: Invoke, client_context: str) -> None:
    with pytest.raises(ClientError) as raised:
        await invoke("echo", {}, ClientContext=client_context)
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"


async def test_every_other_operation_of_lambda_says_that_it_is_not_here(url: str) -> None:
    keys = {"aws_access_key_id": "dummy", "aws_secret_access_key": "dummy"}
    config = Config(retries={"total_max_attempts": 1})
    client = boto3.client("lambda", endpoint_url=url, region_name="us-east-1", config=config, **keys)
    with pytest.raises(ClientError, match=r"only Invoke is emulated here, not GET /2015-03-31/functions"):
        await asyncio.to_thread(client.list_functions)
    with pytest.raises(ClientError, match=r"only Invoke is emulated here"):
        await asyncio.to_thread(client.invoke_with_response_stream, FunctionName="echo", Payload=b"{}")
    client.close()


class TestRequestIds:
    @pytest.mark.fact("LM-40")
    @pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
    async def test_the_answers_is_the_contexts_and_the_logs(
        self, functions: InProcessFunctions, invoke: Invoke, log: Any, kind: str
    ) -> None:
        seen: list[str] = []
        functions.define("ids", InProcessFunction.of(lambda event, context: seen.append(context.aws_request_id)))
        answer = await invoke("ids", {}, InvocationType=kind)
        await until(lambda: any(line.startswith("REPORT") for line in log.lines), "the REPORT line")
        told = answer["ResponseMetadata"]["RequestId"]
        assert seen == [told]
        assert {activity.request_id for activity in log.activities} == {told}
        assert all(told in line for line in log.lines)

    @pytest.mark.fact("LM-40")
    async def test_of_two_calls_differ(self, invoke: Invoke) -> None:
        ids = [(await invoke("echo", {}))["ResponseMetadata"]["RequestId"] for _ in range(2)]
        assert len(set(ids)) == 2

    @pytest.mark.fact("LM-40")
    async def test_a_process_has_the_answers_too(self, processes: Callable[..., Any], app: Any) -> None:
        code = app(app_py="def see(event, context):\n    return context.aws_request_id\n")
        functions = processes(FunctionSpec("see", "app.see", str(code)))
        api = InvokeApi(functions, lambda: functions.names)
        api.start()
        answer = await api._answer(InvokeRequest("see", "RequestResponse", b"{}"))
        assert json.loads(answer.body) == answer.headers["x-amzn-RequestId"]


@pytest.mark.fact("LM-41")
class TestQualifiers:
    @pytest.mark.parametrize(
        ("function", "given", "ends", "version"),
        [
            ("see", {}, ":see", "$LATEST"),
            ("see", {"Qualifier": "$LATEST"}, ":see:$LATEST", "$LATEST"),
            ("see", {"Qualifier": "live"}, ":see:live", "7"),
            ("see:live", {}, ":see:live", "7"),
            ("see:7", {"Qualifier": "7"}, ":see:7", "7"),
        ],
    )
    async def test_show_in_the_context_the_log_and_the_answer(
        self,
        functions: InProcessFunctions,
        invoke: Invoke,
        log: Any,
        function: str,
        given: dict[str, str],
        ends: str,
        version: str,
    ) -> None:
        def see(event: Any, context: Any) -> Any:
            return [context.invoked_function_arn, context.function_version]

        functions.define("see", InProcessFunction.of(see))
        answer = await invoke(function, {}, **given)
        arn, ran = json.loads(answer["Payload"])
        assert arn.endswith(f":function{ends}")
        assert (ran, answer["ExecutedVersion"]) == (version, version)
        assert log.lines[0].endswith(f" Version: {version}")

    @pytest.mark.parametrize("qualifier", ["nightly", "8", "LATEST"])
    async def test_that_do_not_exist_are_not_found(
        self, functions: InProcessFunctions, invoke: Invoke, qualifier: str
    ) -> None:
        functions.define("see", InProcessFunction.of(echo))
        with pytest.raises(ClientError) as raised:
            await invoke("see", {}, Qualifier=qualifier)
        error = raised.value.response["Error"]
        assert error["Code"] == "ResourceNotFoundException"
        assert error["Message"].endswith(f":function:see:{qualifier}")

    async def test_that_are_none_are_refused(self, invoke: Invoke) -> None:
        with pytest.raises(ClientError, match=r"Value 'a b' at 'qualifier'") as raised:
            await invoke("echo", {}, Qualifier="a b")
        assert raised.value.response["Error"]["Code"] == "ValidationException"

    async def test_that_contradict_each_other_are_refused(self, invoke: Invoke) -> None:
        with pytest.raises(ClientError, match="does not match the specified qualifier"):
            await invoke("echo:live", {}, Qualifier="7")

    async def test_versions_in_processes_have_environments_of_their_own(
        self, processes: Callable[..., Any], app: Any
    ) -> None:
        code = app(
            app_py="""
            import os
            def see(event, context):
                variables = os.environ["AWS_LAMBDA_FUNCTION_VERSION"], os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
                return [context.invoked_function_arn, context.function_version, *variables]
            """
        )
        spec = FunctionSpec("see", "app.see", str(code), qualifiers={"live": "7", "7": "7"})
        functions = processes(spec)
        api = InvokeApi(functions, lambda: functions.names, spec=lambda name: spec)
        api.start()
        answers = [await api._answer(InvokeRequest(name, "RequestResponse", b"{}")) for name in ("see", "see:live")]
        (plain, latest, latest_too, stream), (arn, seven, seven_too, stream_7) = (
            json.loads(answer.body) for answer in answers
        )
        assert (latest, latest_too, seven, seven_too) == ("$LATEST", "$LATEST", "7", "7")
        assert (plain.rpartition(":")[2], arn.rpartition(":")[2]) == ("see", "live")
        assert "[$LATEST]" in stream
        assert "[7]" in stream_7
        assert functions.environments("see") == 2


@pytest.mark.fact("LM-45")
@pytest.mark.parametrize("kind", ["Event", "DryRun"])
async def test_an_answer_before_anything_ran_has_no_executed_version(invoke: Invoke, kind: str) -> None:
    answer = await invoke("greet", {}, InvocationType=kind)
    assert "ExecutedVersion" not in answer
    assert "x-amz-executed-version" not in answer["ResponseMetadata"]["HTTPHeaders"]


@pytest.mark.fact("LM-46")
@pytest.mark.parametrize("payload", [b"NaN", b'{"a": Infinity}', b"[-Infinity]", b"nan", b"{'a': 1}"])
async def test_json_has_no_nan_and_no_infinity(invoke: Invoke, payload: bytes) -> None:
    with pytest.raises(ClientError) as raised:
        await invoke("echo", payload)
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.fact("LM-46")
async def test_numbers_reach_a_process_as_they_were_written(processes: Callable[..., Any], app: Any) -> None:
    script = """#!/usr/bin/env python3
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    body, request_id = event.read(), event.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = b'"' + body.hex().encode() + b'"'
    api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", answer)
    api.getresponse().read()
"""
    code = app({"bootstrap": script})
    (code / "bootstrap").chmod(0o755)
    functions = processes(FunctionSpec("f", "any", str(code), runtime="provided.al2023", timeout=20))
    api = InvokeApi(functions, lambda: functions.names)
    api.start()
    answer = await api._answer(InvokeRequest("f", "RequestResponse", b'{"n": 1e400, "m": 1.50}'))
    assert bytes.fromhex(json.loads(answer.body)) == b'{"n": 1e400, "m": 1.50}'


async def test_an_event_that_one_call_caused_has_an_id_of_its_own(
    functions: InProcessFunctions, api: InvokeApi
) -> None:
    """Details of a call describe this call: none of what a handler does within it."""
    seen: list[str] = []

    def inner(event: Any, context: Any) -> None:
        seen.append(context.aws_request_id)

    def outer(event: Any, context: Any) -> None:
        seen.append(context.aws_request_id)
        api.invoke_sync("inner", "RequestResponse", b"{}")

    functions.define("inner", InProcessFunction.of(inner))
    functions.define("outer", InProcessFunction.of(outer))
    await asyncio.to_thread(api.invoke_sync, "outer", "RequestResponse", b"{}")
    assert len(set(seen)) == 2
