"""What the index costs: `python -m benchmarks.index [--json]`.

One ENI with 1,000 ingress rules (nested CIDRs, 60 group peers, 50 rules with an own side, 300 distinct port ranges) in
a VPC with 10,000 member addresses, for each family. Every answer that is timed is also checked: verdicts against the
linear definition, columns against single checks.
"""

import argparse

import numpy as np

from benchmarks import workloads
from benchmarks.harness import kept_kib, microseconds_per_call, milliseconds, same, say, show
from benchmarks.workloads import PackedColumns, packed_columns
from pdp.index.batch import ColumnCheck, Columns
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.index.policy_index import PolicyIndex
from pdp.model.addresses import Family
from pdp.model.flow import Direction, Flow
from pdp.model.ids import EniId
from pdp.model.instants import Instant
from pdp.policy.decide import decide
from pdp.policy.draft import snapshot_of
from pdp.policy.owners import Owners
from pdp.policy.snapshot import Snapshot

RULES = 1_000
MEMBERS = 10_000
FLOWS = 5_000
ROWS = 10_000
MIXED_ENIS = 50
LINEAR_FLOWS = 200
NOW = Instant(0)


def measure(family: Family) -> dict[str, float]:
    """All figures of a family, by name."""
    say(f"IPv{family:d}: {RULES:,} rules, {MEMBERS:,} members …")
    snapshot = snapshot_of(workloads.policy(RULES, MEMBERS, family))
    flows = workloads.flows(workloads.policy(RULES, MEMBERS, family), FLOWS, family)
    figures = _build_figures(snapshot, family)
    checker = Checker(snapshot, IndexCache())
    figures |= _check_figures(checker, flows, family)
    figures["columns_ns_per_flow"] = _columns_figure(1, family)
    figures["columns_mixed_ns_per_flow"] = _columns_figure(MIXED_ENIS, family)
    return figures


def _build_figures(snapshot: Snapshot, family: Family) -> dict[str, float]:
    groups = snapshot.groups_of(snapshot.eni(workloads.BENCH_ENI))

    def build() -> PolicyIndex:
        return PolicyIndex(groups, Direction.INGRESS, family, snapshot.prefix_lists, snapshot.port_lists)

    def all_of_it() -> Checker:
        checker = Checker(snapshot, cache)
        for direction in Direction:
            checker.view(workloads.BENCH_ENI, direction, family)
        return checker

    cache = IndexCache()
    Checker(snapshot, IndexCache()).view(workloads.BENCH_ENI, Direction.INGRESS, family)
    whole, _ = kept_kib(all_of_it)
    book, _ = kept_kib(lambda: Checker(snapshot, cache).book(workloads.VPC, family))
    return {"build_ms": milliseconds(build), "index_kib": whole - book, "address_book_kib": book}


def _check_figures(checker: Checker, flows: list[Flow], family: Family) -> dict[str, float]:
    view = checker.view(workloads.BENCH_ENI, Direction.INGRESS, family)
    winner, eni = view.cached.index.winner, workloads.BENCH_ENI
    contested = 0
    for flow in flows[:LINEAR_FLOWS]:
        expected = decide(checker.snapshot, eni, flow, NOW)
        same(checker.check(eni, flow, NOW), expected)
        same(checker.check_region(eni, flow, NOW)._replace(region=None), expected)
        contested += expected.rule is not None
    for flow in flows:
        same(checker.check_region(eni, flow, NOW)._replace(region=None), checker.check(eni, flow, NOW))
    if contested < LINEAR_FLOWS // 3:
        raise AssertionError("too few flows meet a rule to measure anything")
    pairs: list[tuple[Flow, Owners]] = [(flow, view.book.at(flow.remote)) for flow in flows]
    return {
        "rules_us": microseconds_per_call(lambda pair: winner(pair[0], pair[1], None), pairs),
        "decision_us": microseconds_per_call(lambda flow: checker.check(eni, flow, NOW), flows),
        "region_us": microseconds_per_call(lambda flow: checker.check_region(eni, flow, NOW), flows),
        "decide_us": microseconds_per_call(
            lambda flow: decide(checker.snapshot, eni, flow, NOW), flows[:LINEAR_FLOWS], rounds=3
        ),
    }


def _columns_figure(enis: int, family: Family) -> float:
    """Nanoseconds per flow from a request's bytes to an answer's, for rows spread over some ENIs."""
    resources = workloads.policy(RULES, MEMBERS, family, enis=enis)
    checker = Checker(snapshot_of(resources), IndexCache())
    flows = workloads.flows(resources, ROWS, family, seed=3)
    eni_ids = [eni.id for eni in resources.enis[:enis]]
    width = 4 if family is Family.IPV4 else 16
    packed = packed_columns(flows, enis, width)
    check = _check_columns(checker, eni_ids, packed, width)
    for row, flow in enumerate(flows):
        verdict = checker.check(eni_ids[row % enis], flow, NOW)
        rule = check.rules[check.rule_index[row] - 1].rule if check.rule_index[row] else None
        group = check.groups[check.group_index[row] - 1] if check.group_index[row] else None
        same((check.actions[row], check.reasons[row], rule, group), (*verdict[:4],))
    return milliseconds(lambda: _answer_bytes(_check_columns(checker, eni_ids, packed, width))) * 1e6 / ROWS


def _check_columns(checker: Checker, eni_ids: list[EniId], packed: PackedColumns, width: int) -> ColumnCheck:
    columns = Columns(
        eni_ids,
        np.frombuffer(packed.eni_index, ">u4").astype(np.uint32),
        np.frombuffer(packed.directions, np.uint8),
        np.frombuffer(packed.protocols, np.uint8),
        np.frombuffer(packed.sources, np.uint8).reshape(-1, width),
        np.frombuffer(packed.destinations, np.uint8).reshape(-1, width),
        np.frombuffer(packed.source_ports, ">u2").astype(np.uint16),
        np.frombuffer(packed.destination_ports, ">u2").astype(np.uint16),
    )
    check = ColumnCheck(checker, columns, NOW)
    check.judge()
    return check


def _answer_bytes(check: ColumnCheck) -> list[bytes]:
    wide = [check.rule_index.astype(">u4"), check.group_index.astype(">u4")]
    return [column.tobytes() for column in (check.actions, check.reasons, check.errors, *wide)]


def main() -> None:
    """Measures both families and prints the figures; those of IPv6 end in `_ipv6`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON")
    as_json = parser.parse_args().json
    figures = measure(Family.IPV4)
    figures |= {f"{name}_ipv6": value for name, value in measure(Family.IPV6).items()}
    show(f"One ENI, {RULES:,} rules, {MEMBERS:,} member addresses", figures, as_json)


if __name__ == "__main__":
    main()
