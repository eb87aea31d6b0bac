"""Finding the file that declares an app, from what the user named; and what to do where only a tool could tell."""

from __future__ import annotations

import re
from pathlib import Path

from pingbox.model.findings import SourcePosition
from pingbox.templates.errors import TemplateError

TEMPLATES = (
    "template.yaml",
    "template.yml",
    "template.json",
    "serverless.yml",
    "serverless.yaml",
    "serverless.json",
)
HANDLERS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SYNTHESISED = "*.template.json"
_PACKAGED = ".serverless/cloudformation-template-update-stack.json"

# Declarations that are programs, or of tools with a language of their own: what is there, and how to get a template.
_OF_TOOLS = (
    ("cdk.json", "run cdk synth, and serve this folder again"),
    ("serverless.ts", f"run serverless package, then pingbox serve {_PACKAGED}"),
    ("serverless.js", f"run serverless package, then pingbox serve {_PACKAGED}"),
    (".chalice/config.json", "run chalice package out, then pingbox serve out/sam.json"),
    ("app.arc", "Architect's manifest is not read; name the handlers in a [tool.pingbox] table of pyproject.toml"),
    ("sst.config.ts", "SST's program is not run; name the handlers in a [tool.pingbox] table of pyproject.toml"),
    ("Pulumi.yaml", "Pulumi's program is not run; name the handlers in a [tool.pingbox] table of pyproject.toml"),
    ("main.tf", "Terraform is not read; name the handlers in a [tool.pingbox] table of pyproject.toml"),
)


def locate(source: Path | str) -> Path | str:
    """The file to read, or `module:attribute` as it is. Raises TemplateError."""
    path = Path(source)
    if path.is_file():
        return path.resolve()
    if path.is_dir():
        return _in_folder(path.resolve())
    if isinstance(source, str) and HANDLERS.fullmatch(source):
        return source
    raise TemplateError(
        "is neither a file nor a folder",
        place=SourcePosition(str(source)),
        expected="a template, serverless.yml, a folder with one, or module:function",
        next_step="check the path",
    )


def _in_folder(folder: Path) -> Path:
    for name in TEMPLATES:
        if (folder / name).is_file():
            return folder / name
    project = folder / "pyproject.toml"
    if project.is_file() and "[tool.pingbox" in project.read_text(encoding="utf-8"):
        return project
    found = _synthesised(folder)
    if len(found) == 1:
        return found[0]
    raise TemplateError(
        "the folder has several templates" if found else "the folder has nothing to serve",
        place=SourcePosition(str(folder)),
        received=", ".join(str(file.relative_to(folder)) for file in found) or _of_a_tool(folder)[0],
        expected=", ".join(TEMPLATES) + f", pyproject.toml with [tool.pingbox], or one {_SYNTHESISED}",
        next_step=f"name one of them: pingbox serve {_near(found[0])}" if found else _of_a_tool(folder)[1],
    )


def _synthesised(folder: Path) -> list[Path]:
    """What `cdk synth` left in the folder, or in the cdk.out of a project. Of several, those with a WebSocket API."""
    where = folder / "cdk.out" if (folder / "cdk.json").is_file() else folder
    found = sorted(where.glob(_SYNTHESISED))
    with_sockets = [file for file in found if '"WEBSOCKET"' in file.read_text(encoding="utf-8", errors="replace")]
    return with_sockets or found


def _of_a_tool(folder: Path) -> tuple[str | None, str]:
    """What there is instead, and the next step."""
    for name, next_step in _OF_TOOLS:
        if (folder / name).is_file():
            return name, next_step
    below = [file for name in TEMPLATES for file in sorted(folder.glob(f"*/{name}"))]
    if below:
        return None, f"there is {below[0].relative_to(folder)}: pingbox serve {_near(below[0])}"
    return None, "name the file itself, e.g. pingbox serve infra/api.yaml"


def _near(file: Path) -> str:
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


def unreadable(file: Path) -> TemplateError:
    """A file that is named, but is no declaration."""
    tool = dict(_OF_TOOLS).get(file.name)
    return TemplateError(
        "is not a kind of file that declares an app",
        place=SourcePosition(str(file)),
        received=file.suffix or "no extension",
        expected=".yaml, .yml, .json (SAM, CloudFormation, serverless) or pyproject.toml",
        next_step=tool or "serve a template; for plain handlers use module:function",
    )
