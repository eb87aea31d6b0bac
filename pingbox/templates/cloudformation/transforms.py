"""The macros that a template as a whole passes through: SAM's is known here, the account's are not."""

from __future__ import annotations

from collections.abc import Mapping

from pingbox.templates.document import Document
from pingbox.templates.errors import TemplateError

_SERVERLESS = "AWS::Serverless-2016-10-31"
_HARMLESS = (_SERVERLESS, "AWS::LanguageExtensions", "AWS::CodeDeployBlueGreen")


def is_sam(document: Document) -> bool:
    """Whether SAM's translator has to turn it into CloudFormation."""
    return _SERVERLESS in _declared(document)


def refuse_macros(document: Document) -> None:
    """Raise TemplateError for a template that a macro of the account would change."""
    unknown = [name for name in _declared(document) if name not in _HARMLESS]
    if unknown:
        raise TemplateError(
            "macros run in the account and are not emulated",
            place=document.place(("Transform",)),
            received=", ".join(unknown),
            expected=f"no Transform but {', '.join(_HARMLESS)}",
            next_step="serve the processed template (aws cloudformation get-template --template-stage Processed)",
            only_here=True,
        )


def _declared(document: Document) -> list[str]:
    declared = document.root.get("Transform") if isinstance(document.root, Mapping) else None
    names = declared if isinstance(declared, list) else [] if declared is None else [declared]
    return [str(item.get("Name")) if isinstance(item, Mapping) else str(item) for item in names]
