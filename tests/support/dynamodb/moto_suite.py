"""moto's own DynamoDB tests, from the sdist of the installed version, run against moto or against PingBox's engine."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import platformdirs

# What moto's tests need beside what we have: the HTTP server, S3 exports; not offered here.
_LEFT_OUT = ("test_server.py", "test_dynamodb_export_table.py", "test_dynamodb_import_table.py")


def fetched() -> Path:
    """A folder with moto's `tests` package, its DynamoDB part only; downloaded from PyPI on first use."""
    version = importlib.metadata.version("moto")
    folder = Path(platformdirs.user_cache_dir("pingbox-tests")) / f"moto-{version}"
    if not (folder / "pytest.ini").exists():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            "moto",
            f"moto=={version}",
        ]
        subprocess.run(pip, cwd=folder, check=True, timeout=300)
        archive = folder / f"moto-{version}.tar.gz"
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        archive.unlink()
        source, tests = folder / f"moto-{version}" / "tests", folder / "tests"
        tests.mkdir()
        for module in source.glob("*.py"):
            shutil.copy(module, tests)
        shutil.copytree(source / "test_dynamodb", tests / "test_dynamodb")
        shutil.rmtree(source.parent)
        packages = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder / "deps"), "freezegun"]
        subprocess.run(packages, check=True, timeout=300)
        (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  aws_verified: x\n  requires_clean_slate: x\n")
    return folder


def failures(*, of_pingbox: bool) -> set[str]:
    """The ids of the tests that fail, on plain moto or with every DynamoDB client answered by PingBox."""
    folder = fetched()
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/test_dynamodb",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
    ]
    command += [f"--ignore=tests/test_dynamodb/{name}" for name in _LEFT_OUT]
    # Asks for the order in which tables with random names were made: a matter of luck.
    command.append("--deselect=tests/test_dynamodb/test_dynamodb.py::test_list_tables")
    if of_pingbox:
        command += ["-p", "support.dynamodb.moto_suite_plugin"]
    path = os.pathsep.join([str(folder / "deps"), str(Path(__file__).parents[2])])
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": path}
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, timeout=1800, check=False)
    cases = ElementTree.parse(report).iter("testcase")
    return {_id(case) for case in cases if case.find("failure") is not None or case.find("error") is not None}


def _id(case: ElementTree.Element) -> str:
    module = case.attrib["classname"].removeprefix("tests.test_dynamodb.")
    return f"{module}::{case.attrib['name']}"
