"""Cases in which DynamoDB engines are compared: what is asked, on a table of its own keys, and what came back.

Each case runs against any boto3 DynamoDB client. Its answer is a plain JSON value: what the function returns, or the
error's code, message and details. `truth.json` holds what DynamoDB Local answered (recorded by `make` target
`record-dynamodb-truth`, never edited by hand); `aws` beside a case says what AWS answers where DynamoDB Local is known
to differ, with the source.
"""

from support.dynamodb.cases.bench import CASES, Bench, Case, answer_of, create_tables

from . import batches, conditions, items, legacy, partiql, queries, refusals, tables, transactions, updates, values

__all__ = ["CASES", "Bench", "Case", "answer_of", "create_tables"]

# The modules above register their cases when they are imported.
_ = (batches, conditions, items, legacy, partiql, queries, refusals, tables, transactions, updates, values)
