"""The audit log, on real files, a full device and a path that cannot be written."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId, Revision
from pdp.model.instants import parse_instant
from pdp.server.administration import source_ip
from pdp.server.audit import MOST_CHARACTERS, MOST_IDS, AuditDecision, AuditEntry, AuditError, AuditLog

ALICE = Caller(CallerKind.USER, AccountId("1234"), "alice")


def entry(number: int = 1, **changes: Any) -> AuditEntry:
    members: dict[str, Any] = {
        "at": parse_instant("2026-01-31T08:00:00Z"),
        "caller": ALICE,
        "source_ip": source_ip("ipv4:10.0.0.1:4711"),
        "method": "JoinSecurityGroup",
        "decision": AuditDecision.COMMITTED,
        "resources": ("sg-a", f"eni-{number}"),
        "client_token": "t-1",
        "revision_before": Revision(4),
        "revision_after": Revision(5),
    }
    return AuditEntry(**{**members, **changes})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def write(path: Path, *entries: AuditEntry, **settings: Any) -> AuditLog:
    """Writes all entries and closes."""
    audit = AuditLog(path, **settings)
    for one in entries:
        audit.record(one)
    audit.close()
    return audit


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A file on a device that is always full."""
    path = tmp_path / "full.jsonl"
    path.symlink_to("/dev/full")
    return path


def test_a_line_tells_who_did_what_and_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, entry(), entry(decision=AuditDecision.REFUSED, code="Forbidden.RAM", reason="no", revision_after=None))
    first, second = lines(path)
    assert first == {
        "at": "2026-01-31T08:00:00Z",
        "caller": "acs:ram::1234:user/alice",
        "source_ip": "10.0.0.1",
        "method": "JoinSecurityGroup",
        "resources": ["sg-a", "eni-1"],
        "client_token": "t-1",
        "decision": "committed",
        "code": "",
        "reason": "",
        "revision_before": 4,
        "revision_after": 5,
    }
    assert (second["decision"], second["code"], second["reason"]) == ("refused", "Forbidden.RAM", "no")
    assert second["revision_after"] is None


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, entry())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_text_of_a_request_cannot_make_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    hostile = 'x"}\n{"caller": "somebody else\u2028\ud800'
    write(path, entry(client_token=hostile))
    assert [line["client_token"] for line in lines(path)] == [hostile]


def test_a_huge_request_makes_a_short_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, entry(client_token="t" * 10_000_000, resources=("sg" * 10_000,) * 1_000))
    (line,) = lines(path)
    assert len(line["client_token"]) == MOST_CHARACTERS
    assert (len(line["resources"]), line["resources_left_out"]) == (MOST_IDS, 1_000 - MOST_IDS)


def test_lines_are_added_to_those_of_earlier_starts(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, entry(1))
    write(path, entry(2))
    assert [line["resources"][1] for line in lines(path)] == ["eni-1", "eni-2"]


def test_a_line_that_a_kill_has_cut_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"at":"2026', encoding="ascii")
    write(path, entry())
    cut, whole = path.read_text(encoding="ascii").splitlines()
    assert cut == '{"at":"2026'
    assert json.loads(whole)["method"] == "JoinSecurityGroup"


def test_the_log_is_rotated_and_loses_nothing_before_the_oldest_file_goes(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    bytes_a_line = len(entry(10).line()) + 1
    write(path, *(entry(number) for number in range(10, 30)), file_bytes=bytes_a_line * 5 + 1, files=3)
    parts = [tmp_path / f"audit.jsonl{end}" for end in (".3", ".2", ".1", "")]
    told = [line["resources"][1] for part in parts for line in lines(part)]
    assert told == [f"eni-{number}" for number in range(10, 30)]


def test_where_rotating_fails_the_file_grows_on_and_it_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    (tmp_path / "audit.jsonl.1").mkdir()
    with capture_logs() as logs:
        audit = write(path, *(entry(number) for number in range(5)), file_bytes=300, files=1)
    assert [line["resources"][1] for line in lines(path)] == [f"eni-{number}" for number in range(5)]
    assert audit.lost == 0
    assert [line["event"] for line in logs] == ["the audit log cannot be rotated and grows on"]


def test_a_full_disk_raises_nothing_and_every_line_is_counted(full: Path) -> None:
    with capture_logs() as logs:
        audit = write(full, *(entry(number) for number in range(100)))
    assert audit.lost == 100
    assert [(line["event"], line["log_level"]) for line in logs] == [("AUDIT LINES ARE BEING LOST", "error")]
    assert "No space left" in logs[0]["why"]


def test_when_the_disk_has_space_again_the_file_says_how_many_lines_are_missing(full: Path, tmp_path: Path) -> None:
    audit = AuditLog(full)
    with capture_logs() as logs:
        audit.record(entry(1))
        audit.record(entry(2))
        until_written(audit)
        roomy = tmp_path / "roomy"
        roomy.touch()
        full.unlink()
        full.symlink_to(roomy)
        audit.record(entry(3))
        audit.record(entry(4))
        audit.close()
    first, *rest = lines(roomy)
    assert first == {"lines_lost": 2}
    assert [line["resources"][1] for line in rest] == ["eni-3", "eni-4"]
    assert audit.lost == 2
    assert [line["event"] for line in logs] == ["AUDIT LINES ARE BEING LOST", "audit lines are written again"]
    assert logs[1]["lost"] == 2


def until_written(audit: AuditLog) -> None:
    """Waits until the writer has dealt with all lines so far."""
    audit._waiting.join()


@pytest.mark.parametrize("name", ["none/audit.jsonl", "file/audit.jsonl", "folder"])
def test_a_path_that_cannot_be_written_is_told_at_the_start_and_raises_nothing(tmp_path: Path, name: str) -> None:
    """No such folder; a file in place of one; a folder in place of the file."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with capture_logs() as logs:
        audit = write(tmp_path / name, entry(1), entry(2))
    assert audit.lost == 2
    events = [line["event"] for line in logs if "locked" not in line["event"]]
    assert events == ["THE AUDIT LOG CANNOT BE WRITTEN", "AUDIT LINES ARE BEING LOST"]


def test_a_file_that_somebody_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = AuditLog(path)
    audit.record(entry(1))
    until_written(audit)
    path.rename(tmp_path / "kept")
    audit.record(entry(2))
    audit.close()
    assert [line["resources"][1] for line in lines(tmp_path / "kept")] == ["eni-1"]
    assert [line["resources"][1] for line in lines(path)] == ["eni-2"]


def test_a_disk_that_hangs_holds_up_nobody_and_lines_beyond_those_that_wait_are_counted(tmp_path: Path) -> None:
    """A pipe that nobody reads lets nobody write."""
    path = tmp_path / "audit.jsonl"
    os.mkfifo(path)
    audit = AuditLog(path, most_waiting=2)
    with capture_logs() as logs:
        for number in range(10):
            audit.record(entry(number))
    assert audit.lost == 8
    assert [line["event"] for line in logs] == ["AUDIT LINES ARE BEING LOST"]
    with path.open(encoding="ascii") as reader:
        audit.close()
        gap, *told = [json.loads(line) for line in reader]
    assert gap == {"lines_lost": 8}
    assert [line["resources"][1] for line in told] == ["eni-0", "eni-1"]


def test_a_disk_that_hangs_at_the_end_is_waited_for_only_so_long(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    os.mkfifo(path)
    audit = AuditLog(path)
    audit.record(entry())
    with capture_logs() as logs:
        audit.close(timeout_s=0)
    assert [line["event"] for line in logs] == ["AUDIT LINES ARE LOST: the disk did not take them in time"]
    with path.open(encoding="ascii") as reader:
        assert len(reader.readlines()) == 1


def test_two_processes_never_write_one_log(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    first = AuditLog(path)
    with pytest.raises(AuditError, match="give each server a file of its own"):
        AuditLog(path)
    first.close()
    write(path, entry())
    assert len(lines(path)) == 1
