"""The outside tools that judge the deploy, each in a virtual environment of its own: they pin what we do not.

Run by `make test-deploy`, or by hand: `python tests/deploy/tools.py`. A second run finds them and does nothing.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".venv-deploy"

# name of the environment -> (what pip installs with its dependencies, what it installs without)
ENVIRONMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # MiniStack pins botocore; boto3 of the same month is what its Lambda processes import.
    "ministack": (("ministack==1.5.33", "boto3==1.43.106"), ()),
    # As old as any boto3 of Lambda's python3.13, which is of November 2024: the functions may ask for nothing newer.
    "runtime": (("boto3==1.34.145", "botocore==1.34.145", "awslambdaric==4.2.2"), ()),
    # cdk-preflight would bring a Node runtime; only the rules inside its archive are wanted.
    "static": (("cfn-lint==1.58.0", "cloudformation-validate==1.14.0"), ("cdk-preflight==1.9.1",)),
    # parliament needs pkg_resources, which later setuptools do not have.
    "parliament": (("parliament==1.6.4", "setuptools<81"), ()),
}


def python_of(name: str) -> Path:
    """The interpreter of one environment."""
    return HOME / name / "bin" / "python"


def install(name: str) -> None:
    """Make the environment unless it is there already with exactly these packages."""
    stamp, wanted = HOME / name / "installed", repr(ENVIRONMENTS[name])
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with_dependencies, alone = ENVIRONMENTS[name]
    venv.create(HOME / name, with_pip=True, clear=True)
    pip = [str(python_of(name)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *with_dependencies], check=True)
    if alone:
        subprocess.run([*pip, "--no-deps", *alone], check=True)
    stamp.write_text(wanted)


def main() -> int:
    """Install all of them."""
    for name in ENVIRONMENTS:
        print(f"tools: {name}", flush=True)
        install(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
