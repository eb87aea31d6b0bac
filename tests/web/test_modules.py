"""Every promise in tests/web/js, run inside Chromium as ES modules; a test for each `test('…')` there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page

JS = Path(__file__).parent / "js"
PROMISES = [
    (file.name, name)
    for file in sorted(JS.glob("*.test.js"))
    for name in re.findall(r"^test\('((?:[^'\\]|\\.)+)'", file.read_text(), re.MULTILINE)
]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(("file", "name"), PROMISES, ids=[f"{file[:-8]}: {name}" for file, name in PROMISES])
async def test_promise(modules: Page, file: str, name: str) -> None:
    failure = await modules.evaluate(
        """async ([file, name]) => {
            await import(`/tests/${file}`);
            const { run } = await import('/tests/harness.js');
            return run(file, name);
        }""",
        [file, name.replace("\\'", "'")],
    )
    assert failure is None, failure


async def test_every_promise_is_found_by_its_text(modules: Page) -> None:
    """A test written in a way that the pattern above overlooks would never run."""
    known = await modules.evaluate(
        """async (files) => {
            for (const file of files) await import(`/tests/${file}`);
            return (await import('/tests/harness.js')).names();
        }""",
        sorted({file for file, _ in PROMISES}),
    )
    assert sorted(map(tuple, known)) == sorted((file, name.replace("\\'", "'")) for file, name in PROMISES)
