"""Imports point one way. The table below is the law, ARCHITECTURE.md shows it, and every import is held against it."""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, imports, module_name, parse, python_files, within

LAYERS: dict[str, tuple[set[str], set[str]]] = {
    # layer: what it may import of the project, and of others beside the standard library
    "pdp.model": (set(), set()),
    "pdp.policy": ({"pdp.model"}, {"immutables"}),
    "pdp.index": ({"pdp.model", "pdp.policy"}, {"immutables", "intervaltree", "numpy"}),
    "pdp.formats": ({"pdp.model"}, {"yaml"}),
    "pdp.store": ({"pdp.model", "pdp.policy"}, {"cattrs"}),
    "pdp.v1": (set(), {"google.protobuf", "grpc"}),
    "pdp.server": (
        {"pdp.formats", "pdp.index", "pdp.model", "pdp.policy", "pdp.store", "pdp.v1"},
        {
            "google.protobuf",
            "google.rpc",
            "grpc",
            "grpc_health",
            "grpc_reflection",
            "grpc_status",
            "numpy",
            "prometheus_client",
            "structlog",
            "uvloop",
        },
    ),
    "pdp.cli": (
        {"pdp.formats", "pdp.index", "pdp.model", "pdp.policy", "pdp.server", "pdp.store", "pdp.v1"},
        {"google.protobuf", "google.rpc", "grpc", "grpc_status", "rich", "typer", "uvloop"},
    ),
}

ONLY_IN = {
    # package of others: the modules of pdp that may import it
    "intervaltree": {"pdp.index.port_axis"},
    "cattrs": {"pdp.store.codec"},
    "sqlite3": {"pdp.store.sqlite", "pdp.store.sqlite_format"},
    "grpc": {"pdp.server", "pdp.v1", "pdp.cli.remote"},
    "grpc_health": {"pdp.server", "pdp.cli.remote"},
    "grpc_reflection": {"pdp.server"},
    "grpc_status": {"pdp.server", "pdp.cli.remote"},
    "google.rpc": {"pdp.server", "pdp.cli.remote"},
}

PURE = {"pdp.model", "pdp.policy", "pdp.index", "pdp.formats"}
"""Layers whose answers depend on their arguments alone. Formats read files, and nothing else of the world."""

IMPURE_MODULES = {
    # clocks
    "time",
    "sched",
    # chance
    "random",
    "secrets",
    "uuid",
    # threads, processes and locks
    "asyncio",
    "concurrent",
    "contextvars",
    "multiprocessing",
    "queue",
    "signal",
    "subprocess",
    "threading",
    # the world outside
    "http",
    "platform",
    "select",
    "ssl",
    "tempfile",
    "urllib",
    # talk
    "logging",
    "warnings",
}

IMPURE_NAMES = re.compile(
    r"(datetime|date)\.(now|utcnow|today)"
    r"|os\.(environ|getenv|urandom|getpid)"
    r"|socket\.(?!inet_pton$|inet_ntop$)[a-z_]+"
    r"|sys\.(std(in|out|err)|argv)"
    r"|print|input"
)
FILE_NAMES = re.compile(r"open|.*\.(open|read_text|read_bytes|write_text|write_bytes|iterdir|glob|rglob|is_file|stat)")
"""What only formats, among the pure layers, may touch."""

PDP_FILES = [path for path in python_files("pdp") if path.parent != ROOT / "pdp"]


def layer_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def files_of(layers: set[str]) -> list[Path]:
    return [path for path in PDP_FILES if layer_of(module_name(path)) in layers]


def by_name(path: Path) -> str:
    return module_name(path)


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def allowed(name: str, layer: str) -> bool:
    ours, others = LAYERS[layer]
    if name.split(".", maxsplit=1)[0] in sys.stdlib_module_names:
        return True
    return any(within(name, package) for package in {layer} | ours | others)


def faults(path: Path, layer: str) -> list[str]:
    return [
        f"{place(path, line)}: {layer} may not import {name}"
        for name, line in imports(path)
        if not allowed(name, layer)
    ]


@pytest.mark.parametrize("path", PDP_FILES, ids=by_name)
def test_imports_follow_the_arrows(path: Path) -> None:
    layer = layer_of(module_name(path))
    assert layer in LAYERS, f"{layer} is a new layer: give it a row in LAYERS and in ARCHITECTURE.md"
    assert faults(path, layer) == []


def test_the_top_of_the_package_imports_nothing() -> None:
    assert list(imports(ROOT / "pdp" / "__init__.py")) == []


@pytest.mark.parametrize("path", PDP_FILES, ids=by_name)
def test_a_guarded_package_is_imported_only_where_it_belongs(path: Path) -> None:
    module = module_name(path)
    misplaced = [
        f"{place(path, line)}: {package} belongs in {', '.join(sorted(homes))}"
        for name, line in imports(path)
        for package, homes in ONLY_IN.items()
        if within(name, package) and not any(within(module, home) for home in homes)
    ]
    assert misplaced == []


@pytest.mark.parametrize("path", files_of(PURE), ids=by_name)
def test_pure_layers_import_no_clock_lock_log_or_chance(path: Path) -> None:
    impure = [
        f"{place(path, line)}: {name}" for name, line in imports(path) for bad in IMPURE_MODULES if within(name, bad)
    ]
    assert impure == []


@pytest.mark.parametrize("path", files_of(PURE), ids=by_name)
def test_pure_layers_touch_nothing_of_the_world(path: Path) -> None:
    forbidden = [IMPURE_NAMES] if layer_of(module_name(path)) == "pdp.formats" else [IMPURE_NAMES, FILE_NAMES]
    impure = [
        f"{place(path, node.lineno)}: {ast.unparse(node)}"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Name | ast.Attribute)
        for pattern in forbidden
        if pattern.fullmatch(ast.unparse(node))
    ]
    assert impure == []


def test_clients_never_import_the_server_or_its_store() -> None:
    inner = [
        f"{place(path, line)}: {name}"
        for path in python_files("clients")
        for name, line in imports(path)
        for private in ("pdp.server", "pdp.cli", "pdp.store")
        if within(name, private)
    ]
    assert inner == []


@pytest.mark.parametrize("path", [path for path in python_files("pdp") if path.parent.name != "v1"], ids=by_name)
def test_the_package_never_imports_what_stands_around_it(path: Path) -> None:
    around = {"tests", "benchmarks", "examples", "clients", "scripts", "pdp_agent"}
    assert [f"{place(path, line)}: {name}" for name, line in imports(path) if name.split(".")[0] in around] == []


def test_the_architecture_page_shows_the_same_table() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(pdp\.\w+)` \| ([^|]*) \| ([^|]*) \|", page, re.MULTILINE)
    shown = {layer: (_names(ours), _names(others)) for layer, ours, others in rows}
    assert shown == LAYERS


def _names(cell: str) -> set[str]:
    return set(re.findall(r"`([\w.]+)`", cell))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ("pdp.model", "pdp.policy.decide"),
        ("pdp.model", "numpy"),
        ("pdp.policy", "pdp.index.policy_index"),
        ("pdp.policy", "pdp.v1.flow_pb2"),
        ("pdp.formats", "pdp.policy.snapshot"),
        ("pdp.index", "grpc.aio"),
        ("pdp.server", "pdp.cli.main"),
        ("pdp.index", "pdp.modelled"),
    ],
)
def test_an_arrow_turned_round_is_seen(layer: str, name: str) -> None:
    assert not allowed(name, layer)
