"""Outcomes of scenarios as JUnit XML, which every CI system reads. Pure text; the caller writes it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pdp.cli.output import printable


class Case(Protocol):
    """An outcome; `failure` is blank when the case holds."""

    @property
    def file(self) -> str:
        """The scenario file."""

    @property
    def name(self) -> str:
        """The case."""

    @property
    def failure(self) -> str:
        """Why it fails."""


def junit_xml(outcomes: Sequence[Case]) -> str:
    """One suite for each file, in order."""
    root = Element("testsuites", _totals(outcomes))
    for file, group in groupby(outcomes, key=lambda outcome: outcome.file):
        cases = list(group)
        # XML has no way to write most control characters, nor a file's name that is not text.
        name = printable(file)
        suite = SubElement(root, "testsuite", {"name": name, **_totals(cases)})
        for outcome in cases:
            case = SubElement(suite, "testcase", {"classname": name, "name": printable(outcome.name)})
            if outcome.failure:
                SubElement(case, "failure", {"message": printable(outcome.failure)})
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _totals(outcomes: Sequence[Case]) -> dict[str, str]:
    failures = sum(bool(outcome.failure) for outcome in outcomes)
    return {"tests": str(len(outcomes)), "failures": str(failures), "errors": "0"}
