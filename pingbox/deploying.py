"""Composition root of the deploy: its commands, with the page's files put into their hands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pingbox.deploy import commands, commands_running
from pingbox.deploy.site import SiteFile


def page_files() -> Iterator[SiteFile]:
    """The page as the deploy wants it."""
    from pingbox import web

    for file in web.files():
        yield SiteFile(file.path, file.read(), file.content_type, file.cache)


def _with_page(command: click.Command) -> click.Command:
    command.context_settings["obj"] = page_files
    return command


plan = _with_page(commands.plan)
deploy = _with_page(commands.deploy)
status = commands_running.status
logs = commands_running.logs
open_page = commands_running.open_page
destroy = commands_running.destroy
template = commands.template
policy = commands.policy
