"""From the handler setting to a callable, and every way this can fail (LM-20)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

from .faults import (
    BUILT_IN_MODULE_CONFLICT,
    HANDLER_NOT_FOUND,
    IMPORT_MODULE_ERROR,
    MALFORMED_HANDLER_NAME,
    USER_CODE_SYNTAX_ERROR,
    Fault,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Handler = Callable[["Any", "Any"], "Any"]


def find(setting: str, import_module: Callable[[str], Any] = importlib.import_module) -> Handler:
    """The callable that `setting` (`module.function`, dots or slashes in the module path) names.

    Raises `Fault` with Lambda's own words; whatever else the user's module raises while it is imported comes through.
    """
    module_name, function_name = _split(setting)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(BUILT_IN_MODULE_CONFLICT, f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault(IMPORT_MODULE_ERROR, f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise Fault(USER_CODE_SYNTAX_ERROR, message, (where,)) from error
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError as error:
        raise Fault(HANDLER_NOT_FOUND, f"Handler '{function_name}' missing on module '{module_name}'") from error
    return handler


def module_of(setting: str) -> str:
    """The module that `setting` names, with dots."""
    return _split(setting)[0].replace("/", ".")


def _split(setting: str) -> tuple[str, str]:
    try:
        module_name, function_name = setting.rsplit(".", 1)
    except ValueError as error:
        raise Fault(MALFORMED_HANDLER_NAME, f"Bad handler '{setting}': {error}") from error
    return module_name, function_name
