"""The page's modules as one file, and its styles as another, without a build step: what people edit is what runs.

The modules use a small part of the language on purpose, which `join_scripts` checks: imports of names from relative
paths, one a line; exported functions, classes and constants; no cycles. Each module becomes a function with its own
scope, in the order of their imports. Comments that fill whole lines are left out; nothing else is changed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

_IMPORT = re.compile(r"^import \{([^}]*)\} from '([^']+)';$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?:/\*\*?(?:[^*]|\*(?!/))*\*/|//[^\n]*)\n", re.MULTILINE)
_BLANK = re.compile(r"\n{2,}")
_STYLE_COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*\*/\n?")


class JoinError(ValueError):
    """A module that cannot be joined; the text names it and what it contains."""


def join_scripts(modules: Mapping[str, str], entry: str) -> str:
    """One ES module that does what `entry` does. `modules`: path → text, with forward slashes.

    Raises `JoinError` for an import of a module that is not there, for a cycle, and for forms of import and export
    that are not known here.
    """
    order = list(_in_order(modules, entry))
    names = {path: f"m{number}" for number, path in enumerate(order)}
    parts = [_wrapped(path, modules[path], names) for path in order[:-1]]
    return _BLANK.sub("\n", "\n".join([*parts, _body(entry, modules[entry], names)]))


def join_styles(sheets: Sequence[str]) -> str:
    """The sheets one after the other, without comments and indentation."""
    text = _STYLE_COMMENT.sub("", "\n".join(sheets))
    return re.sub(r"\n\s*", "\n", text).strip() + "\n"


def _in_order(modules: Mapping[str, str], entry: str) -> Iterator[str]:
    """Every module that `entry` needs, each after those it imports, `entry` last."""
    done: dict[str, bool] = {}  # False: begun, its imports are not yet told

    def visit(path: str) -> Iterator[str]:
        if path not in modules:
            raise JoinError(f"{path} is imported, but there is no such module")
        if path in done:
            if not done[path]:
                raise JoinError(f"{path} imports itself by way of others")
            return
        done[path] = False
        for _, target in _IMPORT.findall(modules[path]):
            yield from visit(_resolved(path, target))
        done[path] = True
        yield path

    yield from visit(entry)


def _resolved(path: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _wrapped(path: str, text: str, names: Mapping[str, str]) -> str:
    exported = ", ".join(_EXPORT.findall(text))
    return f"const {names[path]} = (() => {{\n{_body(path, text, names)}return {{ {exported} }};\n}})();"


def _body(path: str, text: str, names: Mapping[str, str]) -> str:
    def taken(match: re.Match[str]) -> str:
        wanted = re.sub(r"\s+as\s+", ": ", match[1].strip())
        return f"const {{ {wanted} }} = {names[_resolved(path, match[2])]};"

    plain = _EXPORT.sub("", _IMPORT.sub(taken, _COMMENT.sub("", text)))
    left = re.search(r"^(?:import|export)\b.*$", plain, re.MULTILINE)
    if left:
        raise JoinError(f"{path} has a form of import or export that cannot be joined: {left[0]}")
    return plain
