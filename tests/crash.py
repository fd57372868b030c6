"""Kills a real server at random moments under a stream of writes: `python -m tests.crash --kills 200`.

After each kill the file is read in this process and held against three others: against what the clients were told
(every acknowledged commit is there, and of each that was cut off all or nothing), against its own log (replayed, it
gives the same state), and against what the next server on the same file exports. Then what was cut off is sent again
with its client token, and must have happened once. The last line is a summary; the exit code is 1 on any violation.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from threading import Event
from typing import Any

import grpc

from pdp.formats.bundle import read_bundle_files
from pdp.model.instants import Instant
from pdp.policy.apply import apply
from pdp.policy.changes import Origin, Put
from pdp.policy.snapshot import Snapshot, content_digest, resources_of
from pdp.store.commit import Commit
from pdp.store.journal import Journal, WriteRequest
from pdp.store.sqlite import SqliteStore
from pdp.v1.import_service_pb2 import ExportBundleRequest
from pdp.v1.import_service_pb2_grpc import ImportServiceStub
from pdp.v1.security_group_service_pb2_grpc import SecurityGroupServiceStub
from tests.crash_clients import PATIENCE_S, Client, Done, Method, Violated, held, resources
from tests.store_server import StoreServer

CLIENTS = 4
LONGEST_STREAM_S = 0.3
LONGEST_START_S = 1.0
KILLED_STARTING = 0.1
"""The chance that a server is killed while it starts, rather than under writes."""
MOST_COMMITS = 1_000_000
PROGRESS_EVERY_S = 5.0


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    kills: int = 0
    commits: int = 0
    acknowledged: int = 0
    cut_off: int = 0
    kept: int = 0
    """Of those cut off, how many the store had."""


@dataclass(slots=True)
class Crash:
    """One run on one file. `seen` is what was found there last, `kept` the commits among it that nobody was told of."""

    rng: Random
    path: Path
    clients: list[Client]
    seen: Snapshot
    tally: Tally = field(default_factory=Tally)
    kept: dict[str, int] = field(default_factory=dict)
    """Their revisions by token."""

    told: float = field(default_factory=time.monotonic)

    def run(self, kills: int) -> None:
        """Kills so often. Raises Violated."""
        server = StoreServer(self.path)
        try:
            while True:
                with connection(server.address()) as channel:
                    self._compare_served(channel)
                    self._send_again(method_caller(channel))
                    if self.tally.kills >= kills:
                        return
                    self._stream_until_killed(server, method_caller(channel))
                self.tally.kills += 1
                server = self._next_server(kills)
                self._look()
                self._tell(kills)
        finally:
            server.kill()

    def _tell(self, kills: int) -> None:
        tally, now = self.tally, time.monotonic()
        if now - self.told >= PROGRESS_EVERY_S:
            self.told = now
            print(
                f"{tally.kills} of {kills} kills, {tally.commits:,} commits, {tally.cut_off} writes cut off, of which "
                f"{tally.kept} were kept",
                file=sys.stderr,
                flush=True,
            )

    def _next_server(self, kills: int) -> StoreServer:
        """On the same file; now and then it is killed before it is ready, and another takes its place."""
        server = StoreServer(self.path)
        while self.tally.kills < kills and self.rng.random() < KILLED_STARTING:
            time.sleep(self.rng.uniform(0, LONGEST_START_S))
            server.kill()
            self.tally.kills += 1
            server = StoreServer(self.path)
        return server

    def _stream_until_killed(self, server: StoreServer, call: Method) -> None:
        stop = Event()
        with ThreadPoolExecutor(CLIENTS) as threads:
            streams = [threads.submit(client.stream, call, stop) for client in self.clients]
            time.sleep(self.rng.uniform(0, LONGEST_STREAM_S))
            server.kill()
            stop.set()
        raise_first(streams)

    def _look(self) -> None:
        """The file against the clients and against its own log."""
        snapshot, commits = self._read()
        self._check_log(snapshot, commits)
        self.kept = self._check_tokens(commits)
        for client in self.clients:
            pending = client.pending
            was_kept = pending is not None and pending.token in self.kept
            expected = pending.after if pending is not None and was_kept else client.model
            demand(
                held(snapshot, client.number) == expected, f"client {client.number}: the store differs from its model"
            )
            self.tally.cut_off += pending is not None
            self.tally.kept += was_kept
            self.tally.acknowledged += len(client.done)
            client.done.clear()
        self.tally.commits += len(commits)
        self.seen = snapshot

    def _read(self) -> tuple[Snapshot, list[Commit]]:
        """What is in the file, and the commits since it was last looked at."""
        store = SqliteStore(self.path, "")
        try:
            journal = Journal(store)
            return journal.snapshot, journal.commits_after(self.seen.revision, MOST_COMMITS)
        finally:
            store.close()

    def _check_log(self, snapshot: Snapshot, commits: Sequence[Commit]) -> None:
        """The state is what the log makes of the state before."""
        replayed = self.seen
        for commit in commits:
            demand(commit.revision == replayed.revision + 1, f"commit {commit.revision} follows {replayed.revision}")
            replayed = apply(replayed, commit.changes, commit.origin, commit.at).snapshot
            demand(commit.revision == replayed.revision, f"commit {commit.revision} changes nothing")
        demand(replayed.revision == snapshot.revision, f"the log ends at {replayed.revision}, not {snapshot.revision}")
        demand(
            digest(replayed) == digest(snapshot), f"revision {snapshot.revision}: the state is not what its log says"
        )

    def _check_tokens(self, commits: Sequence[Commit]) -> dict[str, int]:
        """Every acknowledged wish that moves is one commit at the revision told. Gives the others, by token."""
        revisions = {commit.client_token: commit.revision for commit in commits}
        demand(len(revisions) == len(commits), f"committed twice: {twice(commits)}")
        for done in [done for client in self.clients for done in client.done if done.wish.moves]:
            found, told = revisions.pop(done.wish.token, None), done.answer.position.revision
            demand(found == told, f"{done.wish.token} was acknowledged at revision {told}, and is at {found}")
        pending = {client.pending.token for client in self.clients if client.pending is not None}
        demand(revisions.keys() <= pending, f"commits that nobody asked for: {revisions.keys() - pending}")
        return dict(revisions)

    def _compare_served(self, channel: grpc.Channel) -> None:
        """What the server exports against the file."""
        files, revision = exported(channel)
        demand(revision == self.seen.revision, f"revision {revision} is served, {self.seen.revision} is stored")
        served = content_digest(read_bundle_files(files).resources)
        demand(served == digest(self.seen), f"what is served differs from what is stored at revision {revision}")

    def _send_again(self, call: Method) -> None:
        """What was cut off, and what was answered last, each with its token: they happen once (§5.5)."""
        for client in self.clients:
            last, pending = client.last, client.pending
            demand(client.send(call), f"client {client.number}: the server is gone")
            self._replay(call, last)
            if pending is not None and client.last is not None:
                self._replay(call, client.last)
                told = client.last.answer.position.revision
                demand(self.kept.get(pending.token, told) == told, f"{pending.token} was answered as if it were new")
        snapshot, commits = self._read()
        self._check_log(snapshot, commits)
        for client in self.clients:
            client.done = [done for done in client.done if done.answer.position.revision > self.seen.revision]
        demand(not self._check_tokens(commits), "a commit more than was sent again")
        for client in self.clients:
            demand(held(snapshot, client.number) == client.model, f"client {client.number}: once more is not once")
            client.done.clear()
        self.tally.commits += len(commits)
        self.seen = snapshot

    def _replay(self, call: Method, done: Done | None) -> None:
        if done is not None:
            again = call(done.wish.method, done.wish.request)
            demand(again == done.answer, f"{done.wish.token} was answered {done.answer} and then {again}")


def exported(channel: grpc.Channel) -> tuple[dict[str, bytes], int]:
    """The bundle that a server exports, and its revision."""
    stub, token = ImportServiceStub(channel), ""
    joined: dict[str, bytes] = {}
    while True:
        answer = stub.ExportBundle(ExportBundleRequest(next_token=token), timeout=PATIENCE_S)
        for file in answer.files:
            joined[file.name] = joined.get(file.name, b"") + file.content
        token = answer.next_token
        if not token:
            return joined, answer.position.revision


def digest(snapshot: Snapshot) -> str:
    """All that a snapshot holds."""
    return content_digest(resources_of(snapshot))


def demand(holds: bool, otherwise: str) -> None:
    """Raises Violated."""
    if not holds:
        raise Violated(otherwise)


def twice(commits: Sequence[Commit]) -> list[str]:
    """Tokens of several commits."""
    return [token for token, count in Counter(commit.client_token for commit in commits).items() if count > 1]


def raise_first(futures: Sequence[Future[None]]) -> None:
    """Whatever a stream ended with."""
    for future in futures:
        future.result()


@contextlib.contextmanager
def connection(address: str) -> Iterator[grpc.Channel]:
    """A channel of its own, which knows nothing of servers before."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(address, options=options) as channel:
        yield channel


def method_caller(channel: grpc.Channel) -> Method:
    """Calls methods of the security groups' service."""
    stub = SecurityGroupServiceStub(channel)

    def call(method: str, request: Any) -> Any:
        return getattr(stub, method)(request, timeout=PATIENCE_S)

    return call


def prepared(seed: int, path: Path) -> Crash:
    """A file with the clients' first resources, at revision 1."""
    changes = [Put(resource) for number in range(CLIENTS) for resource in resources(number)]
    store = SqliteStore(path, "crashed")
    journal = Journal(store)
    journal.write(WriteRequest(lambda _: (changes, None), lambda *_: b"", Origin.IMPORT, Instant(0), "", "", "Import"))
    store.close()
    clients = [Client.of(number, Random(f"{seed}/{number}")) for number in range(CLIENTS)]
    return Crash(Random(seed), path, clients, journal.snapshot)


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 32))
    options = parser.parse_args(None if arguments is None else list(arguments))
    print(f"seed={options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        crash = prepared(options.seed, Path(folder) / "policy.db")
        violations = 0
        try:
            crash.run(options.kills)
        except Violated as violation:
            violations = 1
            print(f"after kill {crash.tally.kills}: {violation}")
    tally = crash.tally
    print(
        f"kills={tally.kills} commits={tally.commits} acknowledged={tally.acknowledged} cut_off={tally.cut_off} "
        f"of_those_kept={tally.kept} violations={violations} seed={options.seed}"
    )
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
