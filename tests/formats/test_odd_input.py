"""Whatever a file holds, it is read or refused in words; nothing else may come of it."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdp.formats.bundle import BundleRefused, read_bundle
from pdp.formats.flows import FlowQuestion, read_flow_line, read_flow_lines
from pdp.formats.scenarios import ScenarioUnreadable, read_scenarios
from pdp.model.errors import FieldError
from tests.formats.bundles import SG_A, Files, attribute, permission, whole, write

CASES = Path(__file__).resolve().parent.parent / "conformance"
RICH = permission(SourcePortRange="1/2", DestCidrIp="10.0.0.5", PortRangeListId="prl-1", SourceGroupId="sg-b")
PDP_JSON = {
    "accounts": {"1000": {"smtp_exempt": True, "quotas": {"groups_per_eni": 6}}},
    "groups": {"sg-a": {"account": "2000", "is_default": True, "rules": {"sgr-1": {"origin": "DMS"}}}},
    "instances": {"i-a": {"account": "1000"}},
    "prefix_lists": {"pl-1": {"account": "1000"}},
    "users": [{"account": "1000", "name": "alice", "kind": "role", "policies": ["p"]}],
    "policies": [{"account": "1000", "name": "p", "document": "{}"}],
    "enis": {"eni-a": {"own_namespace": True, "host": "h", "udp_timeout_s": 60}},
    "penalties": [{"instance": "i-a", "class": "malicious_behaviour", "action": "LOCK", "since": ""}],
    "settings": {"limits": "2026"},
}
ODD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(),
        st.sampled_from(["", " ", "0", "-1", "1_0", "٢٢", "Accept", "10.0.0.0/8", "::/0", "sg-b", "\ud800", "\n"]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
QUIET = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield (*path, key)
        yield from places(member, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    inside = changed
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = new
    return changed


BUNDLE: Files = whole() | {SG_A: attribute("sg-a", RICH, permission(SecurityGroupRuleId="")), "pdp.json": PDP_JSON}
PLACES = list(places(BUNDLE))
FLOW = {"eni": "eni-a", "direction": "in", "protocol": 6, "src": "10.0.0.1", "src_port": 1, "dst": "::1", "dst_port": 2}


@given(path=st.sampled_from(PLACES), odd=ODD)
@QUIET
def test_a_bundle_with_an_odd_value_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, path: tuple[Any, ...], odd: Any
) -> None:
    said = notes_or_refusal(write(tmp_path_factory.mktemp("odd"), replaced(BUNDLE, path, odd)))
    assert all(text and text.isprintable() for text in said)


def notes_or_refusal(directory: Path) -> tuple[str, ...]:
    try:
        return read_bundle(directory).notes
    except BundleRefused as refusal:
        return (str(refusal), *map(str, refusal.faults))


@pytest.mark.parametrize("depth", [63, 64, 300, 500, 900, 990, 2000])
def test_no_depth_of_nesting_is_too_much(tmp_path: Path, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    rule = json.dumps(permission(SecurityGroupRuleId="", Description="DEEP"))
    text = json.dumps(attribute("sg-a", RICH)).replace("[", "[" + rule + ",", 1).replace('"DEEP"', deep)
    said = notes_or_refusal(write(tmp_path / "bundle", whole() | {SG_A: text.encode()}))
    assert SG_A in said[0]
    assert flow_or_error(json.dumps(FLOW).replace('"eni-a"', deep))


@given(data=st.binary(max_size=60) | st.text(alphabet='{}[]":,0eE-+.\\u d8NaN', max_size=40).map(str.encode))
@QUIET
def test_a_file_of_any_bytes_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    directory = write(tmp_path_factory.mktemp("bytes"), whole() | {SG_A: data})
    with pytest.raises(BundleRefused) as caught:
        read_bundle(directory)
    assert caught.value.faults[0].file == SG_A


@given(key=st.sampled_from(sorted(FLOW)), odd=ODD, logged=st.booleans())
@QUIET
def test_an_odd_flow_is_read_or_an_error(key: str, odd: Any, logged: bool) -> None:
    values = FLOW | {"dst": "10.0.0.2", key: odd} | ({"eni-id": odd} if logged else {"direction": "ingress"})
    assert flow_or_error(json.dumps(values))


def flow_or_error(line: str) -> str:
    try:
        return str(read_flow_line(line).flow)
    except FieldError as error:
        return str(error)


@given(lines=st.lists(st.binary(max_size=20)))
@QUIET
def test_lines_of_any_bytes_are_errors_of_their_own(lines: list[bytes]) -> None:
    assert all(isinstance(item, FieldError) for item in read_flow_lines(lines))


@given(text=st.text(alphabet="-: {}[]&*!|>'\"\nnameflowto,#?@%", max_size=60))
@QUIET
def test_a_scenario_file_of_any_text_is_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("odd") / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioUnreadable) as caught:
        read_scenarios(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/expected.jsonl")))
def test_flows_of_the_conformance_cases_are_read_unless_they_are_errors(case: str) -> None:
    expected = [json.loads(text)["action"] for text in (CASES / case / "expected.jsonl").read_bytes().splitlines()]
    with (CASES / case / "flows.jsonl").open("rb") as stream:
        read = list(read_flow_lines(stream))
    assert len(read) == len(expected)
    known = {eni.id for eni in read_bundle(CASES / case / "bundle").resources.enis}
    for item, action in zip(read, expected, strict=True):
        assert (action == "ERROR") is not (isinstance(item, FlowQuestion) and item.eni in known)
