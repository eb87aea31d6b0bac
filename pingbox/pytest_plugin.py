"""PingBox in pytest: a WebSocket API as fixtures. Imports nothing heavy until a test asks for one.

The app under test is named by `pingbox_app` in the ini file, or by the nearest `[tool.pingbox]` table above the test:
by its `app`, else it is what the table declares. `pingbox = false` in the ini file switches all this off.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pingbox import pytest_fixtures

if TYPE_CHECKING:
    from pingbox.testing import Emulator
    from pingbox.testing.emulator import EmulatorFacts


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options in the ini file; no command line switches, they would be in everybody's `--help`."""
    parser.addini("pingbox", "set to false to switch PingBox's fixtures off", type="bool", default=True)
    parser.addini("pingbox_app", "the app under test: a template, module:ROUTES, or pingbox:chat")
    strict = "fail tests whose invocations failed, whose messages nobody read, whose template has warnings"
    parser.addini("pingbox_strict", strict, type="bool", default=False)
    unused = "let tests pass although a fault that they ordered never struck"
    parser.addini("pingbox_allow_unused_faults", unused, type="bool", default=False)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Bring the fixtures in, after all other plugins: whose names come first."""
    config.addinivalue_line("markers", "pingbox_strict(on=True): as the ini option, for this test")
    if not config.getini("pingbox"):
        return
    others = config.pluginmanager.get_plugins()
    free = {
        name: long
        for name, long in pytest_fixtures.SHORT_NAMES.items()
        if not any(hasattr(other, name) for other in others)
    }
    config.pluginmanager.register(pytest_fixtures, "pingbox-fixtures")
    config.pluginmanager.register(pytest_fixtures.short_names(free), "pingbox-short-names")


def pytest_runtest_setup() -> None:
    """What ran for the test before is not this one's."""
    if (module := sys.modules.get("pingbox.testing.emulator")) is not None:
        module.ended.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """Fail a test that would be green and has tested nothing: see `Emulator.check_end`."""
    try:
        result = yield
    except Exception as error:
        for emulator in _used(item):
            emulator.check_unawaited(error)
        raise
    options = {
        "strict": _is_strict(item),
        "allow_unused_faults": bool(item.config.getini("pingbox_allow_unused_faults")),
    }
    for emulator in _used(item):
        if story := _story(partial(emulator.check_end, **options)):
            pytest.fail(story, pytrace=False)
    return result


def _used(item: pytest.Item) -> list[Emulator]:
    """The emulators of the test's fixtures."""
    return item.stash.get(pytest_fixtures.used, [])


def _is_strict(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("pingbox_strict")
    if marker is None:
        return bool(item.config.getini("pingbox_strict"))
    return bool(marker.kwargs.get("on", marker.args[0] if marker.args else True))


def _story(check: Callable[[], None]) -> str:
    """What `check` has to tell. Failing outside of its `except`, pytest tells it once, not as two errors."""
    try:
        check()
    except AssertionError as told:
        return str(told)
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show the conversation of a test that failed, or whose own fixtures did."""
    report = yield
    # After the test the emulator is clean again: a teardown has no conversation left to show.
    if report.when != "teardown" and report.failed:
        for emulator in _shown(item):
            report.sections.extend(emulator.report())
    return report


def _shown(item: pytest.Item) -> Sequence[EmulatorFacts]:
    """The emulators of the test's fixtures; without any, as in unittest, those that run or have just ended."""
    if used := _used(item):
        return used
    module = sys.modules.get("pingbox.testing.emulator")
    return [] if module is None else [*module.running, *module.ended]
