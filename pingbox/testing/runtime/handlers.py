"""The handlers that are loaded in the test's process: their modules, and what a test put in place of their members."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from types import ModuleType
from typing import Any

from pingbox.emulator.services.lambda_.app_functions import Load
from pingbox.emulator.services.lambda_.in_process.scoped_import import ScopedHandler
from pingbox.emulator.services.lambda_.runtimes.python.handler import Handler

_MISSING = object()


class LoadedHandlers:
    """Handlers by function. Every environment of a function loads its own; a patch holds for all of them, those that
    are loaded later included. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._loaded: dict[str, list[ModuleType]] = defaultdict(list)
        self._patches: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        self._undo: list[tuple[Any, str, Any]] = []

    def around(self, name: str, load: Load) -> Load:
        """The loading of a function's handler, watched."""

        def watched() -> Handler:
            handler = load()
            module = _module_of(handler)
            if module is not None:
                self._add(name, module)
            return handler

        return watched

    def module(self, name: str) -> ModuleType | None:
        """The module of the handler that was loaded last; None if none was."""
        with self._lock:
            loaded = self._loaded[name]
            return loaded[-1] if loaded else None

    def patch(self, name: str, path: str, value: Any) -> None:
        """Put `value` in the place of a member of the handler's module, until `restore`.

        Raises `AttributeError` if a module that is loaded has no such member.
        """
        with self._lock:
            for module in self._loaded[name]:
                self._set(module, path, value)
            self._patches[name].append((path, value))

    def restore(self) -> None:
        """Everything is as the code has it."""
        with self._lock:
            self._patches.clear()
            undo, self._undo = self._undo, []
        for target, member, before in reversed(undo):
            setattr(target, member, before)

    def _add(self, name: str, module: ModuleType) -> None:
        with self._lock:
            known = self._loaded[name]
            if not any(module is one for one in known):
                known.append(module)
                for path, value in self._patches[name]:
                    self._set(module, path, value)

    def _set(self, module: ModuleType, path: str, value: Any) -> None:
        *way, member = path.split(".")
        target: Any = module
        for step in way:
            target = getattr(target, step)
        before = getattr(target, member, _MISSING)
        if before is _MISSING:
            raise AttributeError(f"{path!r} is not in the handler's module {module.__file__}; expected a name that is")
        self._undo.append((target, member, before))
        setattr(target, member, value)


def _module_of(handler: Handler) -> ModuleType | None:
    if isinstance(handler, ScopedHandler):
        return handler.module
    return sys.modules.get(getattr(handler, "__module__", None) or "")
