"""SAM templates: translated to CloudFormation by AWS's own `aws-sam-translator`, without asking AWS anything.

The translator demands code in S3, so local code paths travel through it as keys of a bucket that does not exist
(`LOCAL_BUCKET`), which `functions` understands. Positions survive by logical id: what the translator generates is
reported at the resource whose name it begins with.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pingbox.templates.cloudformation.parameters import TemplateParameters
from pingbox.templates.cloudformation.references import StackAccount
from pingbox.templates.cloudformation.resources.functions import LOCAL_BUCKET
from pingbox.templates.cloudformation.sections import section
from pingbox.templates.cloudformation.stack import NESTED
from pingbox.templates.document import Document, KeyPath
from pingbox.templates.errors import TemplateError

# Properties that name local files, and that the translator wants to be in S3.
_LOCAL_PATHS = ("CodeUri", "ContentUri", "DefinitionUri", "SchemaUri")
_CODE = frozenset({"CodeUri", "InlineCode", "ImageUri", "PackageType"})


def translate(document: Document, given: Mapping[str, str], account: StackAccount) -> Document:
    """The template without SAM resources. Raises TemplateError for what the translator refuses, all of it at once."""
    template = copy.deepcopy(document.root)
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        return document  # the CloudFormation reader says what is wrong with it
    _hide_local_paths(template)
    _leave_repository(template)
    known = TemplateParameters(section(document, template, ("Parameters",)), given, document.place).known()
    return _translated(document, _run(template, known, account, document))


@dataclass(frozen=True)
class _Session:
    """All that the translator asks a boto3 session for. A real one would read the developer's AWS profile."""

    region_name: str


def _run(template: dict[str, Any], known: dict[str, str], account: StackAccount, document: Document) -> Any:
    # Imported here: the translator (and boto3 with it) takes most of a second, and only SAM templates need it.
    from samtranslator.model.exceptions import InvalidDocumentException  # type: ignore[import-untyped]
    from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
    from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template  # type: ignore[import-untyped]

    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
    values = {
        **known,
        "AWS::Region": account.region,
        "AWS::AccountId": account.account_id,
        "AWS::Partition": account.partition,
        "AWS::StackName": account.stack,
    }
    try:
        to_py27_compatible_template(template, values)
        translator = Translator({}, Parser(), boto_session=_Session(account.region))
        translated = translator.translate(sam_template=template, parameter_values=values, get_managed_policy_map=dict)
    except InvalidDocumentException as error:
        raise _refusal(error, document) from error
    except Exception as error:  # the translator trusts the shape of some values more than it should
        raise _breakdown(error, document) from error
    return undo_mark_unicode_str_in_template(translated)


def _breakdown(error: Exception, document: Document) -> TemplateError:
    return TemplateError(
        "SAM's translator breaks off at this template",
        place=document.place(("Resources",)),
        received=f"{type(error).__name__}: {error}",
        expected="a template that `sam validate` accepts",
        next_step="look for a value of the wrong kind in an AWS::Serverless resource, e.g. a text where a map belongs",
    )


def _refusal(error: Any, document: Document) -> TemplateError:
    causes = list(error.causes)
    first = getattr(causes[0], "_logical_id", None) if causes else None
    logical_id = str(first) if isinstance(first, str) else None
    return TemplateError(
        "SAM refuses the template",
        place=document.place(("Resources", logical_id) if logical_id else ("Resources",)),
        logical_id=logical_id,
        received="; ".join(cause.message for cause in causes),
        expected="a template that `sam validate` accepts",
        next_step="correct what the message names",
    )


def _hide_local_paths(template: dict[str, Any]) -> None:
    defaults = template.get("Globals")
    defaults = defaults if isinstance(defaults, dict) else {}
    for properties in defaults.values():
        _hide(properties)
    shared = defaults.get("Function")
    shared_code = _CODE & set(shared) if isinstance(shared, dict) else set()
    for resource in template["Resources"].values():
        if not isinstance(resource, dict) or not str(resource.get("Type", "")).startswith("AWS::Serverless::"):
            continue
        properties = resource.get("Properties")
        if isinstance(properties, dict) and resource["Type"] == "AWS::Serverless::Function":
            without_code = not shared_code and not _CODE & set(properties)
            properties |= {"CodeUri": "."} if without_code else {}  # as `sam local` has it
        _hide(properties)


def _hide(properties: Any) -> None:
    if not isinstance(properties, dict):
        return
    for name in _LOCAL_PATHS:
        path = properties.get(name)
        if isinstance(path, str) and not path.startswith("s3://"):
            properties[name] = {"Bucket": LOCAL_BUCKET, "Key": path}


def _leave_repository(template: dict[str, Any]) -> None:
    """Applications of the repository become nested stacks from elsewhere: the translator would ask the account."""
    for resource in template["Resources"].values():
        if isinstance(resource, dict) and resource.get("Type") == "AWS::Serverless::Application":
            properties = resource.get("Properties")
            if isinstance(properties, dict) and not isinstance(properties.get("Location"), str):
                resource |= {"Type": NESTED, "Properties": {"Parameters": properties.get("Parameters", {})}}


def _translated(document: Document, translated: Any) -> Document:
    root = {key: value for key, value in translated.items() if key != "Transform"}
    lines = dict(document.lines)
    written = [path[1] for path in document.lines if len(path) == 2 and path[0] == "Resources"]
    for logical_id in root.get("Resources", {}):
        path: KeyPath = ("Resources", logical_id)
        if path not in lines:
            line = _origin(str(logical_id), written, document)
            if line is not None:
                lines[path] = line
    return Document(document.file, root, lines, document.repeated)


def _origin(logical_id: str, written: list[str | int], document: Document) -> int | None:
    parents = [name for name in written if logical_id.startswith(str(name))]
    if not parents:
        return None
    longest = max(parents, key=lambda name: len(str(name)))
    return document.place(("Resources", longest)).line
