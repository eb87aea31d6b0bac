"""The chat as a browser test needs it, rehearsed: from the zip, by the rendered template, with the page as uploaded."""

from __future__ import annotations

import os

from pingbox.chat.model import Site
from pingbox.cli import page_files
from pingbox.deploy.artifacts.package import chat_artifact
from pingbox.deploy.plan.desired import chat_desired
from pingbox.local.addresses import Addresses
from pingbox.rehearsal.server import TARGET, Rehearsal

REHEARSED = os.environ.get("PINGBOX_BROWSER_HOUSE") == "rehearsal"
"""`make test-rehearsal` sets it. Functions then are processes of their own and know the real time only."""


class RehearsedHouse:
    """Stands in for `ChatServer` where a test wants its addresses."""

    def __init__(self, *, rate_per_minute: int | None) -> None:
        settings = {} if rate_per_minute is None else {"RatePerMinute": str(rate_per_minute)}
        self._rehearsal = Rehearsal(chat_desired(TARGET, chat_artifact(), page_files(), Site.WEBSITE, settings))

    async def start(self) -> None:
        await self._rehearsal.start()

    async def stop(self) -> None:
        await self._rehearsal.stop()

    @property
    def addresses(self) -> Addresses:
        server = self._rehearsal.server
        return Addresses(
            websocket=self._rehearsal.websocket,
            management=f"{server.management_url(TARGET.stage)}/@connections",
            endpoint=server.url,
            page=self._rehearsal.url,
        )
