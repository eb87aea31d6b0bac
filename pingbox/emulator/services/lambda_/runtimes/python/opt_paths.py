"""`/opt` where it cannot be mounted: what Python code opens below it is found in the function's layers.

Covered are `open`, `os.open`, `os.stat` and its kin, listings, and so `pathlib` and `os.path`. A child process, a C
library and entries of `sys.path` that name `/opt` are not.
"""

from __future__ import annotations

import builtins
import io
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_OPT = "/opt/"
_FUNCTIONS = ("open", "stat", "lstat", "access", "listdir", "scandir", "readlink")


def install(layers: Sequence[str]) -> None:
    """`layers`: their folders, the one that hides the others first."""
    stat = os.stat

    def found(path: Any) -> Any:
        if isinstance(path, (str, os.PathLike)):
            text = os.fspath(path)
            if isinstance(text, str) and text.startswith(_OPT):
                for layer in layers:
                    candidate = layer + "/" + text[len(_OPT) :]
                    try:
                        stat(candidate)
                    except OSError:
                        continue
                    return candidate
        return path

    def redirected(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any = ".", *args: Any, **options: Any) -> Any:
            return function(found(path), *args, **options)

        return call

    for name in _FUNCTIONS:
        setattr(os, name, redirected(getattr(os, name)))
    builtins.open = io.open = redirected(builtins.open)
