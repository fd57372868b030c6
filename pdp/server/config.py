"""What can be set about a server."""

from dataclasses import dataclass
from pathlib import Path

from pdp.index.cache import DEFAULT_LIMIT_BYTES

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Settings, each with its default.

    `listen` and `metrics_listen` are HOST:PORT, with port 0 for any free one; `listen` may also be `unix:PATH`. Without
    `metrics_listen` there are no metrics. Limits are per request, except `most_requests_at_once`, which is how many
    are being answered or wait for a revision. Agents may ping as often as every `shortest_ping_interval_s`, with no
    call open too; the server pings silent ones after `ping_after_s` and drops those who stay silent.

    `credentials` is the file that tells callers apart; without it whoever reaches the server is the operator.
    `tls_cert` and `tls_key` are given both or neither. `region` stands in the names of resources (§6.6). `history` is
    how many commits before the newest a store keeps; `audit_log` where each write gets its line, and
    who was refused; nowhere without it.
    """

    listen: str = "127.0.0.1:50051"
    metrics_listen: str | None = None
    most_message_bytes: int = 64 * MEBIBYTE
    most_batch_rows: int = 100_000
    most_column_rows: int = 1_000_000
    most_requests_at_once: int = 1_000
    index_cache_bytes: int = DEFAULT_LIMIT_BYTES
    shortest_ping_interval_s: float = 5.0
    ping_after_s: float = 60.0
    grace_s: float = 5.0
    credentials: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    region: str = "cn-hangzhou"
    audit_log: Path | None = None
    history: int = 10_000

    def grpc_options(self) -> list[tuple[str, int]]:
        """The options of grpc's server."""
        return [
            # Two servers on one port would answer by turns, in silence.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", self.most_message_bytes),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.keepalive_time_ms", round(self.ping_after_s * 1000)),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", round(self.shortest_ping_interval_s * 1000)),
        ]
