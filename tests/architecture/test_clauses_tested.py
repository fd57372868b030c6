"""Every clause about changes (§4 to §7) has a test that names it in its docstring."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.sources import parse, python_files
from tests.architecture.test_clauses import CITED, clauses

SECTIONS = ("4", "5", "6", "7")
NAMED = [clause for clause in clauses() if clause.partition(".")[0] in SECTIONS and "." in clause]


def every_test() -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for path in python_files("tests"):
        for node in ast.walk(parse(path)) if path.name.startswith("test_") else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield node


@cache
def named_by_tests() -> frozenset[str]:
    return frozenset(clause for test in every_test() for clause in CITED.findall(ast.get_docstring(test) or ""))


def test_the_sections_have_clauses() -> None:
    assert {clause.partition(".")[0] for clause in NAMED} == set(SECTIONS)


@pytest.mark.parametrize("clause", NAMED)
def test_a_clause_about_changes_has_a_test_that_names_it(clause: str) -> None:
    assert clause in named_by_tests(), f"no test's docstring names §{clause}"
