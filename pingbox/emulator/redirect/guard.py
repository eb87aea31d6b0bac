"""No way out: nothing in this process reaches real AWS, by whatever road it sets out.

Three layers, each enough for its own kind of caller:

* the environment (`scrub`, `environment`): dummy keys, no profiles, no metadata, every service at the emulator;
* botocore's send: a client made early, an explicit endpoint or `ignore_configured_endpoint_urls` is refused;
  a hard-coded `https://{apiId}.execute-api.{region}.amazonaws.com` is taken to the emulator, its Host header kept,
  so that the emulator still finds the API by its host;
* the interpreter's audit events for name resolution and connecting: urllib, http.client, aiohttp, anything else.

Only the standard library is imported, and botocore is patched at the moment somebody else imports it: installing
costs nothing where there is no boto3. The same module guards the emulator's process and every worker's; as workers
start while somebody waits, it does without `dataclasses`, `importlib.abc` and `typing`, the slow ones to import.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import socket
import sys
from collections.abc import Callable, MutableMapping, Sequence
from types import ModuleType
from urllib.parse import urlsplit, urlunsplit

from pingbox.emulator.redirect.hosts import is_aws_host, is_execute_api_host, service_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HTTPSESSION, _ENDPOINT = "botocore.httpsession", "botocore.endpoint"


class AwsRefused(socket.gaierror):
    """A call to real AWS was stopped before anything left the machine.

    It is a kind of `socket.gaierror`, because that is what HTTP libraries expect to see when a host cannot be
    reached. `service` is the AWS service as its host names it, `host` the host that was asked for.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self.service = service_of(host)
        super().__init__(
            socket.EAI_FAIL,
            f"PingBox refused a call to AWS {self.service} at {host}: the emulator never talks to real AWS. "
            f"Leave the endpoint out, or point it at the emulator (AWS_ENDPOINT_URL)",
        )


def scrub(environ: MutableMapping[str, str]) -> None:
    """Take every inherited `AWS_*` variable (and `BOTO_CONFIG`) out of `environ`: keys, profiles, roles, endpoints."""
    for name in [name for name in environ if name.startswith("AWS_") or name == "BOTO_CONFIG"]:
        del environ[name]


def environment(endpoint: str, region: str = "us-east-1") -> dict[str, str]:
    """The variables under which SDKs of any language talk to `endpoint` (`http://127.0.0.1:3001`) and nowhere else.

    The keys are dummies; shared credentials and config files are the null device, so `Session(profile_name="prod")`
    fails instead of finding somebody's real profile; the instance metadata service is never asked.
    """
    return {
        "AWS_ACCESS_KEY_ID": "PINGBOXLOCALDUMMYKEY",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BOTO_CONFIG": os.devnull,
    }


def install(endpoint: str, *, allow: Sequence[str] = (), keep_socket: bool = False) -> None:
    """Close the ways out of this process; `endpoint` is the emulator's own address, e.g. `http://127.0.0.1:3001`.

    `keep_socket`: boto3's requests to the emulator are not signed, and go over a socket that is kept open.
    `allow` names services that may be reached all the same (`["dynamodb"]` after the user agreed to real tables).
    Installing again replaces what was installed before.
    """
    uninstall()
    _state.watch = _Watch(endpoint=endpoint.rstrip("/"), allow=frozenset(allow))
    if not _state.audited:  # an audit hook cannot be taken out again; without a watch it lets everything pass
        sys.addaudithook(_audit)
        _state.audited = True
    _finder.wanted = {_HTTPSESSION: _patch_httpsession}
    if keep_socket:
        # Now: a worker takes our package's name back, so that the app may have a `pingbox` of its own.
        _state.kept = importlib.import_module("pingbox.emulator.redirect.kept_socket")
        _finder.wanted[_ENDPOINT] = _patch_endpoint
    for name in [name for name in _finder.wanted if name in sys.modules]:
        _finder.wanted.pop(name)(sys.modules[name])
    if _finder.wanted:
        sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Open the ways again (for tests, and for a test kit that leaves its host process as it found it)."""
    _state.watch = None
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for restore in _state.restore:
        restore()
    _state.restore = []
    if _state.kept is not None:
        _state.kept.close()
        _state.kept = None


class _Watch:
    def __init__(self, endpoint: str, allow: frozenset[str]) -> None:
        self.endpoint = endpoint
        self.allow = allow
        parts = urlsplit(endpoint)
        self.address = (parts.hostname or "", parts.port or 80)

    def refuses(self, host: str) -> bool:
        return is_aws_host(host) and service_of(host) not in self.allow

    def rewritten(self, url: str) -> tuple[str, str | None]:
        """Where a botocore request for `url` really goes, and the Host header it must then carry (None: its own)."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if is_execute_api_host(host):
            return self._at_the_emulator(url), parts.netloc
        if parts.scheme == "https" and parts.netloc == urlsplit(self.endpoint).netloc:
            # `https://{domainName}/{stage}`, the domain name being the emulator's address: same handler code as on AWS
            return self._at_the_emulator(url), None
        if self.refuses(host):
            raise AwsRefused(host)
        return url, None

    def _at_the_emulator(self, url: str) -> str:
        here, there = urlsplit(self.endpoint), urlsplit(url)
        return urlunsplit((here.scheme, here.netloc, there.path, there.query, there.fragment))


class _State:
    def __init__(self) -> None:
        self.watch: _Watch | None = None
        self.audited = False
        self.kept: Any = None  # the module `kept_socket`, where it was asked for
        self.restore: list[Callable[[], None]] = []


_state = _State()


# -- names and sockets ---------------------------------------------------------------------------------------------

_RESOLVES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"})


def _audit(event: str, args: tuple[Any, ...]) -> None:
    # Called for every audited event of the interpreter: the common case must be one comparison.
    if event[:7] != "socket.":
        return
    watch = _state.watch
    if watch is None:
        return
    host: object = None
    if event in _RESOLVES:
        host = args[0]
    elif event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if isinstance(host, str) and watch.refuses(host):
        raise AwsRefused(host)


# -- botocore ------------------------------------------------------------------------------------------------------


def _patch_httpsession(module: ModuleType) -> None:
    session: Any = module.URLLib3Session
    original = session.send

    def send(self: Any, request: Any) -> Any:
        watch = _state.watch
        if watch is None:
            return original(self, request)
        request.url, host = watch.rewritten(request.url)
        if host is not None and "Host" not in request.headers:
            request.headers["Host"] = host
        kept = _kept(watch, request.url)
        return (kept.sent(request, watch.address, self._timeout) if kept else None) or original(self, request)

    def restore() -> None:
        if session.send is send:
            session.send = original

    session.send = send
    _state.restore.append(restore)


def _patch_endpoint(module: ModuleType) -> None:
    def is_ours(url: str) -> bool:
        watch = _state.watch
        try:
            return watch is not None and _kept(watch, watch.rewritten(url)[0]) is not None
        except AwsRefused:
            return False  # it is refused where it would be sent

    _state.restore.append(_state.kept.skip_signatures(module, is_ours))


def _kept(watch: _Watch, url: str) -> Any:
    """The module `kept_socket` for a URL of the emulator, where it was asked for."""
    return _state.kept if url.startswith(watch.endpoint + "/") and watch.endpoint.startswith("http:") else None


class _AfterImport:
    """Finds nothing itself: lets the others find the `wanted` modules, and has each patched once it has run."""

    def __init__(self) -> None:
        self.wanted: dict[str, Callable[[ModuleType], None]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        patch = self.wanted.pop(fullname, None)
        if patch is None:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if self.wanted:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchingLoader(spec.loader, patch)  # type: ignore[assignment]  # a loader but for its base
        return spec


class _PatchingLoader:
    def __init__(self, loader: Any, patch: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._patch = patch

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if _state.watch is not None:
            self._patch(module)


_finder = _AfterImport()
