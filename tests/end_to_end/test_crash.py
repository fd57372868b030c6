"""The crash run finds nothing in the server, and finds what is broken on purpose."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Event

import pytest

from tests import crash
from tests.crash_clients import Client, Method, Violated
from tests.store_server import StoreServer

SUMMARY = r"kills=(\d+) commits=(\d+) acknowledged=(\d+) cut_off=(\d+) of_those_kept=(\d+) violations=(\d+) seed=7"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.db"


@pytest.fixture
def run(path: Path) -> crash.Crash:
    """After some writes were acknowledged and the server was killed; the file was not looked at yet."""
    run = crash.prepared(7, path)
    with StoreServer(path) as server, crash.connection(server.address()) as channel:
        for client in run.clients[:2]:
            write(client, 6, crash.method_caller(channel))
    return run


def write(client: Client, wishes: int, call: Method) -> None:
    """So many acknowledged writes."""
    stop = Event()

    def counted(method: str, request: object) -> object:
        answer = call(method, request)
        if len(client.done) == wishes - 1:
            stop.set()
        return answer

    client.stream(counted, stop)
    assert (len(client.done), client.pending) == (wishes, None)


def damage(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_killed_servers_lose_and_halve_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert crash.main(["--kills", "3", "--seed", "7"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    match = re.fullmatch(SUMMARY, last)
    assert match
    kills, commits, acknowledged, _, _, violations = map(int, match.groups())
    assert (first, kills, violations) == ("seed=7", 3, 0)
    assert commits > 0
    assert acknowledged > 0


def test_what_is_stored_as_it_was_told_is_no_violation(run: crash.Crash) -> None:
    run._look()
    assert run.tally.acknowledged == 12


def test_a_lost_commit_is_seen(run: crash.Crash, path: Path) -> None:
    damage(path, "DELETE FROM entries WHERE revision = (SELECT head FROM meta)")
    with pytest.raises(Violated, match="the log ends at"):
        run._look()


def test_a_state_that_is_not_what_the_log_says_is_seen(run: crash.Crash, path: Path) -> None:
    damage(path, "DELETE FROM live WHERE kind = 'eni' AND id = 'eni-3-0'")
    with pytest.raises(Violated, match="the state is not what its log says"):
        run._look()


def test_an_acknowledged_commit_that_is_not_there_is_seen(run: crash.Crash) -> None:
    moved = next(done for done in run.clients[0].done if done.wish.moves)
    run.clients[0].done.append(moved)
    with pytest.raises(Violated, match=rf"{moved.wish.token} was acknowledged at revision \d+, and is at None"):
        run._look()


def test_a_commit_that_nobody_asked_for_is_seen(run: crash.Crash) -> None:
    moved = next(done for done in run.clients[0].done if done.wish.moves)
    run.clients[0].done.remove(moved)
    with pytest.raises(Violated, match="commits that nobody asked for"):
        run._look()


def test_half_a_commit_is_seen(run: crash.Crash) -> None:
    client = run.clients[0]
    name, group = next((name, group) for name, group in client.model.items() if group.ports)
    client.model = {**client.model, name: group._replace(ports=group.ports - {min(group.ports)})}
    with pytest.raises(Violated, match="client 0: the store differs from its model"):
        run._look()


def test_a_server_of_another_revision_is_seen(run: crash.Crash, path: Path) -> None:
    with (
        StoreServer(path) as server,
        crash.connection(server.address()) as channel,
        pytest.raises(Violated, match="is served, 1 is stored"),
    ):
        run._compare_served(channel)


def test_a_refusal_is_a_violation(path: Path) -> None:
    crash.prepared(7, path)
    client = Client.of(9, Random(1))
    with (
        StoreServer(path) as server,
        crash.connection(server.address()) as channel,
        pytest.raises(Violated, match=r"client 9: \w+ was refused"),
    ):
        client.stream(crash.method_caller(channel), Event())
