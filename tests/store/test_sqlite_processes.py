"""Several processes on one file, and processes that are killed."""

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pdp.store.contract import Write
from pdp.store.sqlite import SqliteStore
from tests.architecture.sources import ROOT
from tests.store.drivers import commit, revisions


def appending(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.appending", str(path), name, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_appenders_in_two_processes_lose_and_double_no_revision(tmp_path: Path) -> None:
    path = tmp_path / "policy.db"
    processes = [appending(path, name, 100) for name in ("one", "two")]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(int(line) for output in outputs for line in output.split()) == list(range(1, 201))
    with closing(SqliteStore(path, "")) as store:
        assert store.store_id in {"one", "two"}
        assert revisions(store) == list(range(1, 201))
        assert sum(item.kind == "each" for item in store.items(200)) == 200


def test_appends_of_another_process_are_seen_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "policy.db"
    with closing(SqliteStore(path, "one")) as store, appending(path, "other", 50) as process:
        seen = [0]
        while seen[-1] < 50:
            seen.append(store.wait(seen[-1], 60))
        assert process.wait(60) == 0
        assert seen == sorted(set(seen))
        assert revisions(store) == list(range(1, 51))


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_process_loses_nothing_acknowledged_and_leaves_nothing_half_done(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "policy.db"
    acknowledged = 0
    chance = random.Random(seed)
    for run in range(3):
        with appending(path, f"run{run}", 1_000_000) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 60)):
                acknowledged = int(process.stdout.readline())
            process.kill()
            acknowledged = max([acknowledged, *map(int, process.stdout.read().splitlines()[:-1])])
        with closing(SqliteStore(path, "")) as store:
            head = store.head()
            assert head >= acknowledged
            assert revisions(store) == list(range(1, head + 1))
            assert sum(item.kind == "each" for item in store.items(head)) == head - run
            for name, number in ((i.id, i.body) for i in store.items(head) if i.kind == "thing"):
                assert state_of(store, "twin", head)[name] == number
                assert store.answer(name, number) is not None
                assert store.answer(name, str(int(number) + 1)) is None
            commit(store, Write("after", "the kill", "goes on"))


def state_of(store: SqliteStore, kind: str, revision: int) -> dict[str, str]:
    return {item.id: item.body for item in store.items(revision) if item.kind == kind}
