"""Compares the index with the definition for as long as asked: `python -m tests.fuzz --flows 1000000`.

Each policy is random, each flow aimed at an edge of it. For each flow the verdicts by index, with region and in columns
must be the definition's, and the region must be sound. The last line is a summary; the exit code is 1 on any difference
or unsound region, and when a stage gave so few verdicts that the run proved little about it. A failure names its seed
and policy: `--seed S --policy P` repeats it.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random, SystemRandom

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.addresses import Family
from pdp.model.instants import Instant
from pdp.model.verdict import Stage, Verdict
from pdp.policy.draft import snapshot_of
from tests.aimed_flows import Question, edge_flows
from tests.columns import ENOUGH, columns_of, judged, row_of, rows_of
from tests.reference import Reference
from tests.soundness import Prober
from tests.workloads import random_resources

MOST_FLOWS_PER_POLICY = 250
FEWEST_POLICIES = 40
LEAST_SHARE = 0.01
"""Of the flows, that each stage must have answered."""
MOST_FAILURES_SHOWN = 20
PROGRESS_EVERY_S = 2.0


@dataclass(slots=True)
class Outcome:
    """What came of some flows. `failures` are lines that say how to repeat each."""

    flows: int = 0
    policies: int = 0
    probes: int = 0
    differences: int = 0
    unsound: int = 0
    stages: Counter[Stage] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.flows += other.flows
        self.policies += other.policies
        self.probes += other.probes
        self.differences += other.differences
        self.unsound += other.unsound
        self.stages += other.stages
        self.failures += other.failures[: MOST_FAILURES_SHOWN - len(self.failures)]


class PolicyRun:
    """One policy, its flows, and everything that answers them."""

    def __init__(self, seed: int, number: int, flows: int) -> None:
        self.name = f"seed={seed} policy={number}"
        rng = Random(f"{seed}/{number}")
        self.snapshot = snapshot_of(random_resources(rng))
        self.questions = list(edge_flows(rng, self.snapshot, flows))
        # Its own, so that each probe of a policy can be repeated whatever the number of flows.
        self.rng = Random(f"{seed}/{number}/probes")
        self.checker = Checker(self.snapshot, IndexCache())
        self.reference = Reference(self.snapshot)
        self.prober = Prober(self.reference, self.rng)
        self.outcome = Outcome(policies=1)

    def run(self) -> Outcome:
        for question in self.questions:
            self.guard(question, partial(self.compare, question))
        self.guard(self.questions[0], self.compare_columns)
        self.outcome.probes = self.prober.probes
        return self.outcome

    def guard(self, question: Question, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever is raised instead of an answer is a difference to report
            self.differ(question, "an answer", repr(error), "otherwise")

    def compare(self, question: Question) -> None:
        eni_id, flow, at = question
        expected = self.reference.verdict(eni_id, flow, at)
        self.outcome.flows += 1
        self.outcome.stages[expected.reason] += 1
        plain = self.checker.check(eni_id, flow, at)
        with_region = self.checker.check_region(eni_id, flow, at)
        for way, verdict in (("check", plain), ("check_region", with_region._replace(region=None))):
            if verdict != expected:
                self.differ(question, way, verdict, expected)
        fault = self.prober.fault(eni_id, flow, at, with_region)
        if fault is not None:
            self.outcome.unsound += 1
            found = f"{shown(with_region)}, region {with_region.region}"
            there = f"at={fault.at} {fault.flow}: {shown(fault.expected)}"
            self.fail(question, f"unsound region: {found}; {fault.why}: {there}")

    def compare_columns(self) -> None:
        """All flows in columns: row by row, in groups large enough for numpy, and with addresses of 4 bytes."""
        ipv4 = [question for question in self.questions if question[1].family is Family.IPV4]
        self.compare_batch(self.questions, self.rng.choice(self.questions)[2], 1)
        self.compare_batch(self.questions, self.rng.choice(self.questions)[2], ENOUGH)
        if ipv4:
            self.compare_batch(ipv4, self.rng.choice(ipv4)[2], ENOUGH)

    def compare_batch(self, questions: list[Question], at: Instant, copies: int) -> None:
        expected = [self.reference.verdict(eni_id, flow, at) for eni_id, flow, _ in questions]
        check = judged(self.checker, columns_of(questions, self.rng, copies), at)
        rows = rows_of(check)
        for place, verdict in enumerate(expected):
            wrong = [row for row in rows[place :: len(expected)] if row != row_of(verdict)]
            if wrong:
                self.differ((*questions[place][:2], at), f"a row of {copies}", wrong[0], verdict)
        ends = [verdict.valid_until for verdict in expected if verdict.valid_until is not None]
        if check.valid_until != min(ends, default=None):
            self.differ(questions[0], "valid_until of columns", check.valid_until, min(ends, default=None))

    def differ(self, question: Question, way: str, found: object, expected: object) -> None:
        self.outcome.differences += 1
        self.fail(question, f"{way} says {shown(found)}; the definition says {shown(expected)}")

    def fail(self, question: Question, text: str) -> None:
        eni_id, flow, at = question
        if len(self.outcome.failures) < MOST_FAILURES_SHOWN:
            self.outcome.failures.append(f"{self.name} {eni_id} at={at} {flow}: {text}")


def shown(answer: object) -> str:
    """A verdict in one line, or whatever stands in its place."""
    if not isinstance(answer, Verdict):
        return str(answer)
    rule = answer.rule.id if answer.rule else None
    return (
        f"{answer.action.name} {answer.reason.name} rule={rule} group={answer.group} "
        f"idle={answer.idle_timeout_s} valid_until={answer.valid_until}"
    )


def run_policy(seed: int, job: tuple[int, int]) -> Outcome:
    """The outcome of one policy, given as its number and how many flows."""
    return PolicyRun(seed, *job).run()


def jobs_for(flows: int) -> list[tuple[int, int]]:
    """Policy numbers with how many flows each: a new policy at least every 250 flows, and never only a few policies."""
    each = max(1, min(MOST_FLOWS_PER_POLICY, flows // FEWEST_POLICIES))
    return [(number, min(each, flows - start)) for number, start in enumerate(range(0, flows, each))]


def outcomes(seed: int, jobs: list[tuple[int, int]], processes: int) -> Iterator[Outcome]:
    """The outcome of each job, as they come."""
    work = partial(run_policy, seed)
    if processes == 1:
        yield from map(work, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(work, jobs, chunksize=4)


def fuzz(seed: int, jobs: list[tuple[int, int]], processes: int) -> Outcome:
    """Runs all and tells on stderr how far it is."""
    flows = sum(count for _, count in jobs)
    total = Outcome()
    started = told = time.monotonic()
    for outcome in outcomes(seed, jobs, processes):
        total.add(outcome)
        now = time.monotonic()
        if now - told >= PROGRESS_EVERY_S:
            told = now
            rate = total.flows / (now - started)
            print(
                f"{total.flows:,} of {flows:,} flows, {rate:,.0f}/s, {(flows - total.flows) / rate:,.0f} s to go, "
                f"{total.differences} differences, {total.unsound} unsound",
                file=sys.stderr,
                flush=True,
            )
    return total


def report(total: Outcome, seed: int) -> int:
    """Prints the outcome and gives the exit code."""
    for failure in total.failures:
        print(failure)
    rare = [stage for stage in Stage if total.policies > 1 and total.stages[stage] < LEAST_SHARE * total.flows]
    for stage in rare:
        print(f"{stage.name} answered less than {LEAST_SHARE:.0%} of the flows: this run says too little about it")
    shares = (f"{stage.name}={total.stages[stage]} ({total.stages[stage] / total.flows:.1%})" for stage in Stage)
    print(f"probes={total.probes}", *shares)
    faults = f"differences={total.differences} unsound={total.unsound}"
    print(f"flows={total.flows} policies={total.policies} {faults} seed={seed}")
    return 1 if total.differences or total.unsound or rare else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--flows", type=int, default=100_000, help="how many flows to ask about")
    parser.add_argument("--seed", type=int, help="repeats a run; random unless given")
    parser.add_argument("--policy", type=int, help="repeats this policy of the seed alone")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many processes share the work")
    options = parser.parse_args(arguments)
    if options.flows < 1 or options.processes < 1:
        parser.error("--flows and --processes are at least 1")
    seed = SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed={seed}", flush=True)
    jobs = jobs_for(options.flows) if options.policy is None else [(options.policy, MOST_FLOWS_PER_POLICY)]
    return report(fuzz(seed, jobs, options.processes), seed)


if __name__ == "__main__":
    sys.exit(main())
