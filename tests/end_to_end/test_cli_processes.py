"""`pdp` as a process of its own: exit codes, signals, pipes, and a server from start to stop."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from examples.demo import EXAMPLE
from pdp.v1.decision_service_pb2 import BatchCheckFlowsRequest
from pdp.v1.decision_service_pb2_grpc import DecisionServiceStub
from pdp.v1.flow_pb2 import Flow
from tests.architecture.sources import ROOT

PDP = [sys.executable, "-m", "pdp.cli"]
BUNDLE = EXAMPLE / "bundle"
FLOWS = EXAMPLE / "flows.jsonl"
CASES = ROOT / "tests" / "conformance"


def pdp(*words: object) -> subprocess.CompletedProcess[str]:
    command = [*PDP, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)


@contextmanager
def running(*words: object) -> Iterator[subprocess.Popen[str]]:
    """A verb that goes on until the test has done with it."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*PDP, *map(str, words)], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """The log entry of an event, which comes sooner or later."""
    assert process.stderr is not None
    for line in process.stderr:
        entry: dict[str, Any] = json.loads(line)
        if entry["event"] == event:
            return entry
    raise AssertionError(f"the log ended without {event}")


@pytest.mark.parametrize("case", ["merged-groups-tie", "malformed-flows", "ipv6-is-not-ipv4"])
def test_eval_gives_the_expected_actions(case: str) -> None:
    ended = pdp("eval", CASES / case / "bundle", "--flows", CASES / case / "flows.jsonl")
    expected = (CASES / case / "expected.jsonl").read_text()
    assert [json.loads(line)["action"] for line in ended.stdout.splitlines()] == [
        json.loads(line)["action"] for line in expected.splitlines()
    ]
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_refused_bundle_ends_eval_with_3_and_one_line() -> None:
    ended = pdp("eval", CASES / "refused-attribute-file-missing" / "bundle", "--flows", FLOWS)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.count("\n") == 1


def test_a_refused_bundle_ends_serve_with_3() -> None:
    bundle = CASES / "refused-rules-page-missing" / "bundle"
    ended = pdp("serve", "--bundle", bundle, "--listen", "127.0.0.1:0")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "DescribeSecurityGroupAttribute.sg-a.2.json: sg-a" in ended.stderr.splitlines()[-1]


def test_a_port_in_use_ends_serve_with_4() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = pdp("serve", "--bundle", BUNDLE, "--listen", listen)
    assert ended.returncode == 4
    assert listen in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_answers_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with running("serve", "--bundle", BUNDLE, "--listen", "127.0.0.1:0", "--json") as server:
        address = read_until(server, "listening")["address"]
        read_until(server, "serving")
        words = ("eni-bp1web01", "ingress", "tcp", "203.0.113.40:40112", "10.20.1.11:https")
        assert pdp("check", *words, "--server", address, "--exit-code").returncode == 1
        server.send_signal(number)
        assert server.wait() == 0
    assert pdp("check", *words, "--server", address).returncode == 4


def test_a_server_logs_what_was_left_out_of_its_bundle() -> None:
    with running("serve", "--bundle", BUNDLE, "--listen", "127.0.0.1:0", "--json") as server:
        note = "DescribeNetworkInterfaces: eni-bp1nat01 is service-managed and has no security group: it is left out"
        assert read_until(server, note)["level"] == "info"


def test_limits_reach_the_server(tmp_path: Path) -> None:
    flows = tmp_path / "flows.jsonl"
    flows.write_text(FLOWS.read_text())
    with running("serve", "--bundle", BUNDLE, "--listen", "127.0.0.1:0", "--json", "--most-batch-rows", 3) as server:
        address = read_until(server, "listening")["address"]
        read_until(server, "serving")
        with (
            grpc.insecure_channel(address) as channel,
            pytest.raises(grpc.RpcError, match="4 rows are more than the 3"),
        ):
            DecisionServiceStub(channel).BatchCheckFlows(BatchCheckFlowsRequest(flows=[Flow()] * 4))
        ended = pdp("check", "--flows", flows, "--server", address)
    assert (ended.returncode, ended.stdout) == (0, pdp("eval", BUNDLE, "--flows", flows).stdout)


def test_eval_answers_each_line_of_stdin_as_it_comes() -> None:
    with running("eval", BUNDLE, "--flows", "-") as eval_process:
        assert eval_process.stdin is not None
        assert eval_process.stdout is not None
        for line in FLOWS.read_text().splitlines()[:3]:
            eval_process.stdin.write(line + "\n")
            eval_process.stdin.flush()
            assert json.loads(eval_process.stdout.readline())["action"] in {"ACCEPT", "DROP"}
        eval_process.stdin.close()
        assert eval_process.wait() == 0


@pytest.fixture
def listening_to_ctrl_c() -> Iterator[None]:
    """A run in the background may ignore it, and every process that it starts would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listening_to_ctrl_c")
def test_ctrl_c_ends_eval_without_a_traceback() -> None:
    with running("eval", BUNDLE, "--flows", "-") as eval_process:
        assert eval_process.stdin is not None
        assert eval_process.stdout is not None
        assert eval_process.stderr is not None
        eval_process.stdin.write(FLOWS.read_text().splitlines()[0] + "\n")
        eval_process.stdin.flush()
        eval_process.stdout.readline()
        eval_process.send_signal(signal.SIGINT)
        assert eval_process.wait() == 130
        assert eval_process.stderr.read() == ""


def test_a_closed_pipe_ends_eval_without_a_traceback(tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text(FLOWS.read_text() * 500)
    with running("eval", BUNDLE, "--flows", many) as eval_process:
        assert eval_process.stdout is not None
        assert eval_process.stderr is not None
        eval_process.stdout.readline()
        eval_process.stdout.close()
        assert eval_process.wait() == 141
        assert eval_process.stderr.read() == ""


SCRAPER = ("eni-bp1web01", "ingress", "tcp", "203.0.113.40:40112", "10.20.1.11:https")
WRITING = [
    ("check", *SCRAPER, "--bundle", BUNDLE),
    ("explain", *SCRAPER, "--bundle", BUNDLE),
    ("validate", BUNDLE),
    ("test", EXAMPLE / "scenarios.yaml"),
    ("eval", BUNDLE, "--flows", FLOWS),
    ("--help",),
    ("check", "--help"),
    ("version",),
]
in_words = pytest.mark.parametrize("words", WRITING, ids=lambda words: " ".join(map(str, words[:2])))


@in_words
def test_a_pipe_that_nobody_reads_ends_every_verb_with_141(words: tuple[object, ...]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    ended = subprocess.run([*PDP, *map(str, words)], cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@in_words
def test_a_full_disk_is_told_in_one_line(words: tuple[object, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run([*PDP, *map(str, words)], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (74, b"pdp: cannot write the output: No space left on device\n")


def by_shell(redirection: str, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
    """A verb with its streams as a shell leaves them."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *PDP, *map(str, words)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )


def test_a_closed_stream_is_told_when_it_is_used() -> None:
    read = by_shell("<&-", "eval", BUNDLE, "--flows", "-")
    assert (read.returncode, read.stderr) == (2, "pdp: cannot read flows from stdin: Bad file descriptor\n")
    written = by_shell(">&-", *WRITING[0])
    assert (written.returncode, written.stderr) == (74, "pdp: cannot write the output: Bad file descriptor\n")
    assert by_shell("<&- >&- 2>&-", "check").returncode == 2
    assert by_shell("<&- 2>&-", *WRITING[0]).stdout.startswith("DROP")


def test_a_letter_that_the_terminal_lacks_is_written_with_others(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        "- {name: \N{SNOWMAN}, from: eni-bp1web01, to: 1.1.1.1, protocol: icmp, expect: accept}\n", "utf-8"
    )
    ended = by_shell("", "test", cases, "--bundle", BUNDLE, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("ok    \\u2603  (ACCEPT")


def test_what_nobody_foresaw_is_told_with_a_code_that_no_answer_has() -> None:
    code = "from pdp.cli import main; main.app = lambda: 1 / 0; main.main()"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, text=True)
    assert (ended.returncode, ended.stdout) == (70, "")
    assert "ZeroDivisionError" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("pdp: this is a fault of pdp itself")


def on_a_terminal(stream: str, *words: object, env: dict[str, str] | None = None) -> str:
    """What a verb writes to stdout or stderr when that stream alone is a terminal."""
    ours, theirs = pty.openpty()
    streams: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: theirs}
    command = [*PDP, *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TERM": "xterm", **(env or {})}, **streams):  # type: ignore[call-overload]
        os.close(theirs)
        written = b""
        while chunk := _read_from_terminal(ours):
            written += chunk
    os.close(ours)
    return written.decode()


def _read_from_terminal(terminal: int) -> bytes:
    """The next bytes; none when the other side has closed, which Linux reports as an error."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def test_colours_appear_on_a_terminal() -> None:
    words = ("check", "eni-bp1job01", "ingress", "47", "198.51.100.230", "10.20.8.81", "--bundle", BUNDLE)
    assert "\x1b[1;31mDROP\x1b[0m" in on_a_terminal("stdout", *words)
    assert "\x1b[1;31m" not in on_a_terminal("stdout", *words, env={"NO_COLOR": "1"})
    assert "\x1b" not in on_a_terminal("stdout", *words, "--json")


def test_progress_shows_on_a_terminal(tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text(FLOWS.read_text() * 400)
    assert "\r10,000 flows" in on_a_terminal("stderr", "eval", BUNDLE, "--flows", many)
    assert on_a_terminal("stderr", "eval", BUNDLE, "--flows", FLOWS) == ""
