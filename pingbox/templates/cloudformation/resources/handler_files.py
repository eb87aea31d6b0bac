"""Which file a function's Handler means, as each of Lambda's runtimes finds it."""

from __future__ import annotations

from pathlib import PurePosixPath


def module_path(runtime: str, handler: str) -> str:
    """The module's path in the code folder, without its ending: `src/app.fn` -> `src/app`.

    Python takes what is before the last dot, dots and slashes alike as folders; Node.js what is before the first dot
    after the last slash, the rest being the exported name (`a/b.mod.fn` is `a/b/mod` to Python and `a/b` to Node.js).
    """
    if runtime.startswith("nodejs"):
        path = PurePosixPath(handler)
        return str(path.with_name(path.name.partition(".")[0] or path.name)) if path.name else handler
    return handler.rpartition(".")[0].replace(".", "/")


def file_names(runtime: str, handler: str) -> list[str]:
    """The files that the handler may be in, relative to the code folder, the first that is there counting."""
    if runtime.startswith(("provided", "go1.x")):
        return ["bootstrap", handler]
    module = module_path(runtime, handler)
    endings = (".js", ".mjs", ".cjs") if runtime.startswith("nodejs") else (".py", "/__init__.py")
    return [f"{module}{end}" for end in endings]
