"""What a stack was deployed from, and the refusal to replace one app by another. Pure.

The stack's tags name kind and source; a note in the artifact bucket adds hash, time and identity of the last deploy.
The hash is no tag: CloudFormation copies the stack's tags to every resource, so each deploy would change them all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pingbox.deploy.aws.stack import Stack
from pingbox.deploy.errors import DeployRefusedError
from pingbox.templates.cloudformation.sections import LOOP

CHAT, TEMPLATE = "chat", "template"
KIND_TAG, SOURCE_TAG = "pingbox:kind", "pingbox:source"
_CHAT_PARAMETERS = frozenset({"CodeBucket", "CodeKey", "TokenParameter"})
_TAG_LENGTH = 256
_NO_TAG_CHARACTER = re.compile(r"[^\w .:/=+\-@]")


@dataclass(frozen=True)
class Source:
    """`kind` is `chat` or `template`; `name` is the template's folder and file name, as a tag can hold it."""

    kind: str
    name: str

    @property
    def tags(self) -> dict[str, str]:
        """As they stand on the stack."""
        return {KIND_TAG: self.kind, SOURCE_TAG: self.name}

    def __str__(self) -> str:
        """`the chat`, `the template shop/template.yaml`."""
        return "the chat" if self.kind == CHAT else f"the template {self.name}"


CHAT_SOURCE = Source(CHAT, "pingbox")


@dataclass(frozen=True)
class DeployNote:
    """The last deploy: `digest` of template and code in hex, `at` in UTC as ISO 8601, `by` an identity's ARN."""

    kind: str
    source: str
    digest: str
    at: str
    by: str

    def as_json(self) -> str:
        """As it stands in the artifact bucket."""
        return json.dumps(asdict(self), indent=2) + "\n"


def note_of(text: str) -> DeployNote | None:
    """The note; None for a text that is none (another version of PingBox, or edited by hand)."""
    try:
        entries = json.loads(text)
        return DeployNote(*(str(entries[name]) for name in ("kind", "source", "digest", "at", "by")))
    except (ValueError, KeyError, TypeError):
        return None


def template_source(file: Path) -> Source:
    """A template of the user's own. Folder and file, not the whole path: another machine has another one."""
    path = file.resolve()
    name = _NO_TAG_CHARACTER.sub("_", f"{path.parent.name}/{path.name}")
    return Source(TEMPLATE, name[-_TAG_LENGTH:])


def deployed_source(stack: Stack) -> Source | None:
    """What the stack was deployed from; None where no tag says so and nothing shows that it is the chat."""
    if KIND_TAG in stack.tags:
        return Source(stack.tags[KIND_TAG], stack.tags.get(SOURCE_TAG, ""))
    return CHAT_SOURCE if set(stack.parameters) >= _CHAT_PARAMETERS else None


def refuse_other_app(stack: Stack, source: Source, deployed: Mapping[str, Any], desired: Mapping[str, Any]) -> None:
    """`DeployRefusedError` when the stack runs another app than the one that is about to be deployed.

    `deployed` and `desired` are templates. The same file, and a file whose resources are mostly those that are
    deployed, is the same app: a checkout may lie in another folder, and a template may begin as that of the chat. The
    chat itself never takes the place of a template.
    """
    before = deployed_source(stack)
    there, coming = _resources(deployed), _resources(desired)
    shared = len(there & coming)
    if before is None or source.kind == TEMPLATE or before.kind == CHAT:
        enough = 1 if before == source else len(there) / 2
        if not there or (shared and shared >= enough):
            return
    what = "an app that was not recorded" if before is None else str(before)
    raise DeployRefusedError(
        f"the stack {stack.name}",
        f"runs {what}; {len(there) - shared} of its {len(there)} resources are not in {source}",
        f"the app that is deployed there, or another --app or --stage for {source}",
        "pass --app and --stage of the right stack, or --replace-app if this app is to take its place",
    )


def _resources(template: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Logical id and type of every resource; loops stand by their own name."""
    entries = template.get("Resources", {})
    return frozenset(
        (name, "" if name.startswith(LOOP) or not isinstance(entry, Mapping) else str(entry.get("Type")))
        for name, entry in entries.items()
    )
