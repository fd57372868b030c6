"""How everything here is measured and shown.

In-process work is timed in processor time, many calls a round; garbage made before is frozen, as the server does after
it has loaded a policy.
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
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

K = TypeVar("K")
R = TypeVar("R")
T = TypeVar("T")


def fastest_ns(works: Mapping[K, Callable[[], object]], turns: int, times: int) -> dict[K, float]:
    """Nanoseconds of processor time that each piece of work takes when it is done fastest.

    They take turns, so that a slow stretch of the machine falls on all; in a turn, work is done several times in a row,
    since the first finds others' data in the caches. Neighbours can only add to what work costs, by the caches and the
    memory that they share with it: so the fastest time says most about the work.
    """
    gc.collect()
    gc.freeze()
    fastest = dict.fromkeys(works, math.inf)
    for _ in range(turns):
        for name, work in works.items():
            for _ in range(times):
                start = time.process_time_ns()
                work()
                fastest[name] = min(fastest[name], time.process_time_ns() - start)
    return fastest


def each(call: Callable[[T], object], inputs: Iterable[T]) -> Callable[[], None]:
    """Work that is a call for each input."""
    items = list(inputs)

    def work() -> None:
        for item in items:
            call(item)

    return work


def nothing(_item: object) -> None:
    """What the loop around calls costs, and calling."""


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
