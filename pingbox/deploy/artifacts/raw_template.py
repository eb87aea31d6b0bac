"""Somebody's template as it is written: read with its lines, and of the shape that packaging relies on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

from pingbox.deploy.errors import DeployRefusedError
from pingbox.templates.cloudformation.sections import LOOP, section, written_resources
from pingbox.templates.document import Document
from pingbox.templates.errors import TemplateError
from pingbox.templates.parsing import parse_text, read_document

_REMOTE = ("s3://", "https://", "http://")


def read_template(file: Path) -> Document:
    """The template as written. `DeployRefusedError` names the line of what makes it none."""
    with as_refusal():
        return checked_template(read_document(file))


def parse_template(text: str, name: str) -> Document:
    """The same for text from elsewhere, JSON or YAML."""
    with as_refusal():
        return checked_template(parse_text(text, name))


def checked_template(document: Document) -> Document:
    """The same document, when it has the shape of a template. Raises `TemplateError`."""
    resources = written_resources(document, loops=True)
    if not resources and not section(document, document.root, ("Resources",)):
        raise TemplateError("no Resources", place=document.place(), expected="a CloudFormation template")
    parameters = section(document, document.root, ("Parameters",))
    for path, entry in [(("Parameters", name), entry) for name, entry in parameters.items()] + [
        (("Resources", name, "Properties"), raw.get("Properties", {})) for name, raw in resources.items()
    ]:
        if not isinstance(entry, Mapping):
            raise TemplateError(
                f"{'.'.join(path)} is not a map", place=document.place(path), received=entry, expected="a map of names"
            )
    return document


@contextmanager
def as_refusal() -> Iterator[None]:
    """What the reader of templates refuses, in the words of the deploy."""
    try:
        yield
    except TemplateError as error:
        where = ": ".join(str(part) for part in (error.place, error.logical_id) if part is not None)
        found = error.message if error.received is None else f"{error.message}: {error.received!r}"
        step = error.next_step or "correct the file and repeat"
        raise DeployRefusedError(where or "the template", found, error.expected or "a template", step) from error


def resources_of(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Logical id and resource; loops, which only CloudFormation can write out, are left out."""
    for logical_id, resource in as_map(as_map(document.root).get("Resources")).items():
        if not str(logical_id).startswith(LOOP) and isinstance(resource, Mapping):
            yield logical_id, resource


def is_local(value: Any) -> TypeGuard[str]:
    """Whether a value that may name code or a file means one of this machine."""
    return isinstance(value, str) and not value.startswith(_REMOTE)


def as_map(value: Any) -> Mapping[str, Any]:
    """The value, or an empty map for what is none."""
    return value if isinstance(value, Mapping) else {}


def as_dict(value: Any) -> dict[str, Any]:
    """The value itself, to be changed, or an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value, or an empty list for what is none."""
    return value if isinstance(value, list) else []
