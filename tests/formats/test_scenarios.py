"""Scenario files: what a case may say, and where a mistake is pointed at."""

from pathlib import Path

import pytest

from pdp.formats import scenarios
from pdp.formats.flows import FlowQuestion
from pdp.formats.scenarios import PathEnd, PathQuestion, Scenario, ScenarioUnreadable, read_scenarios
from pdp.model.instants import parse_instant
from pdp.model.rules import Action
from pdp.model.verdict import Stage

FLOW = "{eni: eni-a, direction: ingress, protocol: tcp, src: 198.51.100.7, dst: 10.0.0.5, dst_port: 22}"


def read(tmp_path: Path, text: str) -> list[Scenario]:
    path = tmp_path / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scenarios(path)


def read_one(tmp_path: Path, text: str) -> Scenario:
    (scenario,) = read(tmp_path, text)
    return scenario


def flow_text(scenario: Scenario) -> str:
    assert isinstance(scenario.question, FlowQuestion)
    return f"{scenario.question.eni} {scenario.question.flow}"


def test_a_case_asks_about_a_flow_and_says_what_to_expect(tmp_path: Path) -> None:
    scenario = read_one(
        tmp_path,
        """
        - name: the bastion may reach the application by ssh
          flow:
            eni: eni-app
            direction: ingress
            protocol: tcp
            src: 10.0.9.5
            src_port: 50000
            dst: 10.0.2.10
            dst_port: ssh
          expect: accept
          reason: rule
          rule: sgr-1
          group: sg-app
          at: 2026-01-31T08:00:00+08:00
        """,
    )
    assert flow_text(scenario) == "eni-app ingress TCP 10.0.9.5:50000 -> 10.0.2.10:22"
    assert scenario[0] == "the bastion may reach the application by ssh"
    assert scenario[2:] == (Action.ACCEPT, Stage.RULE, "sgr-1", "sg-app", parse_instant("2026-01-31T00:00:00Z"))


def test_most_of_a_case_is_optional(tmp_path: Path) -> None:
    scenario = read_one(tmp_path, f"- {{name: a, flow: {FLOW}, expect: DROP}}")
    assert flow_text(scenario) == "eni-a ingress TCP 198.51.100.7:40000 -> 10.0.0.5:22"
    assert scenario[2:] == (Action.DROP, None, None, None, None)


@pytest.mark.parametrize(
    ("ends", "source", "destination"),
    [
        ("from: eni-web, to: eni-db", PathEnd("eni-web"), PathEnd("eni-db")),
        ("from: 198.51.100.7, to: eni-db", PathEnd("", "198.51.100.7"), PathEnd("eni-db")),
        (
            "from: {eni: eni-web, address: '2001:DB8::1'}, to: {address: '2001:db8::2'}",
            PathEnd("eni-web", "2001:db8::1"),
            PathEnd("", "2001:db8::2"),
        ),
        ("from: {eni: web}, to: '2001:db8::2'", PathEnd("web"), PathEnd("", "2001:db8::2")),
    ],
)
def test_a_case_asks_about_a_path(tmp_path: Path, ends: str, source: PathEnd, destination: PathEnd) -> None:
    scenario = read_one(tmp_path, f"- {{name: a, {ends}, protocol: tcp, dst_port: 3306, expect: accept}}")
    assert scenario.question == PathQuestion(source, destination, 6, 40000, 3306)


def test_a_protocol_without_ports_needs_none(tmp_path: Path) -> None:
    scenario = read_one(tmp_path, "- {name: a, from: eni-a, to: eni-b, protocol: icmp, expect: accept}")
    assert scenario.question == PathQuestion(PathEnd("eni-a"), PathEnd("eni-b"), 1, None, None)


def test_the_example_in_the_module_is_read(tmp_path: Path) -> None:
    assert scenarios.__doc__ is not None
    example = "\n".join(line for line in scenarios.__doc__.splitlines() if line.startswith("    "))
    assert [(case.expect, type(case.question)) for case in read(tmp_path, example)] == [
        (Action.ACCEPT, FlowQuestion),
        (Action.DROP, PathQuestion),
    ]


def test_cases_keep_their_order(tmp_path: Path) -> None:
    text = "\n".join(f"- {{name: {name}, flow: {FLOW}, expect: drop}}" for name in "cab")
    assert [scenario.name for scenario in read(tmp_path, text)] == ["c", "a", "b"]


def changed(old: str, new: str) -> str:
    case = f"- {{name: a, flow: {FLOW}, expect: drop, at: '2026-01-01T00:00:00Z', reason: default}}"
    assert old in case
    return case.replace(old, new)


PATH = "- {name: a, from: eni-a, to: eni-b, protocol: tcp, dst_port: 22, expect: drop}"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "no list of cases"),
        ("[]", "no list of cases"),
        ("name: a", "no list of cases"),
        ("- [", "not YAML"),
        ("- 'a", "not YAML"),
        ("- {a: \x07}", "not YAML"),
        ("- {? [a] : b}", "not a text"),
        ("[" * 5000, "too deeply"),
        ("- &a [*a]", "not YAML"),
        ("- 7", "case 1: "),
        (changed("name: a", "name: ''"), "case 1: name: is missing"),
        (changed("name: a", "name: [a]"), "case 1: name: "),
        (changed("expect: drop", "expected: drop"), "case 1 (a): expected: unknown key"),
        (changed("expect: drop", "expect: deny"), "case 1 (a): expect: 'deny'"),
        (changed("expect: drop", "expect: drop, expect: accept"), "'expect' stands twice"),
        (changed("reason: default", "reason: rules"), "case 1 (a): reason: 'rules'"),
        (changed("reason: default", "from: eni-b"), "case 1 (a): from: unknown key"),
        (changed("reason: default", "group: {}"), "case 1 (a): group: "),
        (changed("'2026-01-01T00:00:00Z'", "2026-01-01"), "case 1 (a): at: '2026-01-01'"),
        (changed(FLOW, "eni-a"), "case 1 (a): flow: 'eni-a'"),
        (changed("eni: eni-a", "eni: ''"), "case 1 (a): flow.eni: is missing"),
        (changed("eni: eni-a, ", ""), "case 1 (a): flow.eni: is missing"),
        (changed("protocol: tcp", "protocol: all"), "case 1 (a): flow.protocol: 'all'"),
        (changed("protocol: tcp", "proto: tcp"), "case 1 (a): flow.proto: unknown key"),
        (changed("ingress", "in"), "case 1 (a): flow.direction: 'in'"),
        (changed("198.51.100.7", "198.51.100.7/32"), "case 1 (a): flow.src: "),
        (changed("198.51.100.7", "'2001:db8::1'"), "case 1 (a): flow: "),
        (changed("dst_port: 22", "dst_port: 22:30"), "case 1 (a): flow.dst_port: '22:30'"),
        (changed("dst_port: 22", "dst_port: 1_0"), "case 1 (a): flow.dst_port: '1_0'"),
        (changed("dst_port: 22", "dst_port: 0x16"), "case 1 (a): flow.dst_port: '0x16'"),
        (changed("dst_port: 22", "dst_port: 65536"), "case 1 (a): flow.dst_port: '65536'"),
        (changed("dst_port: 22", "dst_port: on"), "case 1 (a): flow.dst_port: 'on'"),
        (changed(", dst_port: 22", ""), "case 1 (a): flow.dst_port: is missing"),
        (PATH.replace("from: eni-a", "from: 10.0.0.1").replace("eni-b", "10.0.0.2"), "case 1 (a): from: neither"),
        (PATH.replace("from: eni-a", "from: web"), "case 1 (a): from: 'web'"),
        (PATH.replace("from: eni-a", "from: {}"), "case 1 (a): from: give"),
        (PATH.replace("from: eni-a, to: eni-b, ", ""), "case 1 (a): asks about nothing; give a `flow`, or `from` and"),
        (PATH.replace("from: eni-a, ", ""), "case 1 (a): from: give"),
        (PATH.replace("from: eni-a", "from: {id: eni-a}"), "case 1 (a): from.id: unknown key"),
        (PATH.replace("from: eni-a", "from: {eni: eni-a, address: x}"), "case 1 (a): from.address: 'x'"),
        (PATH.replace("protocol: tcp, ", ""), "case 1 (a): protocol: is missing"),
        (changed("name: a", "name: a") + "\n- {}", "case 2: "),
    ],
)
def test_a_mistake_is_pointed_at(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(ScenarioUnreadable) as caught:
        read(tmp_path, text)
    assert where in str(caught.value)
    assert "cases.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ScenarioUnreadable, match="cannot be read"):
        read_scenarios(tmp_path / "nowhere.yaml")


def test_a_file_that_is_not_text_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_bytes(b"\xff\xff")
    with pytest.raises(ScenarioUnreadable, match="UTF-8"):
        read_scenarios(path)
