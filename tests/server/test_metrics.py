from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pdp.index.cache import IndexCache
from pdp.model.codes import Code
from pdp.model.errors import PdpError, Reason
from pdp.model.rules import Action
from pdp.model.verdict import Stage, Verdict
from pdp.server.counts import LATENCY_BOUNDS_S, Counts, MethodCounts
from pdp.server.listening import HostPort
from pdp.server.metrics import MetricsServer, ServerCollector
from pdp.server.store_state import StoreState
from pdp.store.contract import Facts


def samples(
    counts: Counts,
    cache: IndexCache | None = None,
    revision: int = 0,
    store: StoreState | None = None,
    audit_lost: int = 0,
) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    collector = ServerCollector(counts, cache or IndexCache(), lambda: revision, lambda: store, lambda: audit_lost)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


def test_verdicts_are_counted_by_action_and_reason() -> None:
    counts = Counts()
    counts.verdict(Verdict(Action.ACCEPT, Stage.RULE))
    counts.verdict(Verdict(Action.ACCEPT, Stage.RULE))
    counts.verdict(Verdict(Action.DROP, Stage.DEFAULT))
    found = samples(counts)
    assert found["pdp_verdicts_total", "ACCEPT", "RULE"] == 2
    assert found["pdp_verdicts_total", "DROP", "DEFAULT"] == 1
    assert found["pdp_verdicts_total", "DROP", "RULE"] == 0


@pytest.mark.parametrize("reason", Reason)
def test_errors_are_counted_by_reason(reason: Reason) -> None:
    counts = Counts()
    counts.error(PdpError(reason, "no"))
    found = samples(counts)
    assert found["pdp_errors_total", reason.name] == 1
    assert sum(value for key, value in found.items() if key[0] == "pdp_errors_total") == 1


def test_latency_is_a_histogram_by_method() -> None:
    counts = Counts()
    for seconds in (0.00005, 0.0003, 99.0):
        counts.method("s/CheckFlow").took(seconds)
    found = samples(counts)
    assert found["pdp_request_seconds_bucket", "s/CheckFlow", "5e-05"] == 1
    assert found["pdp_request_seconds_bucket", "s/CheckFlow", "0.0005"] == 2
    assert found["pdp_request_seconds_bucket", "s/CheckFlow", "10.0"] == 2
    assert found["pdp_request_seconds_bucket", "s/CheckFlow", "+Inf"] == 3
    assert found["pdp_request_seconds_count", "s/CheckFlow"] == 3
    assert found["pdp_request_seconds_sum", "s/CheckFlow"] == pytest.approx(99.00035)


def test_a_bucket_holds_its_bound() -> None:
    method = MethodCounts()
    for bound in LATENCY_BOUNDS_S:
        method.took(bound)
    assert method.buckets == [1] * len(LATENCY_BOUNDS_S) + [0]


def test_the_index_and_the_revision_are_shown() -> None:
    cache = IndexCache()
    cache.builds, cache.nbytes = 3, 4096
    found = samples(Counts(), cache, revision=7)
    assert found["pdp_policy_revision",] == 7
    assert found["pdp_index_builds_total",] == 3
    assert found["pdp_index_bytes",] == 4096


def test_the_store_is_shown_while_one_is_served() -> None:
    store = StoreState(lambda _: None)
    assert not any(key[0].startswith("pdp_store") for key in samples(Counts()))
    found = samples(Counts(), store=store)
    assert found["pdp_store_available",] == 1
    store.failed("full")
    store.commits, store.facts = 3, Facts("here", 4096, 5, 9)
    found = samples(Counts(), store=store, audit_lost=2)
    assert found["pdp_store_available",] == 0
    assert found["pdp_store_commits_total",] == 3
    assert found["pdp_store_revision",] == 9
    assert found["pdp_store_oldest_revision",] == 5
    assert found["pdp_store_bytes",] == 4096
    assert found["pdp_audit_lines_lost_total",] == 2


@pytest.mark.parametrize("code", Code)
def test_refusals_are_counted_by_the_product_s_code(code: Code) -> None:
    counts = Counts()
    counts.error(PdpError(code, "no"))
    found = samples(counts)
    assert found["pdp_errors_total", code.value] == 1
    assert sum(value for key, value in found.items() if key[0] == "pdp_errors_total") == 1


def test_metrics_are_served_over_http_with_facts_of_the_process() -> None:
    server = MetricsServer(ServerCollector(Counts(), IndexCache(), lambda: 1), HostPort("127.0.0.1", 0))
    try:
        with urlopen(f"http://{server.address}/metrics") as answer:
            families = {family.name for family in text_string_to_metric_families(answer.read().decode())}
    finally:
        server.stop()
    assert {"pdp_verdicts", "pdp_errors", "pdp_request_seconds", "pdp_policy_revision", "python_info"} <= families
