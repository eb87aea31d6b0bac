"""`pingbox.functions["Say"]`: a function of the app, for a test that wants more than its answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pingbox.testing.clients.tracebacks import is_told
from pingbox.testing.record.invocations import Invocation

if TYPE_CHECKING:
    from pingbox.model.function import FunctionSpec
    from pingbox.testing.runtime.runtime import TestRuntime

__tracebackhide__ = is_told


class TestedFunctions(Mapping[str, "TestedFunction"]):
    """The app's functions, by their names."""

    def __init__(self, runtime: TestRuntime) -> None:
        self._runtime = runtime

    def __getitem__(self, name: str) -> TestedFunction:
        if name not in self._runtime.names:
            raise KeyError(f"no function is called {name!r}; there are: {', '.join(self._runtime.names)}")
        return TestedFunction(self._runtime, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._runtime.names)

    def __len__(self) -> int:
        return len(self._runtime.names)


class TestedFunction:
    """One function. What a test changes of it holds until the end of the test."""

    __test__ = False  # for pytest, which collects what begins with Test

    def __init__(self, runtime: TestRuntime, name: str) -> None:
        self._runtime = runtime
        self.name = name

    @property
    def module(self) -> ModuleType:
        """The handler's module: each environment has a module of its own, this is the one that was loaded last.

        Raises `LookupError` before the function's first event, and for a function in a process of its own.
        """
        self._check_here("its module")
        found = self._runtime.handlers.module(self.name)
        if found is None:
            raise LookupError(f"{self.name} has not been loaded; invoke it once, or use patch, which needs no module")
        return found

    def patch(self, path: str, value: Any) -> None:
        """Put `value` in the place of a member of the handler's module (`"table"`, `"helpers.send"`).

        It holds for every environment, those that are loaded later included. Raises `AttributeError` if there is no
        such member, and `LookupError` for a function in a process of its own.
        """
        self._check_here("its members")
        self._runtime.handlers.patch(self.name, path, value)

    @property
    def environment(self) -> MutableMapping[str, str]:
        """Its variables. To set one gives the next event a new environment, as a changed configuration does on AWS."""
        return _Variables(self._runtime, self._spec)

    def invoke(self, event: Any) -> Invocation:
        """Run it with this event, without API Gateway; what it returned is in `.response`. Blocks."""
        return self._runtime.thread.wait(self._runtime.invoked(self.name, event))

    async def invoke_async(self, event: Any) -> Invocation:
        """`invoke`, to be awaited."""
        return await self._runtime.thread.asking(self._runtime.invoked(self.name, event))

    @property
    def _spec(self) -> FunctionSpec:
        spec = self._runtime.cloud.app.function(self.name)
        assert spec is not None, "a name of the app's has a function"
        return spec

    def _check_here(self, what: str) -> None:
        if self._runtime.runs_apart(self.name):
            raise LookupError(f"{self.name} runs in a process of its own, so a test cannot see {what}")


class _Variables(MutableMapping[str, str]):
    """A function's variables. Of a function that was given as a Python object they are the process's own."""

    def __init__(self, runtime: TestRuntime, spec: FunctionSpec) -> None:
        self._runtime = runtime
        self._spec = spec
        self._own = dict(runtime.variables.get(spec.name, spec).environment or {})

    def __getitem__(self, name: str) -> str:
        return os.environ[name] if self._is_given else self._own[name]

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ if self._is_given else self._own)

    def __len__(self) -> int:
        return len(os.environ if self._is_given else self._own)

    def __setitem__(self, name: str, value: str) -> None:
        self._change({**self._own, name: value})

    def __delitem__(self, name: str) -> None:
        self._change({known: value for known, value in self._own.items() if known != name})

    @property
    def _is_given(self) -> bool:
        return self._spec.environment is None and self._spec.name in self._runtime.given

    def _change(self, variables: dict[str, str]) -> None:
        if self._is_given:
            raise TypeError(
                f"{self._spec.name} is a Python object of the test's process, whose variables it has; "
                "use monkeypatch.setenv"
            )
        self._own = variables
        self._runtime.redefine(replace(self._spec, environment=variables))
