"""`pdp serve` on a store, kept to a core, for measuring: `python -m benchmarks.store_server --store sqlite:PATH`."""

import argparse

from benchmarks.rpc_processes import keep_to
from pdp.cli.main import app


def main() -> None:
    """Serves on any free port until it is told to stop; logs JSON lines to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--core", type=int, help="run on this core only")
    arguments = parser.parse_args()
    keep_to(arguments.core)
    app(["serve", "--store", arguments.store, "--listen", "127.0.0.1:0", "--json"])


if __name__ == "__main__":
    main()
