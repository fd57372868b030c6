"""Prometheus metrics, read from plain integers when somebody scrapes.

The collector runs on the metrics server's own thread. It only reads, and a reading may be one call behind another.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from pdp.index.cache import IndexCache
from pdp.model.codes import Code
from pdp.model.errors import Reason
from pdp.model.rules import Action
from pdp.model.verdict import Stage
from pdp.server.counts import LATENCY_BOUNDS_S, Counts, MethodCounts
from pdp.server.listening import HostPort
from pdp.server.status import INTERNAL
from pdp.server.store_state import StoreState

_BUCKET_NAMES = (*map(str, LATENCY_BOUNDS_S), "+Inf")


class ServerCollector(Collector):
    """Our metrics. `revision` is asked for the present one, 0 until a policy is loaded.

    `store` is the state of the store, None until one is served; `audit_lost` how many lines the audit log has lost.
    """

    def __init__(
        self,
        counts: Counts,
        cache: IndexCache,
        revision: Callable[[], int],
        store: Callable[[], StoreState | None] = lambda: None,
        audit_lost: Callable[[], int] = lambda: 0,
    ) -> None:
        self._counts = counts
        self._cache = cache
        self._revision = revision
        self._store = store
        self._audit_lost = audit_lost

    def collect(self) -> Iterator[Metric]:
        """All families, each with its help."""
        yield self._verdicts()
        yield self._errors()
        yield self._latency()
        in_flight = GaugeMetricFamily("pdp_requests_in_flight", "Requests being answered", labels=["method"])
        for name, method in list(self._counts.methods.items()):
            in_flight.add_metric([name], method.in_flight)
        yield in_flight
        yield GaugeMetricFamily("pdp_policy_revision", "Revision served; 0 until one is loaded", self._revision())
        yield CounterMetricFamily("pdp_index_builds", "Indexes built", self._cache.builds)
        yield GaugeMetricFamily("pdp_index_bytes", "Bytes that the kept indexes take", self._cache.nbytes)
        yield CounterMetricFamily("pdp_audit_lines_lost", "Lines that the audit log lost", self._audit_lost())
        store = self._store()
        if store is not None:
            yield from _store_families(store)

    def _verdicts(self) -> Metric:
        family = CounterMetricFamily("pdp_verdicts", "Verdicts given", labels=["action", "reason"])
        for action in Action:
            for stage in Stage:
                family.add_metric([action.name, stage.name], self._counts.verdicts[action][stage])
        return family

    def _errors(self) -> Metric:
        family = CounterMetricFamily(
            "pdp_errors", "Requests, and rows of requests, that were refused", labels=["reason"]
        )
        for reason in Reason:
            family.add_metric([reason.name], self._counts.errors[reason.value])
        for code in Code:
            family.add_metric([code.value], self._counts.codes[code])
        family.add_metric([INTERNAL], self._counts.internal_errors)
        return family

    def _latency(self) -> Metric:
        family = HistogramMetricFamily(
            "pdp_request_seconds",
            "From a request's last byte read to its answer's first byte ready: without the network and grpc",
            labels=["method"],
        )
        for name, method in list(self._counts.methods.items()):
            family.add_metric([name], _buckets(method), method.seconds)
        return family


def _store_families(store: StoreState) -> Iterator[Metric]:
    """What the store says of itself; nothing of it while a bundle is served."""
    yield GaugeMetricFamily("pdp_store_available", "1 while the store takes writes, else 0", int(store.available))
    yield CounterMetricFamily("pdp_store_commits", "Commits seen since the start, of all processes", store.commits)
    facts = store.facts
    if facts is not None:
        yield GaugeMetricFamily("pdp_store_revision", "The newest revision of the store", facts.head)
        yield GaugeMetricFamily("pdp_store_oldest_revision", "The oldest revision that the store keeps", facts.oldest)
        yield GaugeMetricFamily("pdp_store_bytes", "Bytes that the store takes", facts.size)


def _buckets(method: MethodCounts) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound, as Prometheus has them."""
    return list(zip(_BUCKET_NAMES, map(float, accumulate(method.buckets)), strict=True))


class MetricsServer:
    """Serves a collector, and facts of the process, over HTTP on an address of its own."""

    def __init__(self, collector: Collector, listen: HostPort) -> None:
        registry = CollectorRegistry()
        registry.register(collector)
        for facts in (ProcessCollector, PlatformCollector, GCCollector):
            facts(registry=registry)
        self._server: WSGIServer
        self._thread: Thread
        self._server, self._thread = start_http_server(listen.port, listen.host, registry)
        self.address = str(HostPort(listen.host, self._server.server_port))

    def stop(self) -> None:
        """Stops and gives the port back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
