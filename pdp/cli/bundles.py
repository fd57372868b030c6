"""Reads the bundle that a verb was given."""

from pathlib import Path

from pdp.cli.exits import ExitCode, Fault
from pdp.formats.bundle import Bundle, BundleRefused, read_bundle
from pdp.model.errors import Refusal
from pdp.model.instants import Instant
from pdp.policy.bundle_policy import policy_of_bundle
from pdp.policy.snapshot import Snapshot


def load_bundle(directory: Path) -> Bundle:
    """The bundle in a directory. Raises Fault with POLICY, in one line."""
    try:
        return read_bundle(directory)
    except BundleRefused as refusal:
        raise Fault(ExitCode.POLICY, str(refusal)) from None


def policy_in(directory: Path, bundle: Bundle, at: Instant) -> Snapshot:
    """The policy that a bundle is. Raises Fault with POLICY for what no policy can hold, in one line."""
    try:
        return policy_of_bundle(bundle.resources, at).snapshot
    except Refusal as refusal:
        raise Fault(ExitCode.POLICY, f"{directory}: {refusal.message}") from None
