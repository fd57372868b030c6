"""What the architecture tests read: the project's own files, and the imports of a module, without running any."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.tools import find_tool

ROOT = Path(__file__).resolve().parents[2]


class Import(NamedTuple):
    """One imported name and the line that does it: `pdp.model.flow.Flow` for `from pdp.model.flow import Flow`."""

    name: str
    line: int


def python_files(folder: str) -> list[Path]:
    """Every Python file under a folder of the project; none when the folder is not there."""
    return sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """The dotted name of a file: `pdp.model.flow`. A package is named without `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[Import]:
    """All imports of a file, those inside functions and under conditions too."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the import in full, so that its arrow can be read"
            yield from (Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def within(name: str, package: str) -> bool:
    """Whether a dotted name is a package or lies in it."""
    return name == package or name.startswith(package + ".")


def project_files() -> list[Path]:
    """Every file that is tracked or about to be: what a reader of the repository sees."""
    listed = subprocess.run(
        [find_tool("git"), "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
