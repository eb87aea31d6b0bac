"""Somebody's own template: the same deploy for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pingbox.deploy.artifacts.packaging import Packager
from pingbox.deploy.artifacts.raw_template import read_template
from pingbox.deploy.errors import DeployRefusedError
from pingbox.deploy.plan.desired import Desired
from pingbox.deploy.plan.target import DeployTarget
from pingbox.templates.cloudformation.sections import section
from pingbox.templates.document import Document


def own_desired(target: DeployTarget, file: Path, settings: Mapping[str, str]) -> Desired:
    """What a template of one's own wants. `settings` are its parameters by name, `Stage` is added if it has one.

    `DeployRefusedError` for a file that is no template, code that is not there or not built, what is not packaged, or a
    parameter the template does not have.
    """
    document = read_template(file)
    packager = Packager(target)
    packed = packager.packaged(document)
    return Desired(
        target=target,
        template=json.dumps(packed, indent=2) + "\n",
        parameters=given_parameters(document, settings, target),
        artifacts=tuple(packager.artifacts.values()),
    )


def given_parameters(document: Document, settings: Mapping[str, str], target: DeployTarget) -> Mapping[str, str]:
    """The parameters to pass: those that were set, and the stage. `DeployRefusedError` for one that is not declared."""
    declared = section(document, document.root, ("Parameters",))
    unknown = sorted(set(settings) - set(declared))
    if unknown:
        raise DeployRefusedError(
            f"the parameters of {document.file}", ", ".join(unknown), ", ".join(declared) or "none", "check --parameter"
        )
    stage = {"Stage": target.stage} if "Stage" in declared else {}
    return {**stage, **settings}
