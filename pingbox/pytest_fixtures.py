"""The fixtures of PingBox's pytest plugin. Whatever is heavy is imported by the first test that asks for one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pingbox.testing import AsyncEmulator, Emulator, SyncWebSockets, WebSockets
    from pingbox.testing.aws_clients import DynamoDB

SHORT_NAMES = {
    "ws": "pingbox_ws",
    "ws_sync": "pingbox_ws_sync",
    "ws_async": "pingbox_ws_async",
    "management": "pingbox_management",
    "dynamodb": "pingbox_dynamodb",
}
"""Fixtures that have a short name too, unless another plugin has a fixture of that name."""

used: pytest.StashKey[list[Emulator]] = pytest.StashKey()
"""The emulators that a test has used, for its report."""


NEAREST = object()
"""In place of an app: the one that is declared nearest to the test's file."""


@pytest.fixture(scope="session")
def pingbox_app(pytestconfig: pytest.Config) -> object:
    """The app under test; override it in a conftest.py with anything that `Emulator` takes.

    Unless it is overridden: `pingbox_app` of the ini file, else the `[tool.pingbox]` table of the pyproject.toml that
    is nearest above the test's file.
    """
    named = str(pytestconfig.getini("pingbox_app") or "")
    if not named:
        return NEAREST
    path = pytestconfig.rootpath / named
    return path if path.exists() else named


@pytest.fixture(scope="session")
def pingbox_options() -> Mapping[str, Any]:
    """Further arguments of `Emulator` (`tables`, `environment`, …); override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def pingbox_emulators(pytestconfig: pytest.Config) -> Iterator[_Emulators]:
    """The emulators of the session: one for each app that a test names."""
    emulators = _Emulators(pytestconfig.rootpath)
    yield emulators
    emulators.stop()


@pytest.fixture
def pingbox_emulator(
    request: pytest.FixtureRequest,
    pingbox_emulators: _Emulators,
    pingbox_app: Any,
    pingbox_options: Mapping[str, Any],
) -> Iterator[Emulator]:
    """The app of this test, running and clean, as an `Emulator`. Tests use `pingbox`."""
    app, folder = pingbox_app, request.config.rootpath
    if app is NEAREST:
        app, folder = nearest_app(request.path, request.config.rootpath)
    emulator = pingbox_emulators.of_session(app, {"folder": folder, **pingbox_options})
    _note(request, emulator)
    yield emulator
    pingbox_emulators.clean(emulator)


@pytest.fixture
def pingbox(request: pytest.FixtureRequest, pingbox_emulator: Emulator) -> Emulator | AsyncEmulator:
    """The app, running and clean: an `AsyncEmulator` for an `async def` test, an `Emulator` for others."""
    return pingbox_emulator.as_async() if _is_async(request) else pingbox_emulator


@pytest.fixture
def pingbox_ws(pingbox: Emulator | AsyncEmulator) -> SyncWebSockets | WebSockets:
    """Makes clients: `await ws.connect()` in an `async def` test, `ws.connect()` in others."""
    return pingbox.ws


@pytest.fixture
def pingbox_management(pingbox: Emulator | AsyncEmulator) -> Any:
    """A boto3 client of `apigatewaymanagementapi` for the app's API."""
    return pingbox.management


@pytest.fixture
def pingbox_dynamodb(pingbox: Emulator | AsyncEmulator) -> DynamoDB:
    """boto3's `client` and `resource` for the app's tables; `table(name)`, `items(name)`."""
    return pingbox.dynamodb


@pytest.fixture
def pingbox_ws_sync(pingbox_emulator: Emulator) -> SyncWebSockets:
    """Makes clients that block: `ws_sync.connect()`, whatever kind of test it is; in a trio test on a thread."""
    return pingbox_emulator.ws


@pytest.fixture
def pingbox_ws_async(pingbox_emulator: Emulator) -> WebSockets:
    """Makes clients to be awaited: `await ws_async.connect()`, whatever kind of test it is."""
    return pingbox_emulator.as_async().ws


@pytest.fixture
def pingbox_api(
    request: pytest.FixtureRequest, pingbox_emulators: _Emulators
) -> Iterator[Callable[..., Emulator | AsyncEmulator]]:
    """`pingbox_api(app, **options)`: a further app, clean, until the end of the test. Arguments as `Emulator`'s."""
    mine: list[Emulator] = []
    is_async = _is_async(request)  # now: while the test runs, a plugin for loops has wrapped its function

    def start(app: Any = None, **options: Any) -> Emulator | AsyncEmulator:
        emulator = pingbox_emulators.started(app, options)
        if emulator not in mine:
            mine.append(emulator)
            _note(request, emulator)
        return emulator.as_async() if is_async else emulator

    yield start
    for emulator in mine:
        pingbox_emulators.clean(emulator)


def short_names(names: Mapping[str, str]) -> ModuleType:
    """A plugin with these further names of fixtures."""
    plugin = ModuleType("pingbox_short_names")
    for name, long in names.items():
        setattr(plugin, name, _alias(name, long))
    return plugin


class _Emulators:
    """Emulators by app. Those of the session's apps, and of apps named by a text, run until the session's end; the
    others end with their test.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Emulator] = {}

    def of_session(self, app: Any, options: Mapping[str, Any]) -> Emulator:
        """A running emulator for this app, kept until the session's end."""
        key = _key(app, options)
        if (kept := self._kept.get(key)) is not None:
            kept.resume()
            return kept
        emulator = self._kept[key] = _new(app, options)
        return emulator

    def started(self, app: Any, options: Mapping[str, Any]) -> Emulator:
        """A running emulator for this app with these options."""
        whole = {"folder": self._folder, **options}
        if _key(app, whole) in self._kept or isinstance(app, (str, Path)):
            return self.of_session(app, whole)
        return _new(app, whole)

    def clean(self, emulator: Emulator) -> None:
        """The test that used it is over."""
        if emulator in self._kept.values():
            emulator.reset()
            emulator.suspend()
        else:
            emulator.stop()

    def stop(self) -> None:
        """End those that were kept."""
        for emulator in self._kept.values():
            emulator.stop()


def _key(app: Any, options: Mapping[str, Any]) -> str:
    return repr((app, sorted(options.items())))


def _new(app: Any, options: Mapping[str, Any]) -> Emulator:
    from pingbox.testing import Emulator

    return Emulator(app, **options).start()


def nearest_app(test: Path, root: Path) -> tuple[Any, Path]:
    """The app that is declared nearest above the test's file, and the folder that it is looked for in.

    A `[tool.pingbox]` table may name it with `app`, else it declares it. Raises `AppError` without any.
    """
    for folder in test.parents:
        project = folder / "pyproject.toml"
        table = _tool_table(project) if project.is_file() else {}
        if table:
            named = str(table.get("app", ""))
            return ((folder / named if (folder / named).exists() else named) if named else project), folder
        if folder == root:
            break
    from pingbox.testing import AppError

    raise AppError(
        f"no app is named for {test.name}. Write [tool.pingbox] into a pyproject.toml in its folder or above "
        f'(app = "template.yaml" or "module:ROUTES", or the app itself), set pingbox_app in the ini file, or override '
        f'the fixture pingbox_app. PingBox\'s own chat is "pingbox:chat"'
    )


def _alias(name: str, long: str) -> Any:
    @pytest.fixture(name=name)
    def short(request: pytest.FixtureRequest) -> Any:
        return request.getfixturevalue(long)

    return short


def _note(request: pytest.FixtureRequest, emulator: Emulator) -> None:
    """The test's report will show this emulator's conversation."""
    request.node.stash.setdefault(used, []).append(emulator)


def _is_async(request: pytest.FixtureRequest) -> bool:
    function = getattr(request, "function", None)
    function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return inspect.iscoroutinefunction(function)


def _tool_table(project: Path) -> Mapping[str, Any]:
    import tomllib

    table = tomllib.loads(project.read_text(encoding="utf-8")).get("tool", {}).get("pingbox", {})
    return table if isinstance(table, dict) else {}
