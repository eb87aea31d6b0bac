"""PingBox in pytest: a WebSocket API as fixtures. Imports nothing heavy until a test asks for one.

The app under test is named by `pingbox_app` in the ini file, or by `app` in pyproject's `[tool.pingbox]`; without
either it is what that table declares, or PingBox's own chat. `pingbox = false` in the ini file switches all this off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pingbox import pytest_fixtures


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options in the ini file; no command line switches, they would be in everybody's `--help`."""
    parser.addini("pingbox", "set to false to switch PingBox's fixtures off", type="bool", default=True)
    parser.addini("pingbox_app", "the app under test: a template, module:ROUTES, or nothing for PingBox's own chat")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Bring the fixtures in, after all other plugins: whose names come first."""
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """Fail a test that forgot an `await`: what it called did nothing, and it would be green."""
    try:
        result = yield
    except Exception as error:
        for emulator in item.stash.get(pytest_fixtures.used, []):
            emulator.check_unawaited(error)
        raise
    for emulator in item.stash.get(pytest_fixtures.used, []):
        if story := _story(emulator.check_unawaited):
            pytest.fail(story, pytrace=False)
    return result


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
        for emulator in item.stash.get(pytest_fixtures.used, []):
            report.sections.extend(emulator.report())
    return report
