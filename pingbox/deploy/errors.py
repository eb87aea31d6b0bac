"""What a deploy can refuse or fail with.

DeployError
├── DeployRefusedError  we do not begin, or stop before anything was changed
├── StackError          CloudFormation began and did not get there; the text leads with the first cause
└── AwsError            a call was answered with an error
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, is_dataclass
from typing import Any


class DeployError(Exception):
    """The root: shown to people without a traceback, exit code 1."""

    def as_json(self) -> dict[str, Any]:
        """For `--json`: the sentence, and the parts it is made of."""
        parts: dict[str, Any] = asdict(self) if is_dataclass(self) and not isinstance(self, type) else {}
        return {"message": str(self), **parts}


@dataclass(eq=False)
class DeployRefusedError(DeployError):
    """`what` is the thing, `found` the value received, `expected` the value expected, `next_step` what helps."""

    what: str
    found: str
    expected: str
    next_step: str

    def __str__(self) -> str:
        """Four facts in one short paragraph."""
        return f"{self.what}: {self.found}; expected {self.expected}. {_sentence(self.next_step)}"


@dataclass(eq=False)
class StackError(DeployError):
    """`status` is where the stack ended; `logical_id` and `reason` are the first failure, not its echoes."""

    stack: str
    status: str
    logical_id: str | None
    reason: str

    def __str__(self) -> str:
        """The first cause first."""
        where = f"{self.logical_id}: " if self.logical_id else ""
        return f"{where}{self.reason} (stack {self.stack} is now {self.status})"


@dataclass(eq=False)
class AwsError(DeployError):
    """`operation` as AWS calls it, `code` and `reason` as AWS answered."""

    operation: str
    code: str
    reason: str

    def __str__(self) -> str:
        """In AWS's words."""
        return f"AWS answered {self.operation} with {self.code}: {self.reason}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
