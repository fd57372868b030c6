"""Reads the bundle that a verb was given."""

from pathlib import Path

from pdp.cli.exits import ExitCode, Fault
from pdp.formats.bundle import Bundle, BundleRefused, read_bundle


def load_bundle(directory: Path) -> Bundle:
    """The bundle in a directory. Raises Fault with POLICY, in one line."""
    try:
        return read_bundle(directory)
    except BundleRefused as refusal:
        raise Fault(ExitCode.POLICY, str(refusal)) from None
