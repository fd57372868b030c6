"""`pdp import` and `pdp export` at a real server of their own."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdp.cli.administration import bundle_parts
from pdp.cli.administration.bundle_parts import cut_bundle
from pdp.cli.exits import Fault
from tests.architecture.sources import ROOT
from tests.cli.administration.serving import Shop, serving
from tests.cli.running import BUNDLE, Pdp


@pytest.fixture(scope="module")
def empty_address() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def empty(pdp: Pdp, empty_address: str) -> Shop:
    return Shop(pdp, empty_address)


def test_a_bundle_comes_in_with_one_commit_and_goes_out_again(empty: Shop, tmp_path: Path) -> None:
    before = empty.revision()
    dry = empty.text("import", BUNDLE, "--dry-run")
    assert "This would be imported.\nNothing was written: --dry-run.\n" in dry
    assert empty.revision() == before
    text = empty.text("import", BUNDLE, "--yes")
    assert ["group", "9", "0", "0", "0"] in [line.split() for line in text.splitlines()]
    assert f"Imported.\n  revision     {before + 1} of " in text
    out = tmp_path / "out"
    assert f"to {out}, revision {before + 1} of " in empty.text("export", out)
    assert "Nothing to change: the policy is as the bundle says.\n" in empty.text("import", out, "--yes")
    assert empty.revision() == before + 1
    with serving("--bundle", out) as other:
        again = tmp_path / "again"
        Shop(empty.pdp, other).text("export", again)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in again.iterdir()
    }


def test_what_the_bundle_does_not_name_stays_unless_asked(empty: Shop) -> None:
    empty.text("import", BUNDLE, "--yes")
    vpc = empty.vpc()
    group = empty.group(vpc)
    assert "Nothing to change" in empty.text("import", BUNDLE, "--yes")
    counts = {
        count["kind"]: count for count in empty.json("import", BUNDLE, "--remove-unnamed", "--yes")["plan"]["counts"]
    }
    assert (counts["group"]["removed"], counts["vpc"]["removed"]) == (1, 1)
    assert "NotFound" in empty.refusal("group", "show", group, code=2)


def test_many_parts_make_the_same_bundle(empty: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    empty.text("import", BUNDLE, "--yes")
    monkeypatch.setattr(bundle_parts, "PART_BYTES", 1000)
    assert len(cut_bundle(BUNDLE).parts) > 10
    assert "Nothing to change" in empty.text("import", BUNDLE, "--yes")


def test_nobody_to_ask_is_a_usage_error_and_imports_nothing(empty: Shop, tmp_path: Path) -> None:
    before = empty.revision()
    bundle = shutil.copytree(BUNDLE, tmp_path / "bundle")
    vpcs = bundle / "DescribeVpcs.json"
    vpcs.write_text(vpcs.read_text().replace("shop-prod", "renamed"))
    assert "give --yes" in empty.refusal("import", bundle, code=2)
    assert empty.revision() == before


@pytest.mark.parametrize(("answer", "code", "moves"), [("n", 1, 0), ("", 1, 0), ("y", 0, 1)])
def test_who_is_there_is_shown_the_plan_and_asked(answer: str, code: int, moves: int, empty: Shop) -> None:
    empty.vpc()
    before = empty.revision()
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    words = ("import", BUNDLE, "--remove-unnamed", "--server", empty.server)
    command = [sys.executable, "-m", "pdp.cli", *map(str, words)]
    ended = subprocess.run(command, cwd=ROOT, stdin=theirs, capture_output=True, check=False, text=True)
    os.close(ours)
    os.close(theirs)
    assert ended.returncode == code
    assert "KIND" in ended.stderr
    assert "Import this?" in ended.stderr
    assert empty.revision() == before + moves
    assert ("Imported." in ended.stdout) is bool(moves)


def test_a_bundle_with_faults_is_refused_with_the_first_of_them(empty: Shop, tmp_path: Path) -> None:
    bundle = shutil.copytree(BUNDLE, tmp_path / "bundle")
    (bundle / "DescribeSecurityGroupAttribute.sg-bp1web.json").unlink()
    fault = empty.refusal("import", bundle, "--yes", code=3)
    assert "DescribeSecurityGroupAttribute.sg-bp1web.json" in fault
    assert f"`pdp validate {bundle}`" in fault


def test_files_of_other_names_are_skipped_and_said(empty: Shop, tmp_path: Path) -> None:
    bundle = shutil.copytree(BUNDLE, tmp_path / "bundle")
    (bundle / "README.txt").write_text("hello")
    empty.vpc()
    assert "README.txt: skipped" in empty.text("import", bundle, "--dry-run", "--remove-unnamed")


@pytest.mark.parametrize("kind", ["none", "empty"])
def test_a_directory_without_a_bundle_is_refused(empty: Shop, kind: str, tmp_path: Path) -> None:
    if kind == "empty":
        (tmp_path / kind).mkdir()
    empty.refusal("import", tmp_path / kind, "--yes", code=3)


def test_an_export_never_mixes_with_what_is_there(empty: Shop, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    assert "not empty" in empty.refusal("export", tmp_path, code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


def test_a_failed_export_leaves_nothing(pdp: Pdp, tmp_path: Path) -> None:
    assert pdp("export", tmp_path / "out", "--server", "127.0.0.1:1").exit_code == 4
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_told_to_programs(empty: Shop, tmp_path: Path) -> None:
    told = json.loads(empty.text("export", tmp_path / "out", "--json"))
    assert sorted(told["files"]) == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert told["position"] == empty.json("whoami")["position"]


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2500])
def test_parts_hold_every_byte_once_and_none_is_too_large(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_parts, "PART_BYTES", 1000)
    for name, content in (("DescribeVpcs.json", b"v" * size), ("pdp.json", b"p" * 10)):
        (tmp_path / name).write_bytes(content)
    cut = cut_bundle(tmp_path)
    pieces = [piece for part in cut.parts for piece in part]
    for name, length in (("DescribeVpcs.json", size), ("pdp.json", 10)):
        ends = [(piece.start, piece.start + piece.size) for piece in pieces if piece.name == name]
        assert ends[0][0] == 0
        assert ends[-1][1] == length
        assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]
    assert max(sum(piece.size for piece in part) for part in cut.parts) <= 1000


def test_another_content_has_another_import_id(tmp_path: Path) -> None:
    (tmp_path / "DescribeVpcs.json").write_bytes(b"a")
    first = cut_bundle(tmp_path).import_id
    assert cut_bundle(tmp_path).import_id == first
    (tmp_path / "DescribeVpcs.json").write_bytes(b"b")
    assert cut_bundle(tmp_path).import_id != first


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pdp.json").write_bytes(b"abc")
    cut = cut_bundle(tmp_path)
    (tmp_path / "pdp.json").write_bytes(b"a")
    with pytest.raises(Fault, match="changed while it was read"):
        cut.files(cut.parts[0])
