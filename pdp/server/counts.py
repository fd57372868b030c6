"""What a server has done, as plain integers.

The hot path only adds to lists; `pdp.server.metrics` reads them when somebody asks. A counter object of a metrics
library costs a microsecond each time, more than the whole decision.
"""

from bisect import bisect_left

from pdp.model.codes import Code
from pdp.model.errors import PdpError, Reason
from pdp.model.rules import Action
from pdp.model.verdict import Stage, Verdict

LATENCY_BOUNDS_S = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
"""Upper bounds of the latency histogram; a check takes some tens of microseconds, a large batch seconds."""


class MethodCounts:
    """Calls of one method: how many took how long, in seconds, and how many are being answered now."""

    __slots__ = ("buckets", "in_flight", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(LATENCY_BOUNDS_S) + 1)
        self.seconds = 0.0
        self.in_flight = 0

    def took(self, seconds: float) -> None:
        """One call has ended."""
        self.buckets[bisect_left(LATENCY_BOUNDS_S, seconds)] += 1
        self.seconds += seconds


class Counts:
    """Everything counted. `verdicts` and `errors` are indexed by the contract's numbers, `codes` by the product's."""

    def __init__(self) -> None:
        self.verdicts = [[0] * (max(Stage) + 1) for _ in range(max(Action) + 1)]
        self.errors = [0] * (max(reason.value for reason in Reason) + 1)
        self.codes = dict.fromkeys(Code, 0)
        self.internal_errors = 0
        self.methods: dict[str, MethodCounts] = {}

    def method(self, name: str) -> MethodCounts:
        """The counts of a method, which start at nothing."""
        return self.methods.setdefault(name, MethodCounts())

    def verdict(self, verdict: Verdict) -> None:
        """One verdict was given."""
        self.verdicts[verdict.action][verdict.reason] += 1

    def error(self, error: PdpError) -> None:
        """One request, or row of a request, was refused."""
        if isinstance(error.reason, Code):
            self.codes[error.reason] += 1
        else:
            self.errors[error.reason.value] += 1
