"""Apps that are nothing but Python functions: a mapping of route keys to handlers, or a module that has one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from pingbox.emulator.services.lambda_.in_process.scoped_import import ImportScope
from pingbox.model.api import CONNECT, DEFAULT, DISCONNECT, Api, LambdaProxy, Route, Stage
from pingbox.model.app import App, Table
from pingbox.model.function import FunctionSpec
from pingbox.testing.apps.tested import AppError, TestedApp, api_id_of

Handler = Callable[[Any, Any], Any]
Routes = Mapping[str, Handler]
"""Route key -> handler(event, context), as Lambda calls it."""

TIMEOUT = 29.0  # seconds: API Gateway's own limit; a test has its deadlines elsewhere


def from_module(source: str, folder: Path, **options: Any) -> TestedApp:
    """`module:ROUTES` or `module:handler`, looked for where Python looks and then in `folder`.

    The module is imported into this process, so breakpoints, coverage and changed globals work as in any other test.
    Raises `AppError` if there is no such module or name; what the module itself raises comes through.
    """
    module_name, _, name = source.partition(":")
    module = _imported(module_name, folder)
    if not hasattr(module, name):
        raise AppError(
            f"the module {module_name} ({module.__file__}) has no {name!r}; expected a mapping of route keys to "
            f'handlers, for example {name} = {{"$default": handler}}'
        )
    value = getattr(module, name)
    if callable(value):
        value = dict.fromkeys((CONNECT, DISCONNECT, DEFAULT), value)
    return from_routes(value, name=source, **options)


def from_routes(
    routes: Routes,
    *,
    name: str = "app",
    stage: str = "dev",
    region: str = "us-east-1",
    route_selection_expression: str = "$request.body.action",
    two_way: Collection[str] = (),
    tables: Sequence[Table] = (),
) -> TestedApp:
    """An app of handlers. `two_way` are the route keys with a route response: only theirs reach the client (RR-2).

    Raises `AppError` for anything that is not a mapping of route keys to callables.
    """
    functions = _functions(routes)
    names = {id(handler): function for function, handler in functions.items()}
    declared = tuple(
        Route(key, LambdaProxy(names[id(handler)]), two_way=key in two_way) for key, handler in routes.items()
    )
    if unknown := sorted(set(two_way) - set(routes)):
        raise AppError(f"two_way names routes that {name} does not have: {unknown}; it has {sorted(routes)}")
    api = Api(api_id_of(name, 0), name, declared, (Stage(stage),), route_selection_expression)
    specs = tuple(_spec(function, handler) for function, handler in functions.items())
    app = App(name, "handlers", region, (api,), specs, tuple(tables))
    return TestedApp(name, app, lambda runtime: {name: partial(_itself, each) for name, each in functions.items()})


def _spec(name: str, handler: Handler) -> FunctionSpec:
    where = f"{getattr(handler, '__module__', '')}.{getattr(handler, '__qualname__', name)}"
    return FunctionSpec(name, where, code=".", timeout=TIMEOUT)


def _itself(handler: Handler) -> Handler:
    """All environments share the object that a test gave."""
    return handler


def _functions(routes: object) -> dict[str, Handler]:
    """Function name -> handler, each handler once; those of the same name are told apart by their route key."""
    if not isinstance(routes, Mapping) or not routes:
        raise AppError(f"expected a mapping of route keys to handlers, got {routes!r}")
    functions: dict[str, Handler] = {}
    for key, handler in routes.items():
        if not isinstance(key, str) or not callable(handler):
            raise AppError(
                f"route {key!r} has the handler {handler!r}; expected a function of event and context, "
                "as Lambda calls it"
            )
        if any(handler is known for known in functions.values()):
            continue
        name = getattr(handler, "__name__", "handler").strip("<>")
        functions[name if name not in functions else f"{name}-{key.strip('$')}"] = handler
    return functions


def _imported(name: str, folder: Path) -> ModuleType:
    """The module, as Python finds it, but that of `folder` if that has one: two projects may both have an `app`."""
    own = [folder.joinpath(*name.split(".")).with_suffix(".py"), folder.joinpath(*name.split("."), "__init__.py")]
    module = _as_python_finds_it(name, folder)
    beside = next((path.resolve() for path in own if path.is_file()), None)
    if beside is None or module.__file__ is None or Path(module.__file__).resolve() == beside:
        return module
    return ImportScope([str(folder.resolve())]).import_module(name)


def _as_python_finds_it(name: str, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != name.split(".")[0]:
            raise  # the module is there, and lacks something itself
    # Not on the path, as with pytest's importlib mode: as Lambda has it, the app's folder comes first.
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != name.split(".")[0]:
            raise
        sys.path.remove(str(folder))
        raise AppError(
            f"there is no module {name!r} on Python's path or in {folder}; expected module:ROUTES with a module that "
            "can be imported"
        ) from error
