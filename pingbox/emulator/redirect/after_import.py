"""Calls with a module once somebody has imported it, or at once if that was before."""

from __future__ import annotations

import importlib.util
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import importlib.machinery
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType
    from typing import Any

    Patch = Callable[[ModuleType], None]


class AfterImport:
    """Finds nothing itself: lets the others find a module that is waited for, and calls when it has run."""

    def __init__(self, patches: Mapping[str, Patch]) -> None:
        """`patches` by the module's full name."""
        self._waiting = dict(patches)

    def install(self) -> None:
        """Call with what is imported already; wait for the rest."""
        for name in [name for name in self._waiting if name in sys.modules]:
            self._waiting.pop(name)(sys.modules[name])
        if self._waiting:
            sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Wait no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        patch = self._waiting.pop(fullname, None)
        if patch is None:
            return None
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchingLoader(spec.loader, patch)  # type: ignore[assignment]  # a loader in all but its base
        return spec


class _PatchingLoader:
    def __init__(self, loader: Any, patch: Patch) -> None:
        self._loader = loader
        self._patch = patch

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._patch(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)  # resources, source, and whatever else a loader offers
