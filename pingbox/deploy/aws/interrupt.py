"""Ctrl-C while CloudFormation works: CloudFormation does not stop, and the user is told so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

EXIT_CODE = 130
"""What shells give a program that Ctrl-C ended."""


class StoppedByHandError(click.ClickException):
    """Shown in one line."""

    exit_code = EXIT_CODE


@contextmanager
def report_interrupt(stack: str, next_step: str) -> Iterator[None]:
    """Say what goes on without us, and what to do then."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise StoppedByHandError(
            f"interrupted. What CloudFormation has begun with {stack} continues; "
            f"`pingbox status` shows when it has finished. Then {next_step}."
        ) from interrupt
