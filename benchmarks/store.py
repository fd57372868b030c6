"""What a durable store costs: `python -m benchmarks.store [--rounds N] [--json]`.

Commits of one rule in stores of different sizes, made in this process by turns and published to a checker as a server
does it; a server's start; two servers on one file; and a lone caller while commits go on. Ratios are taken within
rounds, so that what else the machine does falls on both sides alike. Everything that is timed is also checked.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import grpc
import uvloop
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from benchmarks.harness import percentile, same, say, show, with_spread
from benchmarks.rpc_processes import Cores, committing, keep_to, separate_cores, serving_store
from benchmarks.store_client import Ask, StoreClient, asks
from benchmarks.store_commits import Spent, Subject, appends_per_s, kinds, populate, settle
from benchmarks.store_policy import Size, questions
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.store.journal import Journal
from pdp.store.sqlite import SqliteStore


class Plan(NamedTuple):
    """What is measured, and how often."""

    rounds: int = 9
    changes: int = 10
    """Of each kind, for each store and round; each is two commits, there and back."""
    small: int = 1_000
    large: int = 100_000
    large_group: int = 60_000
    """Of the ENIs of the large store."""
    starts: int = 3
    relays: int = 1_000
    """Commits of one server that another has to see."""
    rate: float = 100.0
    """Commits a second beside the lone caller."""
    alone: int = 1_000
    """Calls of the lone caller, for each half of a round."""
    asked: int = 2_000
    """Different flows that it asks about."""
    append_s: float = 2.0


def commit_figures(small: Path, large: Path, plan: Plan) -> dict[str, float]:
    """What commits take, in milliseconds, and as multiples of a rule's in the small store."""
    say("commits in this process …")
    stores = {"small": Subject(small), "large": Subject(large)}
    parts: dict[str, tuple[Subject, Callable[[Subject], list[Spent]]]] = {
        "small_rule": (stores["small"], kinds(large=False)["rule"]),
        "large_rule": (stores["large"], kinds(large=True)["rule"]),
        "group_rule": (stores["large"], kinds(large=True)["large_rule"]),
        "group_membership": (stores["large"], kinds(large=True)["large_membership"]),
    }
    settle()
    spent: dict[str, list[Spent]] = {name: [] for name in parts}
    for number in range(plan.rounds + 1):
        for name in parts if number % 2 else reversed(parts):
            subject, change = parts[name]
            of_round = [took for _ in range(plan.changes) for took in change(subject)]
            if number:  # the round before the first warms up
                spent[name].append(_median(of_round))
    for subject in stores.values():
        subject.store.close()
    figures = {}
    for name, rounds in spent.items():
        figures[f"commit_ms_{name}"] = statistics.median(took.wall_ms for took in rounds)
        figures[f"commit_cpu_ms_{name}"] = statistics.median(took.cpu_ms for took in rounds)
    for name in ("large_rule", "group_rule", "group_membership"):
        pairs = list(zip(spent[name], spent["small_rule"], strict=True))
        figures |= with_spread(f"commit_ratio_{name}", [one.wall_ms / other.wall_ms for one, other in pairs])
        figures |= with_spread(f"commit_cpu_ratio_{name}", [one.cpu_ms / other.cpu_ms for one, other in pairs])
    return figures


def _median(spent: list[Spent]) -> Spent:
    return Spent(statistics.median(took.wall_ms for took in spent), statistics.median(took.cpu_ms for took in spent))


def start_figures(path: Path, plan: Plan, cores: Cores) -> dict[str, float]:
    """Seconds from the start of a server's process until it is healthy."""
    took = []
    for number in range(plan.starts):
        say(f"start {number + 1} of {plan.starts} …")
        start = time.perf_counter()
        with serving_store(path, cores.server) as server, grpc.insecure_channel(server.address) as channel:
            stub: Any = HealthStub(channel)
            health = stub.Check(health_pb2.HealthCheckRequest())
            took.append(time.perf_counter() - start)
            same(health.status, health_pb2.HealthCheckResponse.SERVING)
    return with_spread("start_s", took)


async def relay_figures(path: Path, plan: Plan, cores: Cores) -> dict[str, float]:
    """Two servers on one file: from a commit's answer by one until the other answers a check from it.

    They take turns in writing, and what both answer is checked at each revision.
    """
    say("two servers on one file …")
    async with AsyncExitStack() as running:
        servers = [running.enter_context(serving_store(path, cores.server)) for _ in range(2)]
        clients = [await running.enter_async_context(StoreClient(server.address)) for server in servers]
        commits_ms, seen_ms = [], []
        for number in range(plan.relays):
            adds = number % 2 == 0
            writing, other = clients if number // 2 % 2 else reversed(clients)
            start = time.perf_counter()
            revision = await writing.commit(adds=adds)
            answered = time.perf_counter()
            await other.sees(revision, added=adds)
            seen_ms.append((time.perf_counter() - answered) * 1000)
            commits_ms.append((answered - start) * 1000)
            await writing.sees(revision, added=adds)
    return {
        "commit_rpc_p50_ms": percentile(commits_ms, 50),
        "commit_rpc_p99_ms": percentile(commits_ms, 99),
        "relay_p50_ms": percentile(seen_ms, 50),
        "relay_p99_ms": percentile(seen_ms, 99),
        "relay_max_ms": max(seen_ms),
    }


async def lone_figures(path: Path, plan: Plan, cores: Cores) -> dict[str, float]:
    """A lone caller while nothing else happens, and while commits are made; medians of the rounds' percentiles."""
    say("a lone caller beside commits …")
    asked = _asked(path, plan)
    idle, busy, rates = [], [], []
    async with AsyncExitStack() as running:
        server = running.enter_context(serving_store(path, cores.server))
        client = await running.enter_async_context(StoreClient(server.address))
        await client.alone(asked)
        for number in range(plan.rounds):
            say(f"round {number + 1} of {plan.rounds} …")
            start = number * plan.alone % len(asked)
            calls = (asked[start:] + asked)[: plan.alone]
            idle.append(await client.alone(calls))
            with committing(server, plan.rate, cores.callers) as sender:
                busy.append(await client.alone(calls))
            rates.append(sender.per_s)
    figures = {"beside_commits_per_s": statistics.median(rates)}
    for percent in (50, 99):
        pairs = [(percentile(one, percent), percentile(other, percent)) for one, other in zip(idle, busy, strict=True)]
        figures[f"lone_p{percent}_ms_idle"] = statistics.median(one for one, _ in pairs)
        figures[f"lone_p{percent}_ms_beside_commits"] = statistics.median(other for _, other in pairs)
        figures |= with_spread(f"lone_p{percent}_ratio", [other / one for one, other in pairs])
    return figures


def _asked(path: Path, plan: Plan) -> list[Ask]:
    """Flows to ENIs of all kinds of groups but the one that changes."""
    store = SqliteStore(path, "")
    checker = Checker(Journal(store).snapshot, IndexCache())
    store.close()
    return asks(checker, questions(Random(3), checker.snapshot, plan.asked))


def append_figures(path: Path, plan: Plan) -> dict[str, float]:
    """Appends a second to a file, without policies."""
    store = SqliteStore(path, "appended")
    try:
        return {"appends_per_s": appends_per_s(store, plan.append_s)}
    finally:
        store.close()


async def measure(plan: Plan, cores: Cores, folder: Path) -> dict[str, float]:
    """All figures, by name. Raises AssertionError for a wrong answer and RuntimeError for a process that fails."""
    small, large = folder / "small.db", folder / "large.db"
    say(f"stores of {plan.small:,} and {plan.large:,} ENIs …")
    start = time.perf_counter()
    populate(small, Size(plan.small))
    figures = {"import_s_small": time.perf_counter() - start}
    start = time.perf_counter()
    populate(large, Size(plan.large, plan.large_group))
    figures["import_s_large"] = time.perf_counter() - start
    figures |= append_figures(folder / "appends.db", plan)
    figures |= await relay_figures(small, plan, cores)
    figures |= await lone_figures(large, plan, cores)
    figures |= start_figures(large, plan, cores)
    return figures | commit_figures(small, large, plan)


def main() -> None:
    """Measures and prints the figures."""
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=plan.rounds, help=f"rounds (default {plan.rounds})")
    parser.add_argument("--json", action="store_true", help="print one object of JSON")
    arguments = parser.parse_args()
    plan = plan._replace(rounds=arguments.rounds)
    cores = separate_cores()
    keep_to(cores.callers)
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        figures = runner.run(measure(plan, cores, Path(folder)))
    facts = plan._asdict() | {"server_core": cores.server, "caller_core": cores.callers}
    show("A policy in a durable store", figures | facts, arguments.json)


if __name__ == "__main__":
    main()
