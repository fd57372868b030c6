"""Random policies for properties: hypothesis picks a seed and prints it when a property fails."""

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.resources import Resources
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import Snapshot
from tests.aimed_flows import Question, edge_flows
from tests.workloads import random_resources

seeds = st.integers(0, (1 << 32) - 1)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Policies are costly to make and full of cases each; `make fuzz` asks about many more of them."""


def resources_of(seed: int) -> Resources:
    return random_resources(Random(seed))


def asked(seed: int, flows: int = 60) -> tuple[Snapshot, list[Question]]:
    """The policy of a seed, and questions aimed at its edges."""
    snapshot = snapshot_of(resources_of(seed))
    return snapshot, list(edge_flows(Random(seed), snapshot, flows))


def checker_of(snapshot: Snapshot) -> Checker:
    return Checker(snapshot, IndexCache())
