"""The `pingbox` command. Every command is imported only when it is run, so that `pingbox --help` is quick."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

from pingbox import __version__

if TYPE_CHECKING:
    from pingbox.deploy.artifacts.site import SiteFile

# name -> (where the command lives, its line in the help)
_COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("pingbox.local.serve_command:serve", "Chat offline, or run your own WebSocket app, on one port."),
    "chat": ("pingbox.client.command:chat", "Talk in a terminal, or send and follow from scripts."),
    "export": ("pingbox.client.export:export", "A room's messages as JSON lines."),
    "reset": ("pingbox.local.reset_command:reset", "Delete the messages and tables that serve kept on this machine."),
    "invoke": ("pingbox.local.invoke_command:invoke", "Send one event to the function behind a route."),
    "replay": ("pingbox.local.invoke_command:replay", "Send the events of a trace to the functions again."),
    "plan": ("pingbox.deploy.commands.deploy:plan", "Show what a deploy to AWS would change."),
    "deploy": (
        "pingbox.deploy.commands.deploy:deploy",
        "Put the chat, or your own template, on AWS: plan, confirm, watch.",
    ),
    "status": ("pingbox.deploy.commands.stages:status", "Outputs, health and drift of a deployed stage."),
    "logs": ("pingbox.deploy.commands.stages:logs", "The functions' logs on AWS."),
    "open": ("pingbox.deploy.commands.stages:open_page", "Open the deployed page in the browser."),
    "destroy": ("pingbox.deploy.commands.stages:destroy", "Take a stage down and show that nothing is left."),
    "rehearse": ("pingbox.rehearsal.command:rehearse", "Run what would be deployed, and talk through it."),
    "template": ("pingbox.deploy.commands.deploy:template", "Print the chat's CloudFormation template."),
    "policy": ("pingbox.deploy.commands.deploy:policy", "Print the IAM policy that the deploying person needs."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every command for its short help.
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"auto_envvar_prefix": "PINGBOX", "help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pingbox")
@click.pass_context
def main(ctx: click.Context) -> None:
    """PingBox: a WebSocket chat for AWS, and an emulator to run your own WebSocket app on a laptop."""
    # The deploy knows no page: it asks for the files when it needs them.
    ctx.obj = page_files


def page_files() -> list[SiteFile]:
    from pingbox.deploy.artifacts.site import SiteFile
    from pingbox.web.contents import files

    return [
        SiteFile(file.path, file.packed or file.body, file.content_type, file.cache, "gzip" if file.packed else "")
        for file in files()
    ]
