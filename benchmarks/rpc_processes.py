"""Starts and ends the processes around a measurement, and keeps servers and callers off each other's cores."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
READY = "ready"
"""What a sender prints before it is measured."""
PATIENCE_S = 60.0
"""How long a process may take to end."""


class Cores(NamedTuple):
    """Where processes run; None leaves it to the system."""

    server: int | None = None
    callers: int | None = None


def separate_cores() -> Cores:
    """One core for the servers and one for who calls them, where there are two and the system lets us choose."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores()
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[0], cores[1]) if len(cores) > 1 else Cores()


def keep_to(core: int | None) -> None:
    """Keeps this process to a core. To be called before it has threads."""
    if core is not None:
        os.sched_setaffinity(0, {core})


class Server(NamedTuple):
    """A server that answers."""

    address: str
    pid: int

    def cpu_s(self) -> float:
        """Seconds of processor time so far, in steps of about 10 ms; always 0 where the system does not tell."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return 0.0
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(rules: int, members: int, core: int | None, constant: bytes = b"") -> Iterator[Server]:
    """A server of a policy, ready to answer. With `constant` its CheckFlow always gives that answer.

    Raises RuntimeError, with what it said, when it does not start or ends by itself.
    """
    command = _command("benchmarks.rpc_server", core, rules=rules, members=members)
    if constant:
        command += ["--constant", constant.hex()]
    with ready(command) as server:
        yield server


@contextmanager
def ready(command: list[str]) -> Iterator[Server]:
    """A server that logs JSON lines, started by a command, ready to answer.

    Raises RuntimeError, with what it said, when it does not start or ends by itself.
    """
    with _running(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        address, log = "", []
        for line in process.stderr:
            log.append(line)
            # What is no JSON comes from below: a library's own words, or a traceback.
            entry = json.loads(line) if line.startswith("{") else {}
            address = entry.get("address", address)
            if entry.get("event") == "serving":
                break
        else:
            raise RuntimeError(f"the server ended before it was ready: {''.join(log)}")
        try:
            yield Server(address, process.pid)
        finally:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with code {process.returncode}: {process.stderr.read()}")


class Sender:
    """A process that keeps a server busy. `per_s` is known once it has ended: flows answered, or commits made."""

    per_s = 0.0


@contextmanager
def sending(server: Server, method: str, rows: int, rules: int, members: int, core: int | None) -> Iterator[Sender]:
    """A sender that has found its first answer right. Raises RuntimeError when it fails later."""
    command = _command("benchmarks.rpc_sender", core, rules=rules, members=members, rows=rows, method=method)
    with _sending(method, [*command, "--address", server.address]) as sender:
        yield sender


@contextmanager
def committing(server: Server, rate: float, core: int | None) -> Iterator[Sender]:
    """A sender that makes commits at a rate. Raises RuntimeError when it fails."""
    with _sending("commits", _command("benchmarks.store_sender", core, address=server.address, rate=rate)) as sender:
        yield sender


@contextmanager
def serving_store(path: Path, core: int | None) -> Iterator[Server]:
    """A server of a store, ready to answer. Raises RuntimeError like `ready`."""
    with ready(_command("benchmarks.store_server", core, store=f"sqlite:{path}")) as server:
        yield server


@contextmanager
def _sending(what: str, command: list[str]) -> Iterator[Sender]:
    sender = Sender()
    with _running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != READY:
            raise RuntimeError(f"the sender of {what} has failed")
        yield sender
        process.terminate()
        if process.wait(PATIENCE_S) != 0:
            raise RuntimeError(f"the sender of {what} has failed")
        sender.per_s = float(process.stdout.read())


def _command(module: str, core: int | None, **options: object) -> list[str]:
    if core is not None:
        options["core"] = core
    return [sys.executable, "-m", module, *(f"--{name}={value}" for name, value in options.items())]


@contextmanager
def _running(command: list[str], **pipes: int) -> Iterator["subprocess.Popen[str]"]:
    """A process that is ended, in an orderly way first, when it is no longer needed."""
    process = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
