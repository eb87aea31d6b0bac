"""parliament on every IAM policy. Runs in the environment `parliament`.

Standard input: name -> {policy name -> document with its functions resolved}. Standard output: name -> findings.
"""

from __future__ import annotations

import json
import sys

from parliament import analyze_policy_string

# Opinions, not mistakes: a policy that may write logs is no finding.
_IGNORED = {"RESOURCE_EFFECTIVELY_STAR"}


def main() -> None:
    """Judge every policy of every template."""
    verdicts = {}
    for name, policies in json.load(sys.stdin).items():
        findings = []
        for policy, document in policies.items():
            for found in analyze_policy_string(json.dumps(document)).findings:
                if found.issue not in _IGNORED:
                    findings.append(f"{found.issue} {policy}: {found.detail or found.title}")
        verdicts[name] = findings
    json.dump(verdicts, sys.stdout)


main()
