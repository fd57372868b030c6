"""Prints the lower bounds of pyproject.toml as exact requirements, one a line, for `make oldest`."""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def main() -> None:
    """Reads the dependencies needed at run time."""
    for requirement in tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]:
        print(re.sub(r">=", "==", requirement))


if __name__ == "__main__":
    main()
