"""Where a command works: account, region, identity, stack, last deploy. Shown before every question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.text import Text

from pingbox.deploy.perform.session import Session
from pingbox.deploy.plan.actual import Actual
from pingbox.deploy.plan.protection import is_protected
from pingbox.deploy.plan.source import deployed_source

_WIDTH = 78
_LABEL = 10


@dataclass(frozen=True)
class Context:
    """`alias` is the account's name, `deployed` the time of the last deploy and `by` its identity; None if unknown."""

    account: str
    alias: str | None
    region: str
    identity: str
    stack: str
    status: str
    protected: bool
    source: str | None = None
    deployed: str | None = None
    by: str | None = None

    @property
    def place(self) -> str:
        """For a question: `account 123456789012 (shop), eu-central-1`."""
        return f"account {self.account}{f' ({self.alias})' if self.alias else ''}, {self.region}"

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "account": self.account,
            "accountAlias": self.alias,
            "region": self.region,
            "identity": self.identity,
            "protected": self.protected,
            "deployedFrom": self.source,
            "lastDeployed": self.deployed,
            "lastDeployedBy": self.by,
        }

    def view(self) -> Text:
        """Five labelled lines, each within the width of a terminal."""
        protection = "protected" if self.protected else "not protected"
        last = "never, as far as is recorded"
        if self.deployed is not None:
            last = f"{self.deployed} by {_short(self.by or 'unknown')}"
        rows = {
            "account": f"{self.account}{f' ({self.alias})' if self.alias else ''}",
            "region": self.region,
            "identity": _short(self.identity),
            "stack": f"{self.stack}, {self.status}, {protection}",
            "runs": self.source or "nothing yet",
            "deployed": last,
        }
        return Text("\n").join(_row(label, value) for label, value in rows.items())


def context(session: Session, actual: Actual, protected: bool | None = None) -> Context:
    """The context of one run. `protected` None: as the stack is."""
    stack, note = actual.stack, actual.note
    source = deployed_source(stack) if stack else None
    return Context(
        account=session.found.account,
        alias=session.found.alias,
        region=session.target.region,
        identity=session.found.arn,
        stack=session.target.stack,
        status=stack.status if stack else "not there yet",
        protected=is_protected(stack, session.target.stage) if protected is None else protected,
        source=None if source is None else str(source),
        deployed=note.at if note else None,
        by=note.by if note else None,
    )


def _short(arn: str) -> str:
    """`assumed-role/Admin/me`: the account stands above it already."""
    return arn.split(":", 5)[-1]


def _row(label: str, value: str) -> Text:
    room = _WIDTH - _LABEL
    cut = value if len(value) <= room else f"{value[: room - 1]}…"
    return Text.assemble((f"{label:<{_LABEL}}", "dim"), cut)
