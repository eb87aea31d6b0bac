"""What a change set would do, as values: read by `plan`, judged before anything is executed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.deploy.plan.data_types import NESTED_STACKS, loss


@dataclass(frozen=True)
class PropertyChange:
    """One property that changes. `before` and `after` are None where CloudFormation does not say.

    `recreation` is `Never`, `Conditionally` or `Always`; None for tags, policies and metadata.
    """

    path: str
    before: str | None = None
    after: str | None = None
    recreation: str | None = None


@dataclass(frozen=True)
class ResourceChange:
    """One resource. `action` is Add, Modify, Remove, Import or Dynamic; `replacement` True, False or Conditional.

    `replacement` is None where the question does not arise (Add, Remove). `nested_change_set` is the ARN of the change
    set that says what happens inside a nested stack, None for other types and where CloudFormation made none.
    """

    action: str
    logical_id: str
    type: str
    replacement: str | None = None
    properties: tuple[PropertyChange, ...] = ()
    nested_change_set: str | None = None

    @property
    def loses(self) -> str | None:
        """What would be lost for sure or perhaps, in words; None if nothing is.

        A nested stack that changes without a change set of its own is a loss: what happens inside is unknown.
        """
        if self.type in NESTED_STACKS and self.action == "Modify" and self.nested_change_set is None:
            return "CloudFormation does not say what changes inside the nested stack"
        gone = self.action in {"Remove", "Dynamic"} or self.replacement in {"True", "Conditional"}
        return loss(self.type) if gone else None

    def as_json(self) -> dict[str, Any]:
        """For `--json`: lower-case words, nothing left out."""
        return {
            "action": self.action,
            "logicalId": self.logical_id,
            "type": self.type,
            "replacement": self.replacement,
            "properties": [vars(change) for change in self.properties],
            "loses": self.loses,
        }


def changes_of(entries: Iterable[Mapping[str, Any]]) -> tuple[ResourceChange, ...]:
    """The changes of a change set's pages; entries that are no resources (hooks) are passed over."""
    return tuple(_change(entry["ResourceChange"]) for entry in entries if entry.get("Type") == "Resource")


def data_loss(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """Changes that would lose data, or something that others know by its name, address or key."""
    return tuple(change for change in changes if change.loses)


def _change(entry: Mapping[str, Any]) -> ResourceChange:
    action = entry["Action"]
    return ResourceChange(
        action=action,
        logical_id=entry["LogicalResourceId"],
        type=entry["ResourceType"],
        replacement=entry.get("Replacement") if action == "Modify" else None,
        properties=tuple(_distinct(_property(detail) for detail in entry.get("Details", ()))),
        nested_change_set=entry.get("ChangeSetId"),
    )


def _property(detail: Mapping[str, Any]) -> PropertyChange:
    target = detail.get("Target", {})
    path = target.get("Path") or "/".join(filter(None, (target.get("Attribute"), target.get("Name"))))
    return PropertyChange(
        path=path.removeprefix("/Properties/").removeprefix("Properties/"),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
        recreation=target.get("RequiresRecreation"),
    )


def _distinct(changes: Iterable[PropertyChange]) -> list[PropertyChange]:
    """CloudFormation names a property once for its own change and once per parameter behind it; people want it once.

    Of several, the one with values wins.
    """
    best: dict[str, PropertyChange] = {}
    for change in changes:
        known = best.get(change.path)
        if known is None or (known.after is None and change.after is not None):
            best[change.path] = change
    return list(best.values())
