"""`deploy --dry-run` needs no credentials and no network; `--help` needs no boto3; mistakes are one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pingbox.deploy.artifacts.site import SiteFile
from pingbox.deploy.commands.deploy import deploy

# An audit hook sees every socket of the process, whoever opens it.
NO_NETWORK = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind"):
        raise SystemExit(f"the network was used: {event} {arguments}")
sys.addaudithook(watch)
"""


PINGBOX = "from pingbox.cli import main; main()"


def run(program: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_a_dry_run_asks_nobody(tmp_path: Path) -> None:
    """The steps of a first deploy, the zip's digest, and boto3 not even imported."""
    program = (
        f"{NO_NETWORK}\nfrom pingbox.cli import main\n"
        "main(standalone_mode=False)\n"
        "assert 'boto3' not in sys.modules, 'boto3 was imported'"
    )
    done = run(program, "deploy", "--dry-run", "--site", "cloudfront", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "create the artifact bucket pingbox-artifacts-<account>-<region>" in done.stdout
    assert "change 41 resources of the stack pingbox-dev" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].startswith("zip ")


def test_a_dry_run_says_the_same_twice(tmp_path: Path) -> None:
    one, two = (run(PINGBOX, "deploy", "--dry-run", home=tmp_path).stdout for _ in range(2))
    assert one == two


def test_a_page_of_many_files_is_one_line() -> None:
    """And every line fits a terminal of 80 columns."""
    files = [SiteFile(f"{n}.js", b"1234", "text/javascript", "no-cache") for n in range(48)]
    result = CliRunner().invoke(deploy, ["--dry-run", "--region", "ap-southeast-2"], obj=lambda: files)
    assert result.exit_code == 0, result.output
    assert [line for line in result.output.splitlines() if "upload 48 files (192 bytes)" in line]
    assert result.output.count("upload") == 2
    assert max(map(len, result.output.splitlines())) <= 80


def test_asking_for_help_imports_no_boto3(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pingbox.deploy.commands import deploy, stages\n"
        "assert not {'boto3', 'rich', 'yaml'} & set(sys.modules)"
    )
    done = run(program, home=tmp_path)
    assert done.returncode == 0, done.stderr


def test_no_credentials_is_one_line(tmp_path: Path) -> None:
    """Exit code 1, what is missing and what to do, and no traceback."""
    done = run(PINGBOX, "plan", "--region", "eu-central-1", home=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the AWS credentials: none; expected a profile")
    assert "Traceback" not in done.stderr


def test_no_region_is_one_line(tmp_path: Path) -> None:
    done = run(PINGBOX, "plan", home=tmp_path)
    assert (done.returncode, "--region" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


@pytest.mark.parametrize(
    "options", [("--json",), ("--json", "--yes", "--dry-run"), ("--json", "--hotswap"), ("--dry-run", "--hotswap")]
)
def test_options_that_contradict_each_other_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Before anybody is asked; a question in the middle of the JSON would help nobody."""
    done = run(PINGBOX, "deploy", *options, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: --" in done.stderr


def test_an_unknown_profile_is_one_line(tmp_path: Path) -> None:
    done = run(PINGBOX, "status", "--profile", "nobody", home=tmp_path)
    assert (done.returncode, "nobody" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
