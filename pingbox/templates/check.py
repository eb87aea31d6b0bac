"""What is wrong with a template, for who does not run it: the same findings that `serve` has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pingbox.model.findings import Finding
from pingbox.templates.errors import TemplateError
from pingbox.templates.findings import Findings
from pingbox.templates.reader import read_app

_NOWHERE = "http://127.0.0.1"  # outputs are not looked at


@dataclass(frozen=True)
class CheckedTemplate:
    """`refusal` is what reading ended with, None where it came to its end; the findings are those until then."""

    findings: tuple[Finding, ...]
    refusal: TemplateError | None


def check_template(file: Path, *, parameters: Mapping[str, str], region: str, account_id: str) -> CheckedTemplate:
    """Read a SAM or CloudFormation template as `serve` does. `parameters` as for `read_app`."""
    findings = Findings()
    refusal = None
    try:
        read_app(
            file,
            parameters=parameters,
            region=region,
            account_id=account_id,
            endpoint=_NOWHERE,
            findings=findings,
        )
    except TemplateError as error:
        refusal = error
    return CheckedTemplate(tuple(findings.found), refusal)
