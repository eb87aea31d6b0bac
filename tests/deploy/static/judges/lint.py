"""cfn-lint. Runs in the environment `static`. Standard input: name -> template. Standard output: name -> findings."""

from __future__ import annotations

import json
import sys

from cfnlint.api import lint
from cfnlint.config import ManualArgs

CONFIG = ManualArgs(regions=["us-east-1", "eu-central-1"])


def main() -> None:
    """Judge every template, warnings included."""
    verdicts = {}
    for name, template in json.load(sys.stdin).items():
        found = lint(json.dumps(template), config=CONFIG)
        verdicts[name] = [f"{one.rule.id} {'/'.join(map(str, one.path or ()))}: {one.message}" for one in found]
    json.dump(verdicts, sys.stdout)


main()
