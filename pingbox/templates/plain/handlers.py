"""`module:function` and `module:ROUTES`: an app that is nothing but a Python module.

The module is read, not run: importing it here would run the app's code in the emulator, with the emulator's packages
instead of the app's own.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from pingbox.model.api import CONNECT, DEFAULT, DISCONNECT, Stage
from pingbox.model.app import App
from pingbox.model.findings import SourcePosition
from pingbox.templates.cloudformation.references import StackAccount
from pingbox.templates.errors import TemplateError
from pingbox.templates.plain.app import STAGE, PlainApp, plain_route

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"


def read_handlers(source: str, folder: Path, account: StackAccount, stage: str | None) -> App:
    """Read `module:NAME` in `folder`. A function serves `$connect`, `$disconnect` and `$default` alike; a mapping is
    route key -> function or "module.function". Raises TemplateError when the module does not say so in plain text.
    """
    module, _, name = source.partition(":")
    file = _file(folder, module)
    tree = _parsed(file)
    plain = PlainApp(account, str(folder), RUNTIME)
    routes = [
        plain_route(route_key, plain.function(handler))
        for route_key, handler in _routes(_Module(module, file, tree), name).items()
    ]
    return plain.app(kind="handlers", name=module, stage=Stage(stage or STAGE), routes=routes, files=(str(file),))


def _file(folder: Path, module: str) -> Path:
    stem = folder / module.replace(".", "/")
    for file in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
        if file.is_file():
            return file.resolve()
    raise TemplateError(
        "there is no such module",
        place=SourcePosition(str(stem) + ".py"),
        received=module,
        expected=f"a module in {folder}",
        next_step="run pingbox in the folder that holds it",
    )


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"), str(file))
    except SyntaxError as error:
        raise TemplateError(
            f"is not Python: {error.msg}",
            place=SourcePosition(str(file), error.lineno),
            expected="a module that Python can read",
            next_step="correct that line",
        ) from error


class _Module:
    """A parsed module: what its top-level names mean as handlers."""

    def __init__(self, name: str, file: Path, tree: ast.Module) -> None:
        self.name = name
        self.file = file
        self.tree = tree
        self.imported = dict(self._imports())

    def _imports(self) -> list[tuple[str, str]]:
        found = []
        for node in self.tree.body:
            match node:
                case ast.Import():
                    found += [(alias.asname or alias.name, alias.name) for alias in node.names]
                case ast.ImportFrom():
                    base = self._base(node)
                    found += [
                        (alias.asname or alias.name, f"{base}.{alias.name}" if base else alias.name)
                        for alias in node.names
                    ]
        return found

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        package = parts if self.file.name == "__init__.py" else parts[:-1]
        kept = package[: len(package) - node.level + 1]
        return ".".join([*kept, *([node.module] if node.module else [])])

    def handler(self, node: ast.expr) -> str | None:
        """The handler setting (`module.function`) an expression names; None when it names none."""
        match node:
            case ast.Constant(value=str(text)) if "." in text:
                return text
            case ast.Name(id=name):
                return self.imported.get(name, f"{self.name}.{name}")
            case ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=attribute):
                base = self.imported.get(ast.unparse(owner))
                return f"{base}.{attribute}" if base else None
            case _:
                return None

    def assigned(self, name: str) -> ast.expr | None:
        """The value the module assigns to a name at its top level, the last one if several."""
        value = None
        for node in self.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=found) if target == name:
                    value = found
                case ast.AnnAssign(target=ast.Name(id=target), value=found) if target == name:
                    value = found
        return value


def _routes(module: _Module, name: str) -> dict[str, str]:
    value = module.assigned(name)
    if isinstance(value, ast.Dict):
        return _mapping(module, value)
    defined = any(isinstance(node, ast.FunctionDef) and node.name == name for node in module.tree.body)
    if defined or value is not None or name in module.imported:
        handler = module.imported.get(name, f"{module.name}.{name}")
        return dict.fromkeys((CONNECT, DISCONNECT, DEFAULT), handler)
    raise TemplateError(
        "the module has no such name",
        place=SourcePosition(str(module.file)),
        received=name,
        expected="a function, or a mapping of route keys to functions",
        next_step="name a function of the module",
    )


def _mapping(module: _Module, value: ast.Dict) -> dict[str, str]:
    routes = {}
    for key, item in zip(value.keys, value.values, strict=True):
        handler = module.handler(item)
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or handler is None:
            raise TemplateError(
                "the mapping cannot be read without running the module",
                place=SourcePosition(str(module.file), item.lineno),
                received=ast.unparse(item) if key is None else f"{ast.unparse(key)}: {ast.unparse(item)}",
                expected='"route key": function, or "route key": "module.function"',
                next_step="write the entry out, or declare the routes in [tool.pingbox.routes]",
            )
        routes[key.value] = handler
    return routes
