"""`python -m benchmarks [--quick] [chat] [dynamodb] [functions]`: run them and print their tables."""

from __future__ import annotations

import argparse
import importlib


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help="chat, dynamodb, functions (default: chat)")
    parser.add_argument("--quick", action="store_true", help="a short look; do not quote its figures")
    arguments = parser.parse_args()
    for name in arguments.names or ["chat"]:
        benchmark = importlib.import_module(f"benchmarks.{name}")
        print(f"\n## {name}\n")
        print(benchmark.table(benchmark.run(quick=arguments.quick)))


if __name__ == "__main__":
    main()
