"""No way out: nothing in this process reaches real AWS, and what is the emulator's arrives there.

* the environment (`scrub`, `environment`): dummy keys, no profiles, no metadata, every service at the emulator;
* name resolution and connections (`sockets`): hosts that the emulator stands for lead to its redirect listener, whoever
  connects; all others of AWS are refused, and so is a proxy that is asked for one;
* botocore's send: a hard-coded host of the emulator's is spoken to in plain HTTP, its Host header kept; TLS is saved;
* libraries with a resolver of their own (`libraries`), and the authority that `ssl` trusts for the emulator's hosts;
* the interpreter's audit events for name resolution and connecting: whatever gets past the functions above is refused;
* children of a function's process (`children`), in Python and Node, are guarded alike.

Only the standard library is imported, and libraries are patched at the moment somebody else imports them: installing
costs nothing where there are none. The same module guards the emulator's process and every worker's; as workers
start while somebody waits, it does without `dataclasses`, `importlib.abc` and `typing`, the slow ones to import.
What it cannot hold is in docs/guide/your-own-app.md.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Callable, MutableMapping, Sequence
from types import ModuleType
from urllib.parse import urlsplit, urlunsplit

from pingbox.emulator.redirect import authority, children, libraries, sockets
from pingbox.emulator.redirect.hosts import AWS_SUFFIXES, is_aws_host, is_execute_api_host, service_of
from pingbox.emulator.redirect.targets import Targets, targets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HTTPSESSION, _ENDPOINT = "botocore.httpsession", "botocore.endpoint"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class AwsRefused(socket.gaierror):
    """A call to real AWS was stopped before anything left the machine.

    It is a kind of `socket.gaierror`, because that is what HTTP libraries expect to see when a host cannot be
    reached. `service` is the AWS service as its host names it, `host` the host that was asked for.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self.service = service_of(host)
        super().__init__(socket.EAI_FAIL, _words(host))


class ProxyRefused(RuntimeError):  # noqa: N818 - as AwsRefused
    """The same, where a proxy or a name server was asked for the host.

    No `OSError`: HTTP libraries take one of those for the proxy's own trouble, and wait for its answer all the same.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"{_words(host)}, and take the proxy out of the way (NO_PROXY)")


def _words(host: str) -> str:
    return (
        f"PingBox refused a call to AWS {service_of(host)} at {host}: the emulator never talks to real AWS. "
        "Leave the endpoint out, or point it at the emulator (AWS_ENDPOINT_URL); in a test, moto's mock_aws answers "
        "services that PingBox does not emulate"
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


def install(
    endpoint: str,
    *,
    allow: Sequence[str] = (),
    targets: Targets | None = None,
    keep_socket: bool = False,
    with_children: bool = False,
) -> None:
    """Close the ways out of this process; `endpoint` is the emulator's own address, e.g. `http://127.0.0.1:3001`.

    `targets` is what leads there; None asks the emulator if it runs in this process. `allow` names services that may be
    reached all the same (`["dynamodb"]` after the user agreed to real tables). `keep_socket`: boto3's requests to the
    emulator are not signed, and go over a socket that is kept open. `with_children`: the processes that this one starts
    are guarded, too. Installing again replaces what was installed before.
    """
    uninstall()
    targets = targets or targets_of(endpoint)
    watch = _state.watch = _Watch(targets, frozenset(allow))
    authority.forget()
    if not _state.audited:  # an audit hook cannot be taken out again; without a watch it lets everything pass
        sys.addaudithook(_audit)
        _state.audited = True
    patches: dict[str, Callable[[ModuleType], Callable[[], None]]] = {_HTTPSESSION: _patch_httpsession}
    if keep_socket:
        # Now: a worker takes our package's name back, so that the app may have a `pingbox` of its own.
        _state.kept = importlib.import_module("pingbox.emulator.redirect.kept_socket")
        patches[_ENDPOINT] = _patch_endpoint
    _state.undo.append(sockets.install(_watch))
    _state.undo.append(libraries.install(_watch, patches))
    _state.undo.append(_past_proxies(os.environ, watch))
    if with_children:
        children.install(targets)


def uninstall() -> None:
    """Open the ways again (for tests, and for a test kit that leaves its host process as it found it)."""
    _state.watch = None
    while _state.undo:
        _state.undo.pop()()
    if _state.kept is not None:
        _state.kept.close()
        _state.kept = None


def _past_proxies(environ: MutableMapping[str, str], watch: _Watch) -> Callable[[], None]:
    """Where a proxy is configured, hosts of AWS and of the emulator are not asked of it; returns what undoes that."""
    if not any(name in environ or name.upper() in environ for name in _PROXIES):
        return lambda: None
    before = {name: environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    own = [*AWS_SUFFIXES, "169.254.169.254", "169.254.170.2", "localhost", "127.0.0.1", *sorted(watch.targets.domains)]
    others = before["no_proxy"] or before["NO_PROXY"] or ""
    for name in before:
        environ[name] = ",".join(filter(None, (others, *own)))

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value

    return restore


class _Watch:
    def __init__(self, targets: Targets, allow: frozenset[str]) -> None:
        self.targets = targets
        self.allow = allow
        parts = urlsplit(targets.endpoint)
        self.address = (parts.hostname or "", parts.port or 80)
        self.port = targets.port
        self.leads_here = targets.leads_here

    def refuses(self, host: str) -> bool:
        return is_aws_host(host) and not self.leads_here(host) and service_of(host) not in self.allow

    def refuse(self, host: str) -> None:
        """Raise `ProxyRefused` for a host that is asked of somebody else, a proxy or a name server."""
        if self.leads_here(host) or self.refuses(host):
            raise ProxyRefused(host)

    def rewritten(self, url: str) -> tuple[str, str | None]:
        """Where a botocore request for `url` really goes, and the Host header it must then carry (None: its own)."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if is_execute_api_host(host) or self.leads_here(host):
            return self._at_the_emulator(url), parts.netloc
        if parts.scheme == "https" and parts.netloc == urlsplit(self.targets.endpoint).netloc:
            # `https://{domainName}/{stage}`, the domain name being the emulator's address: same handler code as on AWS
            return self._at_the_emulator(url), None
        if self.refuses(host):
            raise AwsRefused(host)
        return url, None

    def _at_the_emulator(self, url: str) -> str:
        here, there = urlsplit(self.targets.endpoint), urlsplit(url)
        return urlunsplit((here.scheme, here.netloc, there.path, there.query, there.fragment))


class _State:
    def __init__(self) -> None:
        self.watch: _Watch | None = None
        self.audited = False
        self.kept: Any = None  # the module `kept_socket`, where it was asked for
        self.undo: list[Callable[[], None]] = []


_state = _State()


def _watch() -> _Watch | None:
    return _state.watch


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
    name = sockets.text(host)
    if name is not None and watch.refuses(name):
        raise AwsRefused(name)


# -- botocore ------------------------------------------------------------------------------------------------------


def _patch_httpsession(module: ModuleType) -> Callable[[], None]:
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
    return restore


def _patch_endpoint(module: ModuleType) -> Callable[[], None]:
    def is_ours(url: str) -> bool:
        watch = _state.watch
        try:
            return watch is not None and _kept(watch, watch.rewritten(url)[0]) is not None
        except AwsRefused:
            return False  # it is refused where it would be sent

    restore: Callable[[], None] = _state.kept.skip_signatures(module, is_ours)
    return restore


def _kept(watch: _Watch, url: str) -> Any:
    """The module `kept_socket` for a URL of the emulator, where it was asked for."""
    endpoint = watch.targets.endpoint
    return _state.kept if url.startswith(endpoint + "/") and endpoint.startswith("http:") else None
