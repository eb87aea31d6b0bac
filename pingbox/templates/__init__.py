"""What an app declares, read into inert values: templates, serverless.yml, `[tool.pingbox]` tables, plain handlers.

Nothing of the app is run and AWS is not asked. The way in is `read_app`; `explain` prints the result.

`read` finds the file and its kind. SAM is translated (`sam`) and serverless.yml compiled (`serverless*`, `variables`)
to CloudFormation, which `cloudformation` reads: `document` (text and lines), `stack` (parameters, conditions,
`expressions`, `references`), then one module per kind of resource. `pyproject` and `handlers` need no template.
"""

from __future__ import annotations

from pingbox.model.app import App, Ignored, Output, Table
from pingbox.templates.errors import TemplateError
from pingbox.templates.explain import explain
from pingbox.templates.reader import read_app, stack_name

__all__ = ["App", "Ignored", "Output", "Table", "TemplateError", "explain", "read_app", "stack_name"]
