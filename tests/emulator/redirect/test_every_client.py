"""A function posts to `https://{domainName}/{stage}` with whatever client it likes, and its children do, too.

The clients run in a worker process against a real gateway, over TLS, verified. What is AWS's and not the emulator's is
refused by all of them.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from pingbox.emulator.activity import Activity, Connected
from pingbox.emulator.clock import SystemClock
from pingbox.emulator.redirect.sockets import proxied_host
from pingbox.emulator.services.apigateway.server.gateway_server import GatewayServer
from pingbox.emulator.services.lambda_.outcome import Outcome, Returned
from pingbox.emulator.services.lambda_.packages.interpreters import OWN_VERSION
from pingbox.emulator.services.lambda_.process.functions import ProcessFunctions
from pingbox.model.api import DomainMapping
from pingbox.model.function import FunctionSpec
from pingbox.testing import Clients
from support.sockets.fake_functions import FakeFunctions
from support.sockets.gateway_world import API_ID, chat_api

HOST = f"{API_ID}.execute-api.us-east-1.amazonaws.com"

CLIENTS = {
    "urllib": """
        import urllib.request
        def post(url):
            urllib.request.urlopen(urllib.request.Request(url, data=b"hi", method="POST"), timeout=20).read()
        """,
    "http.client": """
        import http.client
        from urllib.parse import urlsplit
        def post(url):
            parts = urlsplit(url)
            connection = http.client.HTTPSConnection(parts.hostname, timeout=20)
            connection.request("POST", parts.path, b"hi")
            assert connection.getresponse().status == 200
        """,
    "urllib3": """
        import urllib3
        def post(url):
            assert urllib3.PoolManager().request("POST", url, body=b"hi", timeout=20, retries=False).status == 200
        """,
    "requests": """
        import requests
        def post(url):
            requests.post(url, data=b"hi", timeout=20).raise_for_status()
        """,
    "httpx": """
        import httpx
        def post(url):
            httpx.post(url, content=b"hi", timeout=20).raise_for_status()
        """,
    "httpx, asynchronous": """
        import asyncio, httpx
        def post(url):
            async def main():
                async with httpx.AsyncClient(timeout=20) as client:
                    (await client.post(url, content=b"hi")).raise_for_status()
            asyncio.run(main())
        """,
    "aiohttp": """
        import asyncio, aiohttp
        def post(url):
            async def main():
                async with aiohttp.ClientSession() as session:
                    async with session.post(url, data=b"hi", raise_for_status=True):
                        pass
            asyncio.run(main())
        """,
    "a socket and its own context": """
        import socket, ssl
        from urllib.parse import urlsplit
        def post(url):
            parts = urlsplit(url)
            address = socket.gethostbyname(parts.hostname)
            plain = socket.create_connection((address, 443), timeout=20)
            with ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as secure:
                head = f"POST {parts.path} HTTP/1.1\\r\\nHost: {parts.hostname}\\r\\nContent-Length: 2\\r\\n\\r\\nhi"
                secure.sendall(head.encode())
                assert secure.recv(100).startswith(b"HTTP/1.1 200")
        """,
    "without TLS": """
        import urllib.request
        def post(url):
            plain = url.replace("https://", "http://")
            urllib.request.urlopen(urllib.request.Request(plain, data=b"hi", method="POST"), timeout=20).read()
        """,
    "a child with this environment": """
        import subprocess, sys
        def post(url):
            code = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], data=b'hi', method='POST'))"
            subprocess.run([sys.executable, "-c", code, url], check=True, timeout=60)
        """,
    "a child with an environment of its own": """
        import subprocess, sys
        def post(url):
            code = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], data=b'hi', method='POST'))"
            subprocess.run([sys.executable, "-c", code, url], check=True, timeout=60, env={"A": "1"})
        """,
    "a grandchild": """
        import subprocess, sys
        def post(url):
            code = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], data=b'hi', method='POST'))"
            outer = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]], check=True)"
            subprocess.run([sys.executable, "-c", outer, code, url], check=True, timeout=60)
        """,
}


@pytest.fixture
def seen() -> list[Activity]:
    return []


class Kept:
    """Lets everybody in, and keeps the event."""

    event: Any = None

    def __call__(self, event: Any) -> Any:
        self.event = event
        return {"statusCode": 200}


@pytest.fixture
def functions() -> FakeFunctions:
    return FakeFunctions(connect=Kept())


@pytest.fixture
async def server(seen: list[Activity], functions: FakeFunctions) -> AsyncIterator[GatewayServer]:
    mapped = (DomainMapping("ws.example.com", "chat", "dev"),)
    server = GatewayServer([chat_api(mappings=mapped)], functions, clock=SystemClock(), observer=seen.append)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def run(server: GatewayServer, tmp_path: Path) -> AsyncIterator[Any]:
    """Run `handler` of a module in a worker process; the outcome."""
    made: list[ProcessFunctions] = []

    async def run(source: str, event: Any = None, runtime: str = f"python{OWN_VERSION}") -> Outcome:
        name = "app.py" if runtime.startswith("python") else "app.js"
        (tmp_path / name).write_text(textwrap.dedent(source), encoding="utf-8")
        spec = FunctionSpec("f", "app.handler", str(tmp_path), runtime=runtime, timeout=60)
        functions = ProcessFunctions([spec], endpoint=server.url, observe=lambda activity: None)
        made.append(functions)
        return await functions.invoke("f", event)

    yield run
    for functions in made:
        await functions.close()


@pytest.mark.parametrize("client", CLIENTS)
async def test_every_client_arrives(run: Any, server: GatewayServer, seen: list[Activity], client: str) -> None:
    handler = "\n\ndef handler(event, context):\n    post(event)\n    return 'posted'\n"
    async with Clients(f"ws://127.0.0.1:{server.port}", timeout=30) as clients:
        socket = await clients.connect("/dev")
        [connection_id] = [one.connection_id for one in seen if isinstance(one, Connected)]
        url = f"https://{HOST}/dev/@connections/{connection_id.replace('=', '%3D')}"
        outcome = await run(textwrap.dedent(CLIENTS[client]) + handler, url)
        assert outcome == Returned("posted")
        assert await socket.receive() == "hi"


CUSTOM = "https://ws.example.com/chat/@connections/"


@pytest.mark.fact("CD-1", "MG-37", "EV-29", "EV-30")
@pytest.mark.parametrize("client", ["urllib", "boto3", "fetch"])
async def test_a_custom_domain_of_the_template_leads_here(
    run: Any, server: GatewayServer, seen: list[Activity], functions: FakeFunctions, client: str
) -> None:
    """No name server is asked; the client came by the domain, so the event names it."""
    sources = {
        "urllib": CLIENTS["urllib"],
        "boto3": """
            import boto3
            def post(url):
                base, _, connection_id = url.partition("/@connections/")
                client = boto3.client("apigatewaymanagementapi", endpoint_url=base)
                client.post_to_connection(ConnectionId=connection_id.replace("%3D", "="), Data=b"hi")
            """,
        "fetch": IN_NODE["fetch"],
    }
    python = client != "fetch"
    handler = "\n\ndef handler(event, context):\n    post(event)\n" if python else "\nexports.handler = post;\n"
    async with connect("ws://ws.example.com/chat", host="127.0.0.1", port=server.port) as socket:
        [connection_id] = [one.connection_id for one in seen if isinstance(one, Connected)]
        url = CUSTOM + connection_id.replace("=", "%3D")
        source = textwrap.dedent(sources[client]) + handler
        outcome = await run(source, url, "python3.12" if python else "nodejs20.x")
        assert isinstance(outcome, Returned), outcome
        assert await asyncio.wait_for(socket.recv(), 30) == "hi"
    context = functions.answers["connect"].event["requestContext"]
    assert (context["domainName"], context["stage"]) == ("ws.example.com", "dev")


IN_NODE = {
    "https": """
        const https = require("https");
        const post = (url) => new Promise((resolve, reject) => {
          const request = https.request(url, { method: "POST" }, (answer) => {
            answer.resume();
            answer.on("end", resolve);
          });
          request.on("error", reject);
          request.end("hi");
        });
        """,
    "https with a lookup and an agent of its own": """
        const https = require("https");
        const post = (url) => new Promise((resolve, reject) => {
          const lookup = (name, options, done) => done(null, [{ address: "192.0.2.1", family: 4 }]);
          const agent = new https.Agent({ lookup });
          const request = https.request(url, { method: "POST", agent, lookup }, (answer) => {
            answer.resume();
            answer.on("end", resolve);
          });
          request.on("error", reject);
          request.end("hi");
        });
        """,
    "fetch": """
        const post = (url) => fetch(url, { method: "POST", body: "hi" });
        """,
    "tls": """
        const tls = require("tls");
        const post = (url) => new Promise((resolve, reject) => {
          const { hostname, pathname } = new URL(url);
          const socket = tls.connect({ host: hostname, port: 443, servername: hostname }, () => {
            socket.write(`POST ${pathname} HTTP/1.1\\r\\nHost: ${hostname}\\r\\nContent-Length: 2\\r\\n\\r\\nhi`);
          });
          socket.on("data", () => resolve(socket.destroy()));
          socket.on("error", reject);
        });
        """,
    "an address that was looked up": """
        const { lookup } = require("dns/promises");
        const tls = require("tls");
        const post = async (url) => {
          const { hostname, pathname } = new URL(url);
          const { address } = await lookup(hostname);
          await new Promise((resolve, reject) => {
            const socket = tls.connect({ host: address, port: 443, servername: hostname }, () => {
              socket.write(`POST ${pathname} HTTP/1.1\\r\\nHost: ${hostname}\\r\\nContent-Length: 2\\r\\n\\r\\nhi`);
            });
            socket.on("data", () => resolve(socket.destroy()));
            socket.on("error", reject);
          });
        };
        """,
    "a child in Node": """
        const { execFileSync } = require("child_process");
        const code = "fetch(process.argv[1], { method: 'POST', body: 'hi' })";
        const post = async (url) => execFileSync(process.execPath, ["-e", code, url], { env: {} });
        """,
    "a child in Python": """
        const { execFile } = require("child_process");
        const code = "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], data=b'hi', method='POST'))";
        const post = (url) => new Promise((resolve, reject) => {
          execFile("PYTHON", ["-c", code, url], (error) => (error ? reject(error) : resolve()));
        });
        """,
    "a thread": """
        const { Worker } = require("worker_threads");
        const code = "fetch(require('worker_threads').workerData, { method: 'POST', body: 'hi' })";
        const post = (url) => new Promise((resolve, reject) => {
          const worker = new Worker(code, { eval: true, workerData: url });
          worker.on("error", reject);
          worker.on("exit", resolve);
        });
        """,
}
ANY_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")


@ANY_NODE
@pytest.mark.parametrize("client", IN_NODE)
async def test_every_client_in_node_arrives(run: Any, server: GatewayServer, seen: list[Activity], client: str) -> None:
    handler = "\nexports.handler = async (event) => { await post(event); return 'posted'; };\n"
    async with Clients(f"ws://127.0.0.1:{server.port}", timeout=30) as clients:
        socket = await clients.connect("/dev")
        [connection_id] = [one.connection_id for one in seen if isinstance(one, Connected)]
        url = f"https://{HOST}/dev/@connections/{connection_id.replace('=', '%3D')}"
        source = textwrap.dedent(IN_NODE[client]).replace("PYTHON", sys.executable)
        assert await run(source + handler, url, "nodejs20.x") == Returned("posted")
        assert await socket.receive() == "hi"


# --- what is refused ---

SPELLINGS = [
    "https://sts.amazonaws.com./",
    "https://sqs.eusc-de-east-1.amazonaws.eu/",
    "https://signin.aws.amazon.com/",
    "https://d-123.awsapps.com/start",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://instance-data.ec2.internal/",
]

ASKING = """
import asyncio, urllib.request

def chain(error):
    while error is not None:
        yield error
        error = getattr(error, "reason", None) if isinstance(getattr(error, "reason", None), BaseException) else (
            error.__cause__ or error.__context__)

def with_urllib(url):
    urllib.request.urlopen(url, timeout=5)

def with_aiohttp(url):
    import aiohttp
    async def main():
        async with aiohttp.ClientSession() as session:
            await session.get(url)
    asyncio.run(main())

def with_httpx(url):
    import httpx
    httpx.get(url)

def with_aiodns(url):
    import aiodns
    from urllib.parse import urlsplit
    async def main():
        await aiodns.DNSResolver().query(urlsplit(url).hostname, "A")
    asyncio.run(main())

def with_a_proxy(url):
    import httpx
    httpx.get(url, proxy=PROXY)

def with_a_proxy_of_the_standard_library(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": PROXY, "https": PROXY}))
    opener.open(url, timeout=5)

def handler(event, context):
    global PROXY
    found = {}
    PROXY = event.get("proxy")
    for how in event["how"]:
        for url in event["urls"]:
            try:
                globals()[how](url)
                found[f"{how} {url}"] = "went out"
            except BaseException as error:
                kinds = {type(one).__name__ for one in chain(error)}
                # A client that takes no such URL asks nobody either.
                if not kinds & {"AwsRefused", "ProxyRefused", "InvalidURL", "InvalidUrlClientError"}:
                    found[f"{how} {url}"] = repr(error)
    return found
"""


@pytest.mark.parametrize("how", ["with_urllib", "with_aiohttp", "with_httpx"])
async def test_no_spelling_of_an_address_gets_past_the_guard(run: Any, how: str) -> None:
    assert await run(ASKING, {"how": [how], "urls": SPELLINGS}) == Returned({})


ASKING_IN_NODE = """
const dns = require("dns"), http = require("http"), https = require("https"), net = require("net");
const answered = (start) => new Promise((resolve) => {
  const request = start((answer) => resolve(`went out: ${answer.statusCode}`));
  request.setTimeout(5000, () => request.destroy(new Error("waited")));
  request.on("error", (error) => resolve(error.code));
});
const called = (ask) => new Promise((resolve) => ask((error, found) => resolve(error ? error.code : found)));
const promised = (ask) => ask().then(() => "went out", (error) => error.cause?.code ?? error.code);
const ways = {
  get: (url) => answered((done) => (url.startsWith("https") ? https : http).get(url, done)),
  options: (url) => {
    const [, host] = /^https?:\\/\\/\\[?([^\\/\\]]+)/.exec(url);
    return answered((done) => http.get({ host, path: "/" }, done));
  },
  fetch: (url) => promised(() => fetch(url)),
  lookup: (url) => {
    const lookup = (name, options, done) => done(null, [{ address: "169.254.169.254", family: 4 }]);
    return answered((done) => http.get({ host: "innocent.example", lookup }, done));
  },
  resolve4: (url) => called((done) => dns.resolve4(new URL(url).hostname, done)),
  resolver: (url) => called((done) => new dns.Resolver().resolveAny(new URL(url).hostname, done)),
  promises: (url) => promised(() => dns.promises.resolve4(new URL(url).hostname)),
};
exports.handler = async ({ how, urls }) => {
  const found = {};
  for (const url of urls) {
    const code = await ways[how](url);
    if (code !== "PINGBOX_REFUSED") found[url] = code ?? "no code";
  }
  return found;
};
"""


@ANY_NODE
@pytest.mark.parametrize("how", ["get", "options", "fetch"])
async def test_no_spelling_of_an_address_gets_past_the_guard_in_node(run: Any, how: str) -> None:
    assert await run(ASKING_IN_NODE, {"how": how, "urls": SPELLINGS}, "nodejs20.x") == Returned({})


@ANY_NODE
@pytest.mark.parametrize("how", ["lookup", "resolve4", "resolver", "promises"])
async def test_no_resolver_gets_past_the_guard_in_node(run: Any, how: str) -> None:
    names = ["https://sts.amazonaws.com/", "https://sqs.eusc-de-east-1.amazonaws.eu./"]
    assert await run(ASKING_IN_NODE, {"how": how, "urls": names}, "nodejs20.x") == Returned({})


async def test_a_resolver_of_its_own_is_not_asked(run: Any) -> None:
    names = ["https://sts.amazonaws.com/", "https://dynamodb.us-east-1.amazonaws.com./", f"https://{HOST}/"]
    assert await run(ASKING, {"how": ["with_aiodns"], "urls": names}) == Returned({})


async def test_a_proxy_is_not_asked_for_aws(run: Any, server: GatewayServer) -> None:
    """The proxy is the gateway's own port: it would answer, and hear of it."""
    how = ["with_a_proxy", "with_a_proxy_of_the_standard_library"]
    urls = ["https://sts.amazonaws.com/", "http://169.254.169.254/latest/meta-data/", f"https://{HOST}/dev"]
    assert await run(ASKING, {"how": how, "urls": urls, "proxy": server.url}) == Returned({})


async def test_a_child_is_refused_as_its_function_is(run: Any) -> None:
    outcome = await run(
        """
        import subprocess, sys
        def handler(event, context):
            code = "import urllib.request as u; u.urlopen('https://sts.amazonaws.com/', timeout=5)"
            return [
                subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env).stderr
                for env in (None, {"A": "1"})
            ]
        """
    )
    assert isinstance(outcome, Returned), outcome
    assert all("PingBox refused a call to AWS sts at sts.amazonaws.com" in stderr for stderr in outcome.value)


async def test_nothing_of_it_is_in_the_functions_own_environment(run: Any) -> None:
    outcome = await run(
        """
        import os
        def handler(event, context):
            return sorted(name for name in os.environ if "PINGBOX" in name or name == "NODE_OPTIONS")
        """
    )
    assert outcome == Returned([])


async def test_a_childs_own_sitecustomize_runs_all_the_same(run: Any, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine')\n")
    outcome = await run(
        """
        import os, subprocess, sys
        def handler(event, context):
            env = {"PYTHONPATH": os.environ["LAMBDA_TASK_ROOT"]}
            return subprocess.run([sys.executable, "-c", "1"], env=env, capture_output=True, text=True).stdout
        """
    )
    assert outcome == Returned("mine\n")


@pytest.mark.parametrize(
    ("start", "host"),
    [
        (b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n", "sts.amazonaws.com"),
        (b"CONNECT [fd00:ec2::254]:80 HTTP/1.1\r\n", "[fd00:ec2::254]"),
        (b"GET http://169.254.169.254/latest HTTP/1.1\r\n", "169.254.169.254"),
        (b"OPTIONS http://user:pw@sts.amazonaws.com:80/ HTTP/1.1\r\n", "sts.amazonaws.com"),
        (b"GET / HTTP/1.1\r\nHost: sts.amazonaws.com\r\n", None),
        (b"CONNECTED", None),
        (b"", None),
        (b"\x16\x03\x01", None),
    ],
)
def test_what_a_proxy_is_asked_for(start: bytes, host: str | None) -> None:
    assert proxied_host(start) == host
