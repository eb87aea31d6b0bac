"""`pingbox deploy` and its neighbours, run in this process against an account of MiniStack."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import CliRunner, Result

from pingbox.cli import main
from support.deploy.ministack import Account

Pingbox = Callable[..., Result]


def command_in(account: Account, **credentials: str) -> Pingbox:
    """The command in this account: `run("deploy", "--yes", code=0)`. `code` is what it has to exit with.

    `credentials` are environment variables that take the place of the root's."""

    def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
        environment = {**account.environment, "AWS_PROFILE": None, "COLUMNS": "200", **credentials}
        result = CliRunner().invoke(main, arguments, env=environment, input=typed)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run
