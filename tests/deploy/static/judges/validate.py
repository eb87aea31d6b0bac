"""AWS's cloudformation-validate with cdk-preflight's rules for our services. Runs in the environment `static`.

Standard input: a JSON object, name -> template. Standard output: name -> list of findings.
"""

from __future__ import annotations

import json
import sys
import tarfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from cloudformation_validate import (
    CompositeEngine,
    CompositeEngineConfig,
    ExternalRuleSource,
    Severity,
    TemplateContent,
    ValidateConfig,
)

SERVICES = {
    "apigatewayv2",
    "cloudfront",
    "dynamodb",
    "events",
    "iam",
    "lambda",
    "logs",
    "s3",
    "sqs",
}


def rules() -> list[ExternalRuleSource]:
    """The rules of our services and the libraries they share, out of the archive inside the wheel."""
    [archive] = [file for file in distribution("cdk-preflight").files or () if str(file).endswith(".jsii.tgz")]
    with tarfile.open(Path(str(archive.locate()))) as files:
        member = files.extractfile("package/lib/rules.generated.js")
        assert member is not None
        script = member.read().decode()
    wanted = [rule for rule in _exported(script, "BUNDLED_RULES") if rule["service"] in SERVICES]
    # Libraries first: a rule refers to the helpers of its service.
    sources = [(library["name"], library["rego"]) for library in _exported(script, "BUNDLED_LIBS")]
    sources += [(rule["id"], rule["rego"]) for rule in wanted]
    assert {rule["service"] for rule in wanted} == SERVICES, "a service has no rules: it was renamed"
    return [ExternalRuleSource(name=name, content=content) for name, content in sources]


def _exported(script: str, name: str) -> Any:
    start = script.index(f"exports.{name} = [") + len(f"exports.{name} = ")
    return json.JSONDecoder().raw_decode(script, start)[0]


def main() -> None:
    """Judge every template."""
    engine = CompositeEngine(CompositeEngineConfig(rego_rules=rules()))
    config = ValidateConfig(severity_level=Severity.WARN)
    verdicts = {}
    for name, template in json.load(sys.stdin).items():
        report = engine.validate_template(TemplateContent(json.dumps(template), name), config)
        verdicts[name] = [f"{found.rule_id}: {found.message}" for found in report.diagnostics]
    json.dump(verdicts, sys.stdout)


main()
