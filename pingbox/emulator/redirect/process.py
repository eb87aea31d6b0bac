"""This process's own AWS calls: its environment variables and its boto3 clients lead to an emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pingbox.emulator.redirect import guard
from pingbox.emulator.redirect.aws_calls import observe_all
from pingbox.emulator.redirect.boto3_redirect import Boto3Redirect


@contextmanager
def redirected_process(redirect: Boto3Redirect) -> Iterator[None]:
    """While the block runs, boto3 finds the emulator, whoever made the client, and calls of functions are observed."""
    variables = guard.environment(redirect.endpoint, redirect.region)
    with process_environment(variables), redirect.redirect_all(), observe_all():
        yield


@contextmanager
def process_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Nobody's keys and profiles, and `variables`, until the block ends. What others change meanwhile stays changed."""
    before = dict(os.environ)
    guard.scrub(os.environ)
    os.environ.update(variables)
    mine = {name: value for name, value in os.environ.items() if before.get(name) != value}
    try:
        yield
    finally:
        for name, value in mine.items():
            if os.environ.get(name) == value:
                del os.environ[name]
        for name, value in before.items():
            os.environ.setdefault(name, value)
