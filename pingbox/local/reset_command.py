"""`pingbox reset`: empty the data folder, after asking."""

from __future__ import annotations

from pathlib import Path

import click

from pingbox.local.data_dir import default_data_dir, ours


@click.command()
@click.argument("app", required=False)
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="The folder to empty.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(app: str | None, data_dir: Path | None, yes: bool) -> None:
    """Delete what `serve` kept on this machine.

    Without APP: every room, message and guest of the chat. With APP, named as for `serve`: its tables.
    """
    from pingbox.emulator.clock import SystemClock
    from pingbox.emulator.services.dynamodb import LocalDynamoDB, StoreError

    folder = data_dir or default_data_dir(app)
    files = ours(folder) if folder.is_dir() else []
    if not files:
        click.echo(f"nothing is kept in {folder}")
        return
    if not yes:
        click.confirm(f"Delete {'the tables' if app else 'all rooms and messages'} kept in {folder}?", abort=True)
    try:
        # Upgrade takes the folder's lock: a running serve must not lose its files under its feet.
        LocalDynamoDB.open(folder, clock=SystemClock()).close()
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    for file in ours(folder):
        file.unlink()
    click.echo(f"emptied {folder}")
