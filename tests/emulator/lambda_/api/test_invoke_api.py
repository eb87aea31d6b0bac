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
from pingbox.emulator.services.lambda_.api.invoke_request import InvokeRequest, bare_name, function_of_path
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


@pytest.fixture
async def api(functions: InProcessFunctions) -> AsyncIterator[InvokeApi]:
    api = InvokeApi(functions, lambda: functions.names)
    api.start()
    yield api
    await api.close()


@pytest.fixture
async def url(api: InvokeApi) -> AsyncIterator[str]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked = AwsRequest(
            request.method, "", request.rel_url.raw_path, headers=request.headers, body=await request.read()
        )
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
    assert error["Message"] == "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"
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
        "echo:live",
        "function:echo",
        "123456789012:echo",
        "123456789012:function:echo",
        "arn:aws:lambda:us-east-1:123456789012:function:echo",
        "arn:aws:lambda:us-east-1:123456789012:function:echo:7",
    ],
)
async def test_a_function_goes_by_many_names(api: InvokeApi, name: str) -> None:
    assert bare_name(name) == "echo"
    answer = await asyncio.to_thread(api.invoke_sync, name, "RequestResponse", b"1")
    assert answer.body == b'{"you said":1}'


@pytest.mark.parametrize("name", ["", "arn:aws:lambda", "with space", "a:b:c:d"])
async def test_what_is_no_name_is_not_found(api: InvokeApi, name: str) -> None:
    assert (await asyncio.to_thread(api.invoke_sync, name, "RequestResponse", b"1")).status == 404


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
