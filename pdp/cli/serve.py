"""`pdp serve`: answers over gRPC from a bundle, until it is told to stop."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from pdp.cli.bundles import load_bundle
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import DEFAULT_SERVER, Json
from pdp.policy.snapshot import Snapshot, snapshot_of
from pdp.server.listening import ListenError, is_local, parse_host_port


def serve(
    *,
    bundle: Annotated[Path, typer.Option(help="A directory of ECS API answers.", metavar="DIR")],
    listen: Annotated[
        str, typer.Option(help="HOST:PORT, port 0 for any free one, or unix:PATH.", metavar="HOST:PORT")
    ] = DEFAULT_SERVER,
    metrics_listen: Annotated[
        str | None, typer.Option(help="Serve Prometheus metrics on a port of their own.", metavar="HOST:PORT")
    ] = None,
    most_batch_rows: Annotated[int, typer.Option(help="Flows in one batch.", min=1)] = 100_000,
    most_column_rows: Annotated[int, typer.Option(help="Rows in one request of columns.", min=1)] = 1_000_000,
    most_requests_at_once: Annotated[int, typer.Option(help="Requests being answered at once.", min=1)] = 1_000,
    most_message_mib: Annotated[int, typer.Option(help="Size of one request, in MiB.", min=1)] = 64,
    index_cache_mib: Annotated[int, typer.Option(help="Memory for indexes, in MiB.", min=1)] = 1_024,
    shortest_ping_interval_s: Annotated[float, typer.Option(help="How often a client may ping.", min=0)] = 5.0,
    grace_s: Annotated[float, typer.Option(help="Seconds that calls get to end when the server stops.", min=0)] = 5.0,
    as_json: Json = False,
) -> None:
    """Answer over gRPC from a bundle; logs go to stderr, as JSON lines with --json."""
    _check_addresses(listen, metrics_listen)
    # The server brings grpc, numpy and structlog: half a second that no other verb pays.
    from pdp.server.app import run  # noqa: PLC0415
    from pdp.server.config import MEBIBYTE, ServerConfig  # noqa: PLC0415
    from pdp.server.logs import LogFormat, configure_logs  # noqa: PLC0415

    configure_logs(LogFormat.JSON if as_json else LogFormat.CONSOLE)
    config = ServerConfig(
        listen=listen,
        metrics_listen=metrics_listen,
        most_batch_rows=most_batch_rows,
        most_column_rows=most_column_rows,
        most_requests_at_once=most_requests_at_once,
        most_message_bytes=most_message_mib * MEBIBYTE,
        index_cache_bytes=index_cache_mib * MEBIBYTE,
        shortest_ping_interval_s=shortest_ping_interval_s,
        grace_s=grace_s,
    )
    try:
        run(config, lambda: _load(bundle))
    except ListenError as error:
        raise Fault(ExitCode.SERVER, str(error)) from None


def _check_addresses(listen: str, metrics_listen: str | None) -> None:
    """Refuses what is no address at all before anything starts."""
    try:
        is_local(listen)
        if metrics_listen is not None:
            parse_host_port(metrics_listen)
    except ListenError as error:
        raise Fault(ExitCode.USAGE, str(error)) from None


def _load(directory: Path) -> Snapshot:
    """The snapshot of a bundle; what was noticed on reading it goes to the log."""
    bundle = load_bundle(directory)
    for note in bundle.notes:
        logging.getLogger(__name__).info(note)
    return snapshot_of(bundle.resources)
