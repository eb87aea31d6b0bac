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

SHORT_NAMES = {"ws": "pingbox_ws", "management": "pingbox_management", "dynamodb": "pingbox_dynamodb"}
"""Fixtures that have a short name too, unless another plugin has a fixture of that name."""

used: pytest.StashKey[list[Emulator]] = pytest.StashKey()
"""The emulators that a test has used, for its report."""


@pytest.fixture(scope="session")
def pingbox_app(pytestconfig: pytest.Config) -> object:
    """The app under test; override it in a conftest.py with anything that `Emulator` takes."""
    return _named_app(pytestconfig)


@pytest.fixture(scope="session")
def pingbox_options() -> Mapping[str, Any]:
    """Further arguments of `Emulator` (`tables`, `environment`, …); override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def pingbox_emulator(
    pytestconfig: pytest.Config, pingbox_app: Any, pingbox_options: Mapping[str, Any]
) -> Iterator[Emulator]:
    """The one emulator of the session. Tests use `pingbox`, which is this one, clean."""
    from pingbox.testing import Emulator

    with Emulator(pingbox_app, **{"folder": pytestconfig.rootpath, **pingbox_options}) as emulator:
        # Tests that do not ask for it find the process as it was.
        emulator.suspend()
        yield emulator


@pytest.fixture
def pingbox(request: pytest.FixtureRequest, pingbox_emulator: Emulator) -> Iterator[Emulator | AsyncEmulator]:
    """The app, running and clean: an `AsyncEmulator` for an `async def` test, an `Emulator` for others."""
    _note(request, pingbox_emulator)
    pingbox_emulator.resume()
    yield pingbox_emulator.as_async() if _is_async(request) else pingbox_emulator
    pingbox_emulator.reset()
    pingbox_emulator.suspend()


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


@pytest.fixture(scope="session")
def pingbox_emulators(pytestconfig: pytest.Config) -> Iterator[_Emulators]:
    """The further apps of the session."""
    emulators = _Emulators(pytestconfig.rootpath)
    yield emulators
    emulators.stop()


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
        pingbox_emulators.give_back(emulator)


def short_names(names: Mapping[str, str]) -> ModuleType:
    """A plugin with these further names of fixtures."""
    plugin = ModuleType("pingbox_short_names")
    for name, long in names.items():
        setattr(plugin, name, _alias(name, long))
    return plugin


class _Emulators:
    """Emulators by app. Those of an app named by a text run until the session's end; the others end with their test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Emulator] = {}

    def started(self, app: Any, options: Mapping[str, Any]) -> Emulator:
        """A running emulator for this app with these options."""
        from pingbox.testing import Emulator

        key = repr((app, sorted(options.items())))
        if (kept := self._kept.get(key)) is not None:
            kept.resume()
            return kept
        emulator = Emulator(app, **{"folder": self._folder, **options}).start()
        if isinstance(app, (str, Path)):
            self._kept[key] = emulator
        return emulator

    def give_back(self, emulator: Emulator) -> None:
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


def _named_app(config: pytest.Config) -> object:
    named = str(config.getini("pingbox_app") or "")
    project = config.rootpath / "pyproject.toml"
    if not named and project.is_file():
        table = _tool_table(project)
        named = str(table.get("app", "") or (project if table else ""))
    if not named:
        return None
    path = config.rootpath / named
    return path if path.exists() else named


def _tool_table(project: Path) -> Mapping[str, Any]:
    import tomllib

    table = tomllib.loads(project.read_text(encoding="utf-8")).get("tool", {}).get("pingbox", {})
    return table if isinstance(table, dict) else {}
