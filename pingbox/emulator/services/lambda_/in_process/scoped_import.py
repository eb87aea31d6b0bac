"""Users' code in the emulator's own process, without mixing: two functions may both be called `app.py`.

Each scope gives a code folder's modules private names in `sys.modules` (`pingbox_function_3.app`), and an `import`
statement of its own: within the folder's code, `import shared` finds the folder's `shared`, whatever else of that name
there is. It needs no swapping of global state, so it holds for imports inside handlers and on many threads, too.

What a scope cannot do: `importlib.import_module("shared")` and pickling by name do not see the folder's modules;
`__name__` is the private name; boto3 is always the emulator's. Functions that need more run in processes of their own.
"""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pingbox.emulator.services.lambda_.runtimes.python import handler, provided
from pingbox.emulator.services.lambda_.runtimes.python.handler import Handler
from pingbox.emulator.services.lambda_.runtimes.python.uncached_source import UncachedSourceLoader
from pingbox.model.function import FunctionSpec

_numbers = itertools.count(1)


class ScopedHandler:
    """A handler whose modules are its own. `retire` when it will not be called again."""

    def __init__(self, function: Handler, scope: ImportScope, module: ModuleType) -> None:
        self.module = module
        self._function = function
        self._scope = scope

    def __call__(self, event: Any, context: Any) -> Any:
        return self._function(event, context)

    def retire(self) -> None:
        """Let go of its modules."""
        self._scope.forget()


def load_handler(spec: FunctionSpec, layers: Sequence[str] = ()) -> ScopedHandler:
    """The handler of `spec` with modules of its own, read from disk anew. Raises as `handler.find` does.

    Called once per environment, so module globals are an environment's own, as on Lambda (LM-26).
    """
    scope = ImportScope([str(Path(spec.code).resolve()), *layers])
    try:
        function = handler.find(spec.handler, scope.import_module)
        return ScopedHandler(function, scope, scope.import_module(handler.module_of(spec.handler)))
    except BaseException as error:
        scope.forget()
        scope.hide_from(error)
        raise


class ImportScope:
    """The modules found in some folders, apart from everybody else's. Thread-safe as imports are."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.name = f"pingbox_function_{next(_numbers)}"
        self._folders = list(folders)
        self._own: dict[str, bool] = {}  # by top-level name: whether the folders have it
        package = ModuleType(self.name)
        package.__path__ = self._folders
        sys.modules[self.name] = package
        sys.meta_path.insert(0, _Finder(self))
        self.builtins = {**vars(builtins), "__import__": self._import}

    def import_module(self, name: str) -> ModuleType:
        """The folder's own module, or else the process's."""
        private = f"{self.name}.{name}"
        return importlib.import_module(private if self._has(name) else name)

    def forget(self) -> None:
        """Take its modules out of `sys.modules`. Code that still runs goes on working, but for further imports."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "scope", None) is not self]
        for name in [name for name in list(sys.modules) if name == self.name or name.startswith(f"{self.name}.")]:
            del sys.modules[name]

    def hide_from(self, error: BaseException) -> None:
        """Take the private names out of its texts: `No module named 'shared'`, as on Lambda."""
        error.args = tuple(self._public(argument) for argument in error.args)
        if isinstance(error, ImportError) and isinstance(error.msg, str):
            error.msg = self._public(error.msg)
        if (message := getattr(error, "message", None)) is not None:
            error.message = self._public(message)  # type: ignore[attr-defined]

    def _public(self, text: Any) -> Any:
        return text.replace(f"{self.name}.", "") if isinstance(text, str) else text

    def _has(self, name: str) -> bool:
        top = name.partition(".")[0]
        if top not in self._own:
            self._own[top] = self._look_for(top)
        return self._own[top]

    def _look_for(self, top: str) -> bool:
        if top in provided.PACKAGES or top in sys.builtin_module_names:
            return False
        found = self.find(top, self._folders)
        # A folder without __init__.py yields to a real package elsewhere, as on sys.path.
        return found is not None and (found.loader is not None or importlib.util.find_spec(top) is None)

    def find(self, name: str, path: Sequence[str]) -> importlib.machinery.ModuleSpec | None:
        """Where the folders at `path` have module `name`; without a loader for a folder without `__init__.py`."""
        portions: list[str] = []
        for folder in path:
            found = importlib.machinery.FileFinder(folder, *_loaders(self)).find_spec(name)
            if found is not None and found.loader is not None:
                return found
            portions += (found.submodule_search_locations or []) if found is not None else []
        if not portions:
            return None
        namespace = importlib.machinery.ModuleSpec(name, None, is_package=True)
        namespace.submodule_search_locations = portions
        return namespace

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        """What `import` and `from … import` call within the scope's code."""
        if level == 0 and self._has(name):
            return self._import_own(name, fromlist)
        return builtins.__import__(name, globals, locals, fromlist, level)

    def _import_own(self, name: str, fromlist: Sequence[str]) -> ModuleType:
        try:
            module = builtins.__import__(f"{self.name}.{name}", fromlist=fromlist or ("__name__",))
        except ImportError as error:
            self.hide_from(error)
            raise
        return module if fromlist else sys.modules[f"{self.name}.{name.partition('.')[0]}"]


class _Loader(UncachedSourceLoader):
    """Hands in the scope's `import`."""

    scope: ImportScope

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = self.scope.builtins
        super().exec_module(module)


def _loaders(scope: ImportScope) -> list[tuple[Any, list[str]]]:
    source = type("_ScopedLoader", (_Loader,), {"scope": scope})
    return [
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (source, importlib.machinery.SOURCE_SUFFIXES),
    ]


class _Finder:
    """Finds the scope's private names; for all others it has nothing."""

    def __init__(self, scope: ImportScope) -> None:
        self.scope = scope

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(f"{self.scope.name}."):
            return None
        found = self.scope.find(fullname.rpartition(".")[2], path or [])
        if found is None:
            return None
        if found.loader is None or found.origin is None:
            namespace = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            namespace.submodule_search_locations = found.submodule_search_locations
            return namespace
        loader = type(found.loader)(fullname, found.origin)  # type: ignore[call-arg]
        return importlib.util.spec_from_file_location(
            fullname, found.origin, loader=loader, submodule_search_locations=found.submodule_search_locations
        )
