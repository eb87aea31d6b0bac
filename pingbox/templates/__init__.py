"""What an app declares, read into inert values: templates, serverless.yml, `[tool.pingbox]` tables, plain handlers.

Nothing of the app is run and AWS is not asked. The way in is `read_app`; `explain` prints the result.

`reader` finds the file and its kind. SAM is translated (`cloudformation/sam`) and serverless.yml compiled
(`serverless`) to CloudFormation, which `cloudformation` reads: `document` (values with lines), `stack` (parameters,
conditions, `intrinsics`, `references`), then one module per kind of resource, and the `rules` that `serve` and `deploy`
share. `plain` apps need no template.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pingbox.model.app import App, Ignored, Output, Table
from pingbox.templates.errors import TemplateError

if TYPE_CHECKING:
    from pingbox.templates.explanation import explain
    from pingbox.templates.reader import read_app, stack_name

__all__ = ["App", "Ignored", "Output", "Table", "TemplateError", "explain", "read_app", "stack_name"]

# Found when asked for: PingBox's own chat reads its template without them.
_LATER = {"explain": "explanation", "read_app": "reader", "stack_name": "reader"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
