"""What is wrong with somebody's own template, said before anything is uploaded: what `serve` says of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pingbox.deploy.artifacts.own_template import given_parameters
from pingbox.deploy.artifacts.raw_template import read_template
from pingbox.deploy.plan.target import DeployTarget
from pingbox.model.findings import Level
from pingbox.model.regions import DEFAULT_REGION
from pingbox.templates.check import check_template
from pingbox.templates.cloudformation.sections import section
from pingbox.templates.errors import TemplateError

_HIDDEN = "****"  # what CloudFormation shows of a NoEcho parameter
_ACCOUNT = "000000000000"
_REGION = DEFAULT_REGION  # for a dry run, which knows none


def _said(refusal: TemplateError) -> str:
    """What AWS refuses, too, with what to do; of what only the emulator cannot do, that nothing more is known."""
    if not refusal.only_here:
        return f"error: {refusal}"
    return f"not checked any further: {str(refusal).partition(chr(10))[0]}"


def own_findings(
    target: DeployTarget, file: Path, settings: Mapping[str, str], previous: Mapping[str, str]
) -> list[str]:
    """One sentence for each, with its kind and its line. `previous` are the parameters that the stack has already.

    What is so on this machine only is left out. Raises `DeployRefusedError` for a file that is no template.
    """
    document = read_template(file)
    declared = section(document, document.root, ("Parameters",))
    kept = {name: value for name, value in previous.items() if name in declared and value != _HIDDEN}
    known = {**kept, **given_parameters(document, settings, target)}
    checked = check_template(
        file,
        parameters=known,
        region=target.region if target.account else _REGION,
        account_id=target.account or _ACCOUNT,
    )
    lines = [f"{one.level.value}: {one}" for one in checked.findings if one.level is not Level.LOCAL]
    if checked.refusal is not None:
        lines.append(_said(checked.refusal))
    return lines
