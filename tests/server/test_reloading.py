"""Values read from files (again)."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pdp.server.reloading import Reloaded


class Hand:
    """A clock moved by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def number_in(path: Path, clock: Hand) -> Reloaded[int]:
    return Reloaded("number", [path], lambda: int(path.read_text()), clock=clock)


def replace(path: Path, text: str) -> None:
    """As editors and renewals do: another file under the same name."""
    other = path.with_name("new")
    other.write_text(text)
    other.replace(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "number"
    path.write_text("1")
    return path


def test_a_change_is_seen_at_the_next_look_and_not_before(path: Path) -> None:
    clock = Hand()
    number = number_in(path, clock)
    replace(path, "2")
    clock.now = 0.99
    assert number.value == 1
    clock.now = 1.0
    assert number.value == 2


def test_a_file_of_the_same_size_and_time_is_another_by_its_inode(path: Path) -> None:
    clock = Hand()
    number = number_in(path, clock)
    before = path.stat()
    replace(path, "2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    clock.now = 1.0
    assert number.value == 2


def test_an_unchanged_file_is_not_read_again(path: Path) -> None:
    clock = Hand()
    reads = []
    number = Reloaded("number", [path], lambda: reads.append(1), clock=clock)
    for clock.now in (1.0, 2.0, 3.0):
        assert number.value is None
    assert reads == [1]


def test_a_broken_file_keeps_the_last_good_value_and_is_told_once(path: Path) -> None:
    clock = Hand()
    number = number_in(path, clock)
    replace(path, "two")
    with capture_logs() as logs:
        for clock.now in (1.0, 2.0, 3.0):
            assert number.value == 1
    assert [(line["log_level"], line["what"]) for line in logs] == [("error", "number")]
    assert "two" in number.trouble
    replace(path, "3")
    clock.now = 4.0
    assert (number.value, number.trouble) == (3, "")


def test_a_file_that_is_gone_keeps_the_last_good_value_until_it_is_back(path: Path) -> None:
    clock = Hand()
    number = number_in(path, clock)
    kept = path.rename(path.with_name("kept"))
    clock.now = 1.0
    with capture_logs() as logs:
        assert number.value == 1
    assert len(logs) == 1
    assert "No such file" in number.trouble
    kept.rename(path)
    clock.now = 2.0
    assert (number.value, number.trouble) == (1, "")


def test_what_cannot_be_read_at_first_is_raised(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        number_in(tmp_path / "none", Hand())
