"""Writing a bundle: what the cycle of random policies does not show."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdp.formats.bundle import read_bundle, read_bundle_files
from pdp.formats.bundle_writer import PAGE, BundleUnwritable, bundle_files, write_files
from pdp.formats.permissions import derived_id
from pdp.model.addresses import Family, parse_cidr
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, GroupId, PrefixListId, VpcId
from pdp.model.resources import Resources
from pdp.model.rules import Action, PrefixList, Rule
from tests.builders import eni, group, resources, rule, vpc
from tests.formats.bundles import ENIS, GROUPS, SG_A, whole, write

SMALL = resources(
    [group("sg-a", "accept tcp/22 from 10.0.0.0/8 id sgr-1")], [eni("eni-a", "10.0.0.1", groups=["sg-a"])]
)


def cycled(made: Resources) -> Resources:
    return read_bundle_files(dict(bundle_files(made))).resources


def with_group(**changes: object) -> Resources:
    values: dict[str, object] = {
        "id": GroupId("sg-a"),
        "account": AccountId("1000"),
        "vpc": VpcId("vpc-1"),
        "type": GroupType.BASIC,
        "inner_access": Action.ACCEPT,
    }
    return resources([SecurityGroup(**(values | changes))])  # type: ignore[arg-type]


def permissions(made: Resources) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(dict(bundle_files(made))[SG_A])["Permissions"]["Permission"]
    return found


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_an_empty_policy_is_a_bundle() -> None:
    files = dict(bundle_files(Resources()))
    assert "pdp.json" not in files
    assert read_bundle_files(files).resources == Resources()


def test_a_vpc_that_nothing_uses_is_kept_with_its_name() -> None:
    made = resources(vpcs=[vpc("vpc-9", "10.0.0.0/8", "192.168.0.0/16", "fd00::/16", "fd01::/16", account="")])
    assert cycled(made) == made


def test_a_group_may_have_another_account_than_its_vpc_or_none() -> None:
    for account in ("1000", "2000", ""):
        made = with_group(account=AccountId(account))
        assert cycled(made).groups[0].account == account


def test_a_group_of_a_vpc_without_account_has_its_own() -> None:
    made = resources([group("sg-a", account="2000")], vpcs=[vpc("vpc-1", account="")])
    assert cycled(made) == made


@pytest.mark.parametrize("text", ["10.1.2.3/8", "10.0.0.5", "::ffff:10.0.0.0/104", "FD00:0::1/64", "2001:db8::1"])
def test_a_cidr_stays_as_it_was_written(text: str) -> None:
    made = resources([group("sg-a", f"accept all from {text} id sgr-1", f"drop all to {text} own {text} id sgr-2")])
    assert cycled(made) == made
    assert text in permissions(made)[0].values()


def test_a_derived_id_is_derived_again() -> None:
    read = read_bundle_files(as_bytes(SG_A, "SecurityGroupRuleId")).resources
    (made,) = read.groups[0].rules
    assert made.id_is_derived
    assert "SecurityGroupRuleId" not in permissions(read)[0]
    assert cycled(read) == read


def as_bytes(name: str, blanked: str) -> dict[str, bytes]:
    """The small bundle with one field of a file's only rule blank."""
    files = {file: json.dumps(body) for file, body in whole().items()}
    files[name] = files[name].replace('"sgr-1"', '""') if blanked else files[name]
    return {file: text.encode() for file, text in files.items()}


def test_a_derived_id_that_no_reading_gives_is_kept_and_marked() -> None:
    made = resources([group("sg-a", "accept tcp/22 from 10.0.0.0/8 id sgr-derived-1 derived")])
    assert permissions(made)[0]["SecurityGroupRuleId"] == "sgr-derived-1"
    assert cycled(made) == made


def test_derived_ids_differ_with_all_that_a_rule_says() -> None:
    texts = (
        *("accept tcp/22 from 10.0.0.0/8", "drop tcp/22 from 10.0.0.0/8", "accept tcp/22 to 10.0.0.0/8"),
        *("accept tcp/22 from 10.0.0.0/8 @2", "accept udp/22 from 10.0.0.0/8", "accept tcp/23 from 10.0.0.0/8"),
        *("accept tcp/all from 10.0.0.0/8", "accept tcp/prl-1 from 10.0.0.0/8", "accept tcp/22 from sg-b"),
        *("accept tcp/22 from sg-b@2000", "accept tcp/22 from pl-1", "accept tcp/22 from 10.0.0.0/8 sport 1"),
        "accept tcp/22 from 10.0.0.0/8 own 10.0.0.1",
    )
    ids = {derived_id(GroupId(sg), rule(text)) for text in texts for sg in ("sg-a", "sg-b")}
    assert len(ids) == 2 * len(texts)


def test_an_ipv4_block_of_an_ipv6_list_is_written_as_ipv6() -> None:
    entries = (parse_cidr("::ffff:10.0.0.0/104").prefix, parse_cidr("fd00::/8").prefix)
    made = resources(vpcs=(), prefix_lists=[PrefixList(PrefixListId("pl-1"), Family.IPV6, 5, entries)])
    assert cycled(made) == made


def test_a_long_list_has_pages() -> None:
    enis = [eni(f"eni-{n:05}", groups=["sg-a"]) for n in range(2 * PAGE + 1)]
    rules: list[Rule | str] = [rule(f"accept tcp/{n + 1} from 10.0.0.0/8 id sgr-{n:05}") for n in range(PAGE + 1)]
    made = resources([group("sg-a", *rules)], enis)
    files = dict(bundle_files(made))
    assert {name for name in files if name.startswith("DescribeNetworkInterfaces")} == {
        ENIS,
        "DescribeNetworkInterfaces.2.json",
        "DescribeNetworkInterfaces.3.json",
    }
    assert "DescribeSecurityGroupAttribute.sg-a.2.json" in files
    assert read_bundle_files(files).resources == made


@pytest.mark.parametrize("group_id", ["group-1", "sg-a.1", "sg-a/../b", "sg-\0", "sg-"])
def test_an_id_that_no_file_can_be_named_after_is_refused(group_id: str) -> None:
    with pytest.raises(BundleUnwritable, match="cannot stand in the name"):
        dict(bundle_files(with_group(id=GroupId(group_id))))


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(BundleUnwritable, match=f"{GROUPS}: .*surrogate"):
        dict(bundle_files(with_group(description="\ud800")))


def test_a_bundle_is_written_into_a_new_or_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        write_files(tmp_path / name, bundle_files(SMALL))
        assert read_bundle(tmp_path / name).resources == SMALL
    assert names(tmp_path) == ["empty", "new"]


def test_pieces_of_a_file_are_joined(tmp_path: Path) -> None:
    pieces = [
        (name, content[start : start + 100])
        for name, content in bundle_files(SMALL)
        for start in range(0, len(content), 100)
    ]
    write_files(tmp_path / "bundle", pieces)
    assert read_bundle(tmp_path / "bundle").resources == SMALL


def test_a_directory_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "old", {"note.txt": b"mine"})
    with pytest.raises(BundleUnwritable, match="is not empty; name a new directory"):
        write_files(tmp_path / "old", bundle_files(SMALL))
    assert names(tmp_path / "old") == ["note.txt"]
    assert names(tmp_path) == ["old"]


def test_a_file_in_the_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(BundleUnwritable, match="is not empty"):
        write_files(tmp_path / "file", bundle_files(SMALL))


def test_the_present_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleUnwritable, match="present directory"):
        write_files(Path(), bundle_files(SMALL))


def test_a_place_without_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleUnwritable, match="No such file or directory"):
        write_files(tmp_path / "no" / "bundle", bundle_files(SMALL))


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(BundleUnwritable):
        write_files(tmp_path / "circle", bundle_files(SMALL))


def test_an_export_that_was_cut_off_is_named(tmp_path: Path) -> None:
    (tmp_path / ".bundle.partial").mkdir()
    with pytest.raises(BundleUnwritable, match="remove it if none is"):
        write_files(tmp_path / "bundle", bundle_files(SMALL))
    assert names(tmp_path) == [".bundle.partial"]


@pytest.mark.parametrize("name", ["../outside.json", "/etc/outside.json", "note.txt", "", "DescribeVpcs/x.json"])
def test_only_files_of_a_bundle_are_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleUnwritable, match="not named like a file of a bundle"):
        write_files(tmp_path / "bundle", [*bundle_files(SMALL), (name, b"x")])
    assert names(tmp_path) == []


def test_nothing_is_left_of_an_export_that_breaks_off(tmp_path: Path) -> None:
    def breaking() -> Iterator[tuple[str, bytes]]:
        yield from bundle_files(SMALL)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_files(tmp_path / "bundle", breaking())
    assert names(tmp_path) == []


def test_a_name_with_a_slash_is_no_file_of_a_bundle() -> None:
    files = dict(bundle_files(SMALL)) | {"DescribeSecurityGroupAttribute.sg-a/b.json": b"{}"}
    (note,) = read_bundle_files(files).notes
    assert "skipped" in note
