"""What the index costs: `python -m benchmarks.index [--json]`.

One ENI with 1,000 ingress rules (nested CIDRs, 60 group peers, 50 rules with an own side, 300 distinct port ranges) in
a VPC with 10,000 member addresses, for each family. Every answer that is timed is also checked: verdicts against the
linear definition, columns against single checks.
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks import workloads
from benchmarks.harness import each, fastest_ns, kept_kib, nothing, same, say, show
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

RULES = 1_000
MEMBERS = 10_000
FLOWS = 5_000
ROWS = 10_000
MIXED_ENIS = 50
LINEAR_FLOWS = 200
TURNS = 30
TIMES = 5
LINEAR_TURNS = 3
EMPTY = "empty"
LINEAR = "decide_us"
MICROSECOND = 1e3
MILLISECOND = 1e6
NOW = Instant(0)


class Timed(NamedTuple):
    """Work that is timed for a figure: how many of its `unit_ns` it takes for each of its `parts`.

    What `around` them costs is taken off.
    """

    work: Callable[[], object]
    unit_ns: float
    parts: int = 1
    around: str = ""


class Bench:
    """One family's policy: what is to be timed, by figure, and the figures that are not times.

    Raises AssertionError for an answer that is wrong.
    """

    def __init__(self, family: Family) -> None:
        say(f"IPv{family:d}: {RULES:,} rules, {MEMBERS:,} members …")
        resources = workloads.policy(RULES, MEMBERS, family)
        self._family = family
        self._snapshot = snapshot_of(resources)
        self._checker = Checker(self._snapshot, IndexCache())
        self.memory_kib = self._memory_kib()
        self.timed = {
            "build_ms": Timed(self._build, MILLISECOND),
            **self._checks(workloads.flows(resources, FLOWS, family)),
        }
        self.timed["columns_ns_per_flow"] = _columns(1, family)
        self.timed["columns_mixed_ns_per_flow"] = _columns(MIXED_ENIS, family)

    def _build(self) -> PolicyIndex:
        snapshot = self._snapshot
        groups = snapshot.groups_of(snapshot.eni(workloads.BENCH_ENI))
        return PolicyIndex(groups, Direction.INGRESS, self._family, snapshot.prefix_lists, snapshot.port_lists)

    def _memory_kib(self) -> dict[str, float]:
        cache = IndexCache()

        def all_of_it() -> Checker:
            checker = Checker(self._snapshot, cache)
            for direction in Direction:
                checker.view(workloads.BENCH_ENI, direction, self._family)
            return checker

        self._checker.view(workloads.BENCH_ENI, Direction.INGRESS, self._family)
        whole, _ = kept_kib(all_of_it)
        book, _ = kept_kib(lambda: Checker(self._snapshot, cache).book(workloads.VPC, self._family))
        return {"index_kib": whole - book, "address_book_kib": book}

    def _checks(self, flows: list[Flow]) -> dict[str, Timed]:
        checker, eni = self._checker, workloads.BENCH_ENI
        view = checker.view(eni, Direction.INGRESS, self._family)
        winner = view.cached.index.winner
        contested = 0
        for flow in flows[:LINEAR_FLOWS]:
            expected = decide(checker.snapshot, eni, flow, NOW)
            same(checker.check(eni, flow, NOW), expected)
            contested += expected.rule is not None
        for flow in flows:
            same(checker.check_region(eni, flow, NOW)._replace(region=None), checker.check(eni, flow, NOW))
        if contested < LINEAR_FLOWS // 3:
            raise AssertionError("too few flows meet a rule to measure anything")
        pairs: list[tuple[Flow, Owners]] = [(flow, view.book.at(flow.remote)) for flow in flows]
        calls = {
            "rules_us": each(lambda pair: winner(pair[0], pair[1], None), pairs),
            "decision_us": each(lambda flow: checker.check(eni, flow, NOW), flows),
            "region_us": each(lambda flow: checker.check_region(eni, flow, NOW), flows),
        }
        linear = each(lambda flow: decide(checker.snapshot, eni, flow, NOW), flows[:LINEAR_FLOWS])
        return {
            EMPTY: Timed(each(nothing, flows), 1),
            **{name: Timed(work, MICROSECOND, len(flows), EMPTY) for name, work in calls.items()},
            LINEAR: Timed(linear, MICROSECOND, LINEAR_FLOWS),
        }


def measure() -> dict[str, float]:
    """All figures of both families, by name; those of IPv6 end in `_ipv6`."""
    benches = {"": Bench(Family.IPV4), "_ipv6": Bench(Family.IPV6)}
    timed = {name + suffix: timed for suffix, bench in benches.items() for name, timed in bench.timed.items()}
    slow = {name for name in timed if name.startswith(LINEAR)}
    say("the definition …")
    taken = fastest_ns({name: timed[name].work for name in slow}, LINEAR_TURNS, 1)
    say("the index …")
    taken |= fastest_ns({name: timed[name].work for name in timed.keys() - slow}, TURNS, TIMES)
    figures: dict[str, float] = {}
    for suffix, bench in benches.items():
        figures |= {name + suffix: kib for name, kib in bench.memory_kib.items()}
        for name, (_, unit_ns, parts, around) in bench.timed.items():
            if name != EMPTY:
                taken_off = taken[around + suffix] if around else 0
                figures[name + suffix] = (taken[name + suffix] - taken_off) / parts / unit_ns
    return figures


def _columns(enis: int, family: Family) -> Timed:
    """From a request's bytes to an answer's, for rows spread over some ENIs."""
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
    return Timed(lambda: _answer_bytes(_check_columns(checker, eni_ids, packed, width)), 1, ROWS)


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
    """Measures and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON")
    as_json = parser.parse_args().json
    show(f"One ENI, {RULES:,} rules, {MEMBERS:,} member addresses", measure(), as_json)


if __name__ == "__main__":
    main()
