"""Nested stacks whose template is a local file: read with the parameters that their parent passes.

That is what `AWS::CloudFormation::Stack` has before `package`, what `AWS::Serverless::Application` becomes, and what
`cdk synth` notes in the resource's metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pingbox.templates.cloudformation.parameters import text_of
from pingbox.templates.cloudformation.sections import section
from pingbox.templates.cloudformation.stack import Resource, TemplateStack
from pingbox.templates.cloudformation.transforms import is_sam, refuse_macros
from pingbox.templates.errors import TemplateError


def open_nested(resource: Resource) -> TemplateStack | None:
    """The stack that a resource of type `NESTED` is; None when its template is not a file of this machine."""
    file = _template(resource)
    if file is None:
        return None
    from pingbox.templates.parsing import read_document

    _refuse_circle(resource, file)
    document = read_document(file)
    declared = section(document, section(document, document.root, ()), ("Parameters",))
    passed = _Passed(resource)
    unknown = [name for name in passed if ":" not in name and name not in declared]
    if unknown:
        known = ", ".join(sorted(declared)) or "none"
        raise resource.wrong("Parameters", ", ".join(unknown), f"parameters that {file.name} declares: {known}")
    above = resource.stack.account
    account = replace(
        above, stack=f"{above.stack}-{resource.logical_id}", within=f"{above.within}{resource.logical_id}-"
    )
    if is_sam(document):
        from pingbox.templates.cloudformation.sam import translate

        document = translate(document, passed, account)
    refuse_macros(document)
    return TemplateStack(
        document, given=passed, account=account, folder=file.parent, above=resource, opening=open_nested
    )


def _template(resource: Resource) -> Path | None:
    noted = (resource.raw.get("Metadata") or {}).get("aws:asset:path")
    try:
        written = noted or resource.get("TemplateURL")
    except TemplateError:  # an address made of what only the account knows
        return None
    if not isinstance(written, str) or "://" in written:
        return None
    file = (resource.stack.folder / written).resolve()
    return file if file.is_file() else None


def _refuse_circle(resource: Resource, file: Path) -> None:
    above: Resource | None = resource
    while above is not None:
        if Path(above.stack.document.file).resolve() == file:
            raise resource.wrong("TemplateURL", str(file), "the template of another stack than those it is nested in")
        above = above.stack.above


class _Passed(Mapping[str, str]):
    """A nested stack's parameters, each evaluated in the parent when it is asked for; and what stands in for the
    account, which is the same for every stack.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._names = resource.members("Parameters")

    def __getitem__(self, name: str) -> str:
        stack = self._resource.stack
        if ":" in name:
            return stack.given[name]
        path = ("Resources", self._resource.logical_id, "Properties", "Parameters", name)
        value = stack.evaluate(self._names[name], path)
        if value is None:  # AWS::NoValue: not passed
            raise KeyError(name)
        return text_of(value)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __iter__(self) -> Iterator[str]:
        yield from self._names
        yield from (name for name in self._resource.stack.given if ":" in name)

    def __len__(self) -> int:
        return len(list(self))
