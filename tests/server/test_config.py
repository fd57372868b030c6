from pdp.server.config import ServerConfig

OPTIONS = dict(ServerConfig(most_message_bytes=1234, shortest_ping_interval_s=5, ping_after_s=60).grpc_options())


def test_two_servers_never_share_a_port() -> None:
    assert OPTIONS["grpc.so_reuseport"] == 0


def test_agents_may_ping_while_they_have_no_call_open() -> None:
    assert OPTIONS["grpc.keepalive_permit_without_calls"] == 1
    assert OPTIONS["grpc.http2.min_recv_ping_interval_without_data_ms"] == 5_000
    assert OPTIONS["grpc.keepalive_time_ms"] == 60_000


def test_messages_are_bounded() -> None:
    assert OPTIONS["grpc.max_receive_message_length"] == 1234


def test_as_many_rows_as_one_request_may_have_fit_into_a_message() -> None:
    config = ServerConfig()
    bytes_of_an_ipv6_row = 4 + 1 + 1 + 2 * 16 + 2 * 2
    assert config.most_column_rows * bytes_of_an_ipv6_row < config.most_message_bytes
    bytes_of_a_long_flow = 200
    assert config.most_batch_rows * bytes_of_a_long_flow < config.most_message_bytes
