"""What a check over gRPC costs: `python -m benchmarks.rpc [--rounds N] [--seconds S] [--json]`.

Servers with 10, 100 and 1,000 rules and one whose CheckFlow does nothing, each in a process of its own, are measured by
turns: a round asks each of them twice, in one order and then in the other, and ratios are taken within rounds. So what
else the machine does falls on all of them alike. Every answer that is timed is also checked.
"""

import argparse
import asyncio
import gc
import statistics
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import cycle
from typing import NamedTuple

import uvloop

from benchmarks.harness import percentile, say, show, with_spread
from benchmarks.rpc_client import Client
from benchmarks.rpc_processes import Cores, Server, keep_to, sending, separate_cores, serving
from benchmarks.rpc_questions import Exam, Question, middle_answer, with_answer

EMPTY = "empty"
FIRST_CALLS = 1_000
"""Calls that warm up a new server; they are checked and not timed."""
WARM_CALLS = 20
"""Likewise, for one that has waited while others were measured."""
BATCHES_IN_FLIGHT = 8
COLUMNS_IN_FLIGHT = 2


class Plan(NamedTuple):
    """What is measured, how often and for how long."""

    rounds: int = 9
    seconds: float = 1.0
    """Of load, for each server and round."""
    beside_s: float = 10.0
    """Of a lone caller beside large requests, for each kind."""
    alone: int = 400
    """Calls of the lone caller, for each server and round."""
    in_flight: int = 64
    rules: tuple[int, ...] = (10, 100, 1_000)
    members: int = 10_000
    flows: int = 40_000
    """Different ones, for each server: about as many as are asked about, so that most are new to it."""
    batch_rows: int = 100
    column_rows: int = 10_000
    large_rows: int = 100_000


class Subject:
    """One server, the questions for it, and what was measured, round by round."""

    def __init__(self, name: str, server: Server, client: Client, questions: list[Question]) -> None:
        self.name = name
        self.server = server
        self.client = client
        self.questions = questions
        self.turns: Iterator[Question] = cycle(questions)
        self.alone_ms: list[list[float]] = []
        self.rates: list[float] = []
        self.loaded_flows = 0
        self.loaded_cpu_s = 0.0

    async def measure(self, calls: int, in_flight: int, seconds: float) -> None:
        """One half of the present round."""
        await self.client.alone(self.turns, WARM_CALLS)
        self.alone_ms[-1] += await self.client.alone(self.turns, calls)
        before = self.server.cpu_s()
        answered = await self.client.together(self.turns, in_flight, seconds)
        self.loaded_cpu_s += self.server.cpu_s() - before
        self.loaded_flows += answered.flows
        self.rates[-1] += answered.per_s / 2

    def figures(self) -> dict[str, float | None]:
        """This server's figures; latencies in milliseconds over all rounds, the rate as the median of the rounds'."""
        alone_ms = [took for of_round in self.alone_ms for took in of_round]
        return {
            f"lone_p50_ms_{self.name}": percentile(alone_ms, 50),
            f"lone_p99_ms_{self.name}": percentile(alone_ms, 99),
            f"loaded_rate_{self.name}": statistics.median(self.rates),
            f"server_cpu_us_{self.name}": self.loaded_cpu_s * 1e6 / self.loaded_flows or None,
        }


async def measure(plan: Plan, cores: Cores) -> dict[str, float | None]:
    """All figures, by name. Raises AssertionError for a wrong answer and RuntimeError for a process that fails."""
    async with AsyncExitStack() as running:

        async def subject(name: str, rules: int, questions: list[Question], constant: bytes = b"") -> Subject:
            say(f"starting the server {name} …")
            server = running.enter_context(serving(rules, plan.members, cores.server, constant))
            client = await running.enter_async_context(Client(server.address))
            made = Subject(name, server, client, questions)
            await client.alone(made.turns, FIRST_CALLS)
            return made

        subjects = [
            await subject(str(rules), rules, Exam(rules, plan.members, plan.flows).singles()) for rules in plan.rules
        ]
        largest = subjects[-1]
        constant = middle_answer(largest.questions)
        subjects.append(await subject(EMPTY, plan.rules[-1], with_answer(largest.questions, constant), constant))
        gc.collect()
        gc.freeze()
        for number in range(plan.rounds):
            say(f"round {number + 1} of {plan.rounds} …")
            await _round(subjects, plan)
        figures = {name: figure for subject in subjects for name, figure in subject.figures().items()}
        figures |= _ratios(subjects)
        figures |= await _many_rows(largest, plan)
        for method in ("batch", "columns"):
            figures |= await _beside(largest, method, plan, cores)
        return figures


async def _round(subjects: list[Subject], plan: Plan) -> None:
    for subject in subjects:
        subject.alone_ms.append([])
        subject.rates.append(0.0)
    for subject in (*subjects, *reversed(subjects)):
        await subject.measure(plan.alone // 2, plan.in_flight, plan.seconds / 2)


def _ratios(subjects: list[Subject]) -> dict[str, float]:
    """Loaded rates as parts of the empty server's, and the lone caller's median at most rules beside that at fewest."""
    *checking, empty = subjects
    fewest, most = ([percentile(took, 50) for took in subject.alone_ms] for subject in (checking[0], checking[-1]))
    ratios = with_spread(f"lone_ratio_{checking[-1].name}_to_{checking[0].name}", _each(most, fewest))
    for subject in checking:
        ratios |= with_spread(f"loaded_ratio_{subject.name}", _each(subject.rates, empty.rates))
    return ratios


def _each(values: list[float], others: list[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]


async def _many_rows(subject: Subject, plan: Plan) -> dict[str, float]:
    """Flows a second in batches and in columns, a few requests in flight; medians over rounds."""
    say("batches and columns …")
    rules = int(subject.name)
    batch = Exam(rules, plan.members, plan.batch_rows).batch()
    columns = Exam(rules, plan.members, plan.column_rows).columns()
    kinds = {
        f"batch_{plan.batch_rows}_flows_per_s": (cycle([batch]), BATCHES_IN_FLIGHT),
        f"columns_{plan.column_rows}_flows_per_s": (cycle([columns]), COLUMNS_IN_FLIGHT),
    }
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(plan.rounds):
        for name, (questions, in_flight) in kinds.items():
            await subject.client.alone(questions, 1)
            answered = await subject.client.together(questions, in_flight, plan.seconds / 2)
            rates[name].append(answered.per_s)
    return {name: statistics.median(values) for name, values in rates.items()}


async def _beside(subject: Subject, method: str, plan: Plan, cores: Cores) -> dict[str, float]:
    """What a lone caller waits while another keeps a large request in flight."""
    say(f"a lone caller beside {method} of {plan.large_rows:,} rows …")
    with sending(subject.server, method, plan.large_rows, int(subject.name), plan.members, cores.callers) as sender:
        alone_ms = await subject.client.alone_for(subject.turns, plan.beside_s)
    return {
        f"lone_p50_beside_{method}_ms": percentile(alone_ms, 50),
        f"lone_p99_beside_{method}_ms": percentile(alone_ms, 99),
        f"lone_max_beside_{method}_ms": max(alone_ms),
        f"lone_calls_beside_{method}": len(alone_ms),
        f"{method}_{plan.large_rows}_flows_per_s": sender.per_s,
    }


def main() -> None:
    """Measures and prints the figures."""
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=plan.rounds, help=f"rounds (default {plan.rounds})")
    parser.add_argument(
        "--seconds",
        type=float,
        default=plan.seconds,
        help=f"of load for each server and round (default {plan.seconds})",
    )
    parser.add_argument("--json", action="store_true", help="print one object of JSON")
    arguments = parser.parse_args()
    plan = plan._replace(rounds=arguments.rounds, seconds=arguments.seconds)
    cores = separate_cores()
    keep_to(cores.callers)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(measure(plan, cores))
    figures |= plan._asdict() | {"server_core": cores.server, "caller_core": cores.callers}
    show("CheckFlow over gRPC", figures, arguments.json)


if __name__ == "__main__":
    main()
