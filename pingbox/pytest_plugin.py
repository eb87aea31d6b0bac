"""PingBox in pytest: a WebSocket API as fixtures. Imports nothing heavy until a test asks for one.

Options in the ini file: `pingbox_app` names the app, `pingbox = false` switches the plugin off.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options in the ini file; no command line switches, they would be in everybody's `--help`."""
    parser.addini("pingbox", "set to false to switch PingBox's fixtures off", type="bool", default=True)
    parser.addini("pingbox_app", "the app under test: a template, module:ROUTES, or nothing for PingBox's own chat")
