"""`python -m benchmarks [--quick] [NAME ...]`: run them and print their tables."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

_ABOUT = {
    "chat": "the chat as a whole, beside a raw websockets server",
    "apps": "a stranger's app in process and in Python and Node processes, beside a raw websockets server",
    "dynamodb": "the local DynamoDB, beside other engines",
    "dynamodb_http": "the local DynamoDB over HTTP, beside DynamoDB Local",
    "functions": "local Lambda functions",
    "files": "through how many files an item and a frame lead",
    "cold_import": "what the deployed functions import, cold and warm",
    "durability": "kill -9 twenty times during 10,000 acknowledged messages",
    "million": "the chat on 1,000,000 stored messages, beside an empty one",
    "soak": "1,000 connections and handlers that crash, hang and leave: memory, sockets, processes",
}


def main() -> None:
    names = "\n".join(f"  {name:<11} {about}" for name, about in _ABOUT.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\n\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: chat")
    parser.add_argument("--quick", action="store_true", help="a short look; do not quote its figures")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(_ABOUT):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; expected {', '.join(_ABOUT)}")
    # Clients and judges that tests and benchmarks share.
    sys.path.append(str(Path(__file__).parent.parent / "tests"))
    for name in arguments.names or ["chat"]:
        benchmark = importlib.import_module(f"benchmarks.{name}")
        print(f"\n## {name}\n")
        print(benchmark.table(benchmark.run(quick=arguments.quick)))


if __name__ == "__main__":
    main()
