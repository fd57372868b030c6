"""How everything here is measured and shown.

In-process work is timed in processor time, many calls a round, as the median over rounds, with the cost of the empty
loop taken off; garbage made before is frozen, as the server does after it has loaded a policy.
"""

import gc
import json
import math
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

ROUNDS = 15


def microseconds_per_call(call: Callable[[T], object], inputs: Iterable[T], rounds: int = ROUNDS) -> float:
    """Median over rounds of the processor time per call, in microseconds.

    What a call to a function that does nothing costs is taken off: `call` is a wrapper around what is measured.
    """
    items = list(inputs)
    gc.collect()
    gc.freeze()
    empty: list[int] = []
    calls: list[int] = []
    for _ in range(rounds):
        for function, times in ((_nothing, empty), (call, calls)):
            start = time.process_time_ns()
            for item in items:
                function(item)
            times.append(time.process_time_ns() - start)
    return (statistics.median(calls) - statistics.median(empty)) / len(items) / 1000


def _nothing(_item: object) -> None:
    """What the loop around a measured call costs."""


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median over rounds of the processor time of one piece of work, in milliseconds."""
    gc.collect()
    gc.freeze()
    times = []
    for _ in range(rounds):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
    return statistics.median(times) / 1e6


def kept_kib(make: Callable[[], R]) -> tuple[float, R]:
    """KiB that stay alive after `make`, by tracemalloc, with what it made."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = make()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / 1024, made


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that so many per cent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def with_spread(name: str, values: Iterable[float]) -> dict[str, float]:
    """The median of a figure's values, one a round, with the lowest and the highest beside it."""
    ordered = sorted(values)
    return {name: statistics.median(ordered), f"{name}_min": ordered[0], f"{name}_max": ordered[-1]}


def same(found: object, expected: object) -> None:
    """An answer that is timed must be right."""
    if found != expected:
        raise AssertionError(f"a timed answer is wrong: {found} instead of {expected}")


def machine() -> dict[str, Any]:
    """Facts about where a measurement was taken."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next(
            (line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line), cpu
        )
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in ("grpcio", "protobuf", "numpy", "intervaltree")},
    }


def say(text: str) -> None:
    """Progress, for people: on standard error."""
    print(text, file=sys.stderr, flush=True)


def show(title: str, figures: dict[str, Any], as_json: bool) -> None:
    """Prints one object of JSON, or a table; figures may be None where they do not apply."""
    if as_json:
        print(json.dumps({**figures, "machine": machine()}, indent=2))
        return
    print(title)
    width = max(map(len, figures))
    for name, value in figures.items():
        shown = f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        print(f"  {name:<{width}}  {shown:>12}")
    print("  " + ", ".join(f"{name} {value}" for name, value in machine().items() if name != "libraries"))
