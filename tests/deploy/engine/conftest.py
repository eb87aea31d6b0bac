"""MiniStack for the whole run, an account and the command for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner, Result

from pingbox import deploying
from support.ministack import Account, MiniStack

Pingbox = Callable[..., Result]


@pytest.fixture(scope="session")
def ministack() -> Iterator[MiniStack]:
    with MiniStack() as running:
        yield running


@pytest.fixture
def account(ministack: MiniStack) -> Account:
    return ministack.account()


@pytest.fixture
def pingbox(account: Account) -> Pingbox:
    """`pingbox("deploy", "--yes")`: the command in this account; the exit code has to be `code` (0)."""
    return command_in(account)


def command_in(account: Account) -> Pingbox:
    def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
        named: dict[str, click.Command] = {
            name: getattr(deploying, name) for name in ("plan", "deploy", "status", "logs", "destroy", "template")
        }
        environment = {**account.environment, "AWS_PROFILE": None, "COLUMNS": "200"}
        result = CliRunner().invoke(named[arguments[0]], arguments[1:], env=environment, input=typed)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run
