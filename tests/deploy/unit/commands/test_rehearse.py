"""`pingbox rehearse`, as anybody runs it; what it refuses is tried with the tools of `make test-deploy`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pingbox.deploy.artifacts.site import SiteFile
from pingbox.rehearsal.command import rehearse

pytest.importorskip("awslambdaric", reason="AWS's runtime client for Python is for Linux")

INDEX = SiteFile("index.html", b"<p>the page</p>", "text/html; charset=utf-8", "no-cache")


def test_the_conversation_goes_well() -> None:
    """Every step of it, out of the zip, by the rendered template."""
    result = CliRunner().invoke(rehearse, [], obj=lambda: [INDEX])
    assert result.exit_code == 0, result.output
    assert result.output.count("ok: ") == 6
