"""Ask DynamoDB Local every case and write down what it answers: `python -m support.dynamodb.cases.record`.

Needs Java and npm; the recording is never edited by hand. Where AWS differs, the case itself says so.
"""

from __future__ import annotations

import json
from pathlib import Path

from support.dynamodb.cases import CASES, answer_of, create_tables
from support.dynamodb.dynamodb_local import DynamoDBLocal

TRUTH = Path(__file__).with_name("truth.json")


def record() -> None:
    with DynamoDBLocal() as local:
        client = local.client()
        create_tables(client)
        answers = {case.slug: answer_of(case, client) for case in CASES}
        client.close()
    TRUTH.write_text(json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    print(f"{len(answers)} answers recorded in {TRUTH}")


if __name__ == "__main__":
    record()
