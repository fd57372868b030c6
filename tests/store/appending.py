"""A process that appends to a SQLite store and says each revision when it was acknowledged: PATH NAME COUNT."""

import sys
from contextlib import closing
from pathlib import Path

from pdp.store.contract import Answer, Entry, HeadMoved, Write
from pdp.store.sqlite import SqliteStore


def append(store: SqliteStore, name: str, n: int) -> int:
    """One revision that sets two items and a token to the same number, tried until nobody is faster."""
    while True:
        revision = store.head() + 1
        writes = [Write("thing", name, str(n)), Write("twin", name, str(n)), Write("each", f"{name}-{n}", "")]
        try:
            store.append(revision - 1, Entry(revision, f"{name} {n}"), writes, Answer(name, str(n), "", b"", 0))
        except HeadMoved:
            continue
        return revision


def main(path: str, name: str, count: str) -> None:
    with closing(SqliteStore(Path(path), name, busy_timeout_s=60)) as store:
        for n in range(int(count)):
            print(append(store, name, n), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
