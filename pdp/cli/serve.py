"""`pdp serve`: answers over gRPC from a store or a bundle, until it is told to stop."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pdp.cli.bundles import load_bundle
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import DEFAULT_SERVER, Json, directory
from pdp.model.errors import Refusal
from pdp.model.resources import Resources
from pdp.policy.bundle_policy import policy_of_bundle
from pdp.policy.snapshot import Snapshot
from pdp.server.clock import CLOCK
from pdp.server.listening import ListenError, is_local, parse_host_port

LONGEST_S = 86_400
"""A day: enough for anything that is waited for."""
MOST_MIB = 2_047
"""More has more bytes than grpc can count."""


def _seconds(text: str | float) -> float:
    """A number of seconds up to a day; the default is one already. A mere `float` may also be infinite, or none."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= LONGEST_S:
        raise typer.BadParameter(f"{text!r} is not a number of seconds from 0 to {LONGEST_S}")
    return seconds


def serve(
    *,
    store: Annotated[
        str | None,
        typer.Option(
            help="The store to serve and to change: sqlite:PATH, made when there is none, or memory: for one that ends "
            "with the server.",
            metavar="STORE",
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="A directory of ECS API answers. Alone, it is served as it is; with --store, an empty store begins "
            "with it.",
            metavar="DIR",
            parser=directory,
        ),
    ] = None,
    listen: Annotated[
        str, typer.Option(help="HOST:PORT, port 0 for any free one, or unix:PATH.", metavar="HOST:PORT")
    ] = DEFAULT_SERVER,
    credentials: Annotated[
        Path | None,
        typer.Option(help="The tokens that tell callers apart. Without it, all are the operator.", metavar="FILE"),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="The certificate's chain, PEM.", metavar="FILE")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.", metavar="FILE")] = None,
    audit_log: Annotated[
        Path | None, typer.Option(help="Write a line for each write, and for who was refused.", metavar="FILE")
    ] = None,
    region: Annotated[str, typer.Option(help="The region in the names of resources.")] = "cn-hangzhou",
    history: Annotated[int, typer.Option(help="Commits before the newest that the store keeps.", min=0)] = 10_000,
    metrics_listen: Annotated[
        str | None, typer.Option(help="Serve Prometheus metrics on a port of their own.", metavar="HOST:PORT")
    ] = None,
    most_batch_rows: Annotated[int, typer.Option(help="Flows in one batch.", min=1)] = 100_000,
    most_column_rows: Annotated[int, typer.Option(help="Rows in one request of columns.", min=1)] = 1_000_000,
    most_requests_at_once: Annotated[int, typer.Option(help="Requests being answered at once.", min=1)] = 1_000,
    most_message_mib: Annotated[int, typer.Option(help="Size of one request, in MiB.", min=1, max=MOST_MIB)] = 64,
    index_cache_mib: Annotated[int, typer.Option(help="Memory for indexes, in MiB.", min=1)] = 1_024,
    shortest_ping_interval_s: Annotated[
        float, typer.Option(help="How often a client may ping.", metavar="SECONDS", parser=_seconds)
    ] = 5.0,
    grace_s: Annotated[
        float,
        typer.Option(help="Seconds that calls get to end when the server stops.", metavar="SECONDS", parser=_seconds),
    ] = 5.0,
    as_json: Json = False,
) -> None:
    """Answer over gRPC from a store or a bundle; logs go to stderr, as JSON lines with --json."""
    _check_addresses(listen, metrics_listen)
    if store is None and bundle is None:
        raise Fault(
            ExitCode.USAGE,
            "nothing to serve: give --store sqlite:PATH for a policy that can be changed, or --bundle DIR for one that "
            "stays as it is",
        )
    if (tls_cert is None) is not (tls_key is None):
        raise Fault(ExitCode.USAGE, "--tls-cert and --tls-key belong together: give both or neither")
    # The server brings grpc, numpy and structlog: half a second that no other verb pays.
    from pdp.server.app import run  # noqa: PLC0415
    from pdp.server.config import MEBIBYTE, ServerConfig  # noqa: PLC0415
    from pdp.server.logs import LogFormat, configure_logs  # noqa: PLC0415
    from pdp.server.opening import StoreToServe  # noqa: PLC0415

    _check_store(store)
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
        credentials=credentials,
        tls_cert=tls_cert,
        tls_key=tls_key,
        region=region,
        audit_log=audit_log,
        history=history,
    )
    read = None if bundle is None else _reader(bundle)
    with _faults():
        if store is not None:
            run(config, StoreToServe(store, read))
        elif read is not None:
            run(config, lambda: _policy(read()))


@contextmanager
def _faults() -> Iterator[None]:
    """What keeps a server from starting, as what a shell is told."""
    from pdp.server.audit import AuditError  # noqa: PLC0415
    from pdp.server.credentials import CredentialsError  # noqa: PLC0415
    from pdp.server.tls import TlsError  # noqa: PLC0415
    from pdp.store.contract import StoreRefused, StoreUnavailable  # noqa: PLC0415

    try:
        yield
    except (ListenError, StoreUnavailable) as error:
        raise Fault(ExitCode.SERVER, str(error)) from None
    except (StoreRefused, Refusal) as error:
        raise Fault(ExitCode.POLICY, str(error)) from None
    except (AuditError, CredentialsError, TlsError) as error:
        raise Fault(ExitCode.USAGE, str(error)) from None


def _check_addresses(listen: str, metrics_listen: str | None) -> None:
    """Refuses what is no address at all before anything starts."""
    try:
        is_local(listen)
        if metrics_listen is not None:
            parse_host_port(metrics_listen)
    except ListenError as error:
        raise Fault(ExitCode.USAGE, str(error)) from None


def _check_store(store: str | None) -> None:
    """Refuses what is no store at all before anything starts."""
    from pdp.store.contract import StoreRefused  # noqa: PLC0415
    from pdp.store.opening import check_place  # noqa: PLC0415

    try:
        if store is not None:
            check_place(store)
    except StoreRefused as error:
        raise Fault(ExitCode.USAGE, str(error)) from None


def _reader(directory: Path) -> Callable[[], Resources]:
    """Reads a bundle; what was noticed on reading it goes to the log."""

    def read() -> Resources:
        bundle = load_bundle(directory)
        for note in bundle.notes:
            logging.getLogger(__name__).info(note)
        return bundle.resources

    return read


def _policy(resources: Resources) -> Snapshot:
    """The policy that a bundle is; what of it exceeds limits goes to the log."""
    applied = policy_of_bundle(resources, CLOCK())
    for note in applied.notes:
        logging.getLogger(__name__).info(note)
    return applied.snapshot
