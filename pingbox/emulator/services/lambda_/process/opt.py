"""The layers of a function at `/opt`, as on Lambda: handlers name `/opt/data.txt` and `require("/opt/nodejs/common")`.

On Linux, where the user may make a mount namespace, the layers lie over this machine's own `/opt`, read-only, for the
function's process alone. Elsewhere (macOS, most containers) the runtimes redirect imports and files below `/opt` in
Python and Node.js. What a child process or a native library opens by such a path is not found then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

OPT = "/opt"

_PROBE = 'mount -t overlay overlay -o "lowerdir=$0" /opt'
_MOUNT = f'{_PROBE} || echo "pingbox: the layers cannot be mounted at /opt" >&2\nexec "$@"'


def folders(layers: Sequence[str]) -> list[str]:
    """The layers that exist, the one that hides the others first: the last that the function names."""
    return [str(path) for layer in reversed(layers) if (path := Path(layer).resolve()).is_dir()]


def subfolders(layers: Sequence[str], name: str) -> list[str]:
    """The folders called `name` in the layers, whether they exist or not."""
    return [f"{layer}/{name}" for layer in folders(layers)]


def mounted(command: Sequence[str], layers: Sequence[str], tmp: str) -> tuple[str, ...]:
    """The command that runs `command` with the layers at `/opt`; ask `can_mount` before. `tmp`: a private folder."""
    return (*_namespace(), "sh", "-c", _MOUNT, _lower(folders(layers), tmp), *command)


@cache
def can_mount() -> bool:
    """Whether this process may give another a `/opt` of its own. Tried out once."""
    if sys.platform != "linux" or not os.path.isdir(OPT) or shutil.which("unshare") is None:
        return False
    with tempfile.TemporaryDirectory() as layer:
        command = [*_namespace(), "sh", "-c", _PROBE, _lower([layer], layer)]
        try:
            return subprocess.run(command, capture_output=True, timeout=20).returncode == 0  # noqa: S603 -- ours
        except (OSError, subprocess.SubprocessError):
            return False


def redirected(path: str, layers: Sequence[str]) -> str:
    """Where a path below `/opt` really is, by the first layer that has it; any other path as it is."""
    if path.startswith(f"{OPT}/"):
        for layer in folders(layers):
            if os.path.exists(found := f"{layer}/{path.removeprefix(f'{OPT}/')}"):
                return found
    return path


def _namespace() -> tuple[str, ...]:
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return ("unshare", *user, "--mount", "--")


def _lower(layers: Sequence[str], tmp: str) -> str:
    return ":".join([*(_mountable(layer, f"{tmp}/layer-{n}") for n, layer in enumerate(layers)), OPT])


def _mountable(layer: str, link: str) -> str:
    """The folder, by another name if its own has a character that separates options of `mount`."""
    if not set(layer) & set(':,\\"'):
        return layer
    os.symlink(layer, link)
    return link
