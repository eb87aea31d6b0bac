"""`pingbox serve`: options to `ServeSettings`, then the running server until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pingbox.local.data_dir import default_data_dir
from pingbox.settings import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_STAGE, ServeSettings, SettingsError

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("app", required=False)
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="A further name under which the port may be asked, e.g. of a proxy; *.NAME: all below it.",
)
@click.option(
    "--allow-origin",
    "allow_origins",
    multiple=True,
    metavar="ORIGIN",
    help="A page that may use the port, e.g. http://localhost:5173; then other pages' WebSockets are refused.",
)
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of page, WebSocket, @connections; 0: free.")
@click.option("--stage", default=None, help=f"Stage name, the WebSocket's path.  [default: {DEFAULT_STAGE}]")
@click.option("--region", metavar="REGION", help="AWS region to be in.  [default: the app's, else us-east-1]")
@click.option("--open/--no-open", "open_browser", default=False, help="Open the chat in the browser.")
@click.option("--data-dir", type=_FOLDER, help="Where messages are kept.  [default: your user data folder]")
@click.option("--ephemeral", is_flag=True, help="Keep everything in memory and forget it at the end.")
@click.option(
    "--durability",
    type=click.Choice(["normal", "full"]),
    default="normal",
    show_default=True,
    help="normal: an answered write survives a crash of PingBox; full: a loss of power too.",
)
@click.option("--dynamodb-endpoint", metavar="URL", help="Use this DynamoDB engine instead of the local one.")
@click.option(
    "--dynamodb",
    type=click.Choice(["local", "aws"]),
    default="local",
    show_default=True,
    help="aws: real tables in your account, after you said yes.",
)
@click.option(
    "--switch",
    "switched",
    multiple=True,
    metavar="NAME=VALUE",
    help="Where AWS's behaviour is not known for sure, take the other answer, e.g. message_order=serial.",
)
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the template.")
@click.option("--explain", is_flag=True, help="Say what was understood of APP, and end.")
@click.option("--in-process", is_flag=True, help="Run APP's Python handlers in this process: breakpoint() works.")
@click.option("--isolate", is_flag=True, help="Linux: APP's functions reach the emulator, and no other address at all.")
@click.option("--install/--no-install", default=True, help="Install what APP's functions need and lack, in your cache.")
@click.option("--trace", type=_FOLDER, help="Write every event, response and frame, whole, into this folder.")
@click.option("--tls-port", type=click.IntRange(0, 65535), help="Serve over TLS on this port too; needs --tls-ca.")
@click.option("--tls-ca", type=_FILE, help="Write the certificate authority to trust here; needs --tls-port.")
@click.option("--rate", type=click.IntRange(min=0), help="Messages a minute and user; 0: no limit.  [default: 60]")
@click.option("--retention-days", type=click.IntRange(min=2), metavar="DAYS", help="Messages expire after so long.")
@click.option("--ready-file", type=_FILE, help="Write the addresses here as JSON once it answers.")
@click.option("--verbose", is_flag=True, help="Show every frame, management call, AWS call and log line too.")
@click.option("--payloads/--no-payloads", default=True, help="With --verbose: the beginning of each frame's text.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def serve(
    data_dir: Path | None,
    ephemeral: bool,
    dynamodb: str,
    parameters: tuple[str, ...],
    switched: tuple[str, ...],
    explain: bool,
    **options: Any,
) -> None:
    """Chat offline, or run your own WebSocket app.

    Without APP: the chat's page, WebSocket API and @connections on one port, run by its real Lambda handlers.
    APP is a SAM or CloudFormation template, a serverless.yml, a folder with one of these or with a pyproject.toml that
    has [tool.pingbox], or module:function.
    """
    if ephemeral and data_dir is not None:
        raise click.UsageError(f"--ephemeral keeps nothing, --data-dir {data_dir} keeps it; give one of them")
    if dynamodb == "aws" and options["app"]:
        raise click.UsageError("--dynamodb aws is for the chat; an app's handlers carry dummy keys and never reach AWS")
    if dynamodb == "aws":
        click.confirm("The chat will create and use the tables Connections and Messages on AWS. Go on?", abort=True)
    try:
        settings = ServeSettings(
            data_dir=None if ephemeral else data_dir or default_data_dir(options["app"]),
            real_dynamodb=dynamodb == "aws",
            parameters=_named("--parameter", parameters),
            switches=_named("--switch", switched),
            **options,
        )
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    from pingbox.local.server import run, tell

    if explain:
        tell(settings)
    else:
        run(settings)


def _named(option: str, pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.UsageError(f"{option} {pair!r} has no value; expected NAME=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)
