"""`pingbox rehearse`: the very zip, template and page that would be deployed, run and talked through."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from pingbox.chat.model import Site
from pingbox.deploy.artifacts.package import Artifact, chat_artifact, chat_sources, pack
from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.plan.desired import chat_desired
from pingbox.rehearsal.acceptance import UnexpectedError, converse
from pingbox.rehearsal.command import rehearse
from pingbox.rehearsal.server import TARGET, Rehearsal
from support.deploy.ministack import ROOT

INDEX = SiteFile("index.html", b"<p>the page</p>", "text/html; charset=utf-8", "no-cache")


def rehearsal(artifact: Artifact, libraries: Path | None = None) -> Rehearsal:
    return Rehearsal(chat_desired(TARGET, artifact, [INDEX], Site.WEBSITE, {}), libraries=libraries)


def test_a_plain_install_is_told_the_command_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, so that its first letter stays as a shell wants it."""
    monkeypatch.setitem(sys.modules, "awslambdaric", None)
    result = CliRunner().invoke(rehearse, [], obj=lambda: [INDEX])
    assert result.exit_code == 1
    assert result.output.endswith(
        "no awslambdaric; expected AWS's runtime client for Python. Run `pip install awslambdaric`.\n"
    )


def test_it_runs_from_the_zip_alone() -> None:
    """A module that was not packed is missing, although it is installed here."""
    lacking = pack(source for source in chat_sources() if source.path != "pingbox_core/identity/admission.py")

    async def run() -> None:
        house = rehearsal(lacking)
        await house.start()
        try:
            await converse(house.websocket, house.origin, lambda step: None)
        finally:
            await house.stop()

    with pytest.raises(UnexpectedError, match="expected Ana to be let in"):
        asyncio.run(run())


def test_the_oldest_boto3_of_the_runtime_will_do() -> None:
    """The zip brings no boto3, and Lambda's is older than ours: parameters of this year would fail there only."""
    [libraries] = (ROOT / ".venv-deploy" / "runtime" / "lib").glob("python*/site-packages")
    heard: list[str] = []

    async def run() -> None:
        house = rehearsal(chat_artifact(), libraries)
        await house.start()
        try:
            await converse(house.websocket, house.origin, heard.append)
        finally:
            await house.stop()

    asyncio.run(run())
    assert len(heard) == 6


def test_the_page_comes_with_the_headers_it_would_have() -> None:
    """`config.json` names this very socket."""

    def fetch(url: str) -> tuple[bytes, str, str]:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read(), answer.headers["Content-Type"], answer.headers["Cache-Control"]

    async def run() -> None:
        house = rehearsal(chat_artifact())
        await house.start()
        try:
            index = await asyncio.to_thread(fetch, house.url)
            body, kind, cache = await asyncio.to_thread(fetch, f"{house.url}config.json")
            assert index == (INDEX.body, INDEX.content_type, INDEX.cache_control)
            assert (json.loads(body), kind, cache) == ({"wsUrl": house.websocket}, "application/json", "no-store")
        finally:
            await house.stop()

    asyncio.run(run())
