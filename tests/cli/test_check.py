"""`pdp check`: one flow or many, by a bundle or a server, with the same answers."""

import json
import re
from typing import Any

import pytest

from pdp.cli import messages, remote
from pdp.cli.local import LocalAnswers
from pdp.formats.flows import FlowQuestion, read_flow_lines
from pdp.formats.verdicts import verdict_line
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.server.answers import verdict_to_proto
from tests.builders import NOW
from tests.cli.running import BUNDLE, CUSTOMER, FLOWLOG, FLOWS, SCRAPER, Pdp, cases_with, fault_of, lines_of


def test_a_drop_is_told_with_rule_group_and_region(pdp: Pdp) -> None:
    result = pdp("check", *SCRAPER, "--bundle", BUNDLE)
    assert result.exit_code == 0
    first, flow, region, position = (line.split() for line in result.stdout.splitlines())
    assert " ".join(first) == "DROP RULE: sgr-bp1webscan of sg-bp1web, priority 10"
    assert " ".join(flow) == "flow eni-bp1web01 ingress TCP 203.0.113.40:40112 -> 10.20.1.11:443"
    assert " ".join(region) == "holds for TCP from 203.0.113.0/24 to anywhere port 443"
    assert position[:3] == ["revision", "1", "of"]


def test_a_server_gives_the_same_text_as_its_bundle(address: str, pdp: Pdp) -> None:
    by_server, by_bundle = (pdp("check", *CUSTOMER, *whom) for whom in (("--server", address), ("--bundle", BUNDLE)))
    assert by_server.stdout == by_bundle.stdout != ""


def test_json_has_the_verdict_line_and_the_store(address: str, pdp: Pdp) -> None:
    by_server, by_bundle = (
        json.loads(pdp("check", *SCRAPER, *whom, "--json").stdout)
        for whom in (("--server", address), ("--bundle", BUNDLE))
    )
    assert by_server == by_bundle
    assert by_server["action"], by_server["rule"] == ("DROP", "sgr-bp1webscan")
    assert by_server["store"].startswith("sha256:")


@pytest.mark.parametrize("flows", [FLOWS, FLOWLOG])
@pytest.mark.parametrize("more", [(), ("--regions",)])
def test_a_file_gives_the_same_lines_by_server_as_by_eval(
    flows: str, more: tuple[str, ...], address: str, pdp: Pdp
) -> None:
    by_server = pdp("check", "--flows", flows, "--server", address, *more)
    assert by_server.stdout == pdp("eval", BUNDLE, "--flows", flows, *more).stdout != ""


def test_a_file_that_takes_several_calls_keeps_its_order(
    address: str, pdp: Pdp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "CHUNK", 5)
    flows = FLOWS.read_text().replace("\n", "\nnonsense\n", 3)
    by_server = pdp("check", "--flows", "-", "--server", address, stdin=flows)
    assert by_server.stdout == pdp("eval", BUNDLE, "--flows", "-", stdin=flows).stdout != ""


@pytest.mark.parametrize("case", cases_with("expected.jsonl"))
def test_messages_become_the_very_lines_that_verdicts_do(case: Any) -> None:
    snapshot = LocalAnswers(case / "bundle").snapshot
    checker = Checker(snapshot, IndexCache())
    with (case / "flows.jsonl").open("rb") as stream:
        asked = [question for question in read_flow_lines(stream) if isinstance(question, FlowQuestion)]
    for eni, flow, *_ in asked:
        if eni in snapshot.enis:
            verdict = checker.check_region(eni, flow, NOW)
            line = messages.verdict_line(verdict_to_proto(verdict), 7)
            assert list(line.items()) == list(verdict_line(verdict, 7).items())


def test_a_file_without_one_good_line_has_its_error_lines_by_server_too(address: str, pdp: Pdp) -> None:
    result = pdp("check", "--flows", "-", "--server", address, stdin="nonsense\n{}\n")
    assert (result.exit_code, [line["action"] for line in lines_of(result)]) == (0, ["ERROR", "ERROR"])


@pytest.mark.parametrize(("words", "code"), [(SCRAPER, 1), (CUSTOMER, 0)])
def test_exit_code_tells_a_drop(words: tuple[str, ...], code: int, pdp: Pdp) -> None:
    assert pdp("check", *words, "--bundle", BUNDLE, "--exit-code").exit_code == code


@pytest.mark.parametrize(("line", "code"), [(0, 0), (2, 1)])
def test_exit_code_tells_a_drop_in_a_file(line: int, code: int, pdp: Pdp) -> None:
    flow = FLOWS.read_text().splitlines()[line]
    assert pdp("check", "--flows", "-", "--bundle", BUNDLE, "--exit-code", stdin=flow).exit_code == code


def test_exit_code_does_not_take_an_error_for_an_accept(pdp: Pdp) -> None:
    assert pdp("check", "--flows", "-", "--bundle", BUNDLE, "--exit-code", stdin="nonsense").exit_code == 1


@pytest.mark.parametrize("by_server", [True, False])
def test_an_instance_is_answered_with_its_enis(by_server: bool, address: str, pdp: Pdp) -> None:
    whom = ("--server", address) if by_server else ("--bundle", BUNDLE)
    result = pdp("check", "i-bp1app01", *SCRAPER[1:], *whom)
    assert result.exit_code == 2
    fault = fault_of(result)
    assert fault.startswith("UNKNOWN_ENI: ")
    assert "eni-bp1app01, eni-bp1app01b" in fault


def test_a_server_that_is_not_there_has_an_exit_code_of_its_own(pdp: Pdp) -> None:
    result = pdp("check", *SCRAPER, "--server", "127.0.0.1:1")
    assert result.exit_code == 4
    assert "127.0.0.1:1" in fault_of(result)
    assert "pdp serve --bundle DIR" in fault_of(result)


def test_the_server_may_stand_in_the_environment(address: str, pdp: Pdp) -> None:
    result = pdp("check", *SCRAPER, env={"PDP_SERVER": address})
    assert result.stdout.startswith("DROP")


def test_a_server_that_is_named_goes_before_the_environment(address: str, pdp: Pdp) -> None:
    result = pdp("check", *SCRAPER, "--server", address, env={"PDP_SERVER": "127.0.0.1:1"})
    assert result.stdout.startswith("DROP")


@pytest.mark.parametrize(
    "verb",
    [
        ("check", *SCRAPER),
        ("explain", *SCRAPER),
        ("path", "eni-bp1app01:1", "eni-bp1db01:mysql", "tcp"),
        ("check", "--flows", FLOWS),
    ],
)
def test_a_server_is_asked_at_a_revision_or_a_later_one(
    verb: tuple[object, ...], address: str, pdp: Pdp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of a bundle stays at revision 1, and so one that is asked for a later one says that it is not there."""
    monkeypatch.setattr("pdp.cli.answers.TIMEOUT_S", 1.0)
    assert pdp(*verb, "--server", address, "--at-least-revision", 1).exit_code == 0
    late = pdp(*verb, "--server", address, "--at-least-revision", 2)
    assert late.exit_code == 4
    assert "REVISION_NOT_REACHED" in fault_of(late)


def test_a_bundle_has_no_later_revision_to_wait_for(pdp: Pdp) -> None:
    result = pdp("check", *SCRAPER, "--bundle", BUNDLE, "--at-least-revision", 2)
    assert result.exit_code == 2
    assert "--at-least-revision is for a server" in fault_of(result)


def test_bundle_and_server_together_are_a_usage_error(address: str, pdp: Pdp) -> None:
    result = pdp("check", *SCRAPER, "--server", address, "--bundle", BUNDLE)
    assert result.exit_code == 2
    assert "--bundle" in fault_of(result)


def test_another_time_needs_a_bundle(address: str, pdp: Pdp) -> None:
    result = pdp("check", *SCRAPER, "--server", address, "--at", "2026-01-01T00:00:00Z")
    assert result.exit_code == 2
    assert "its own time" in fault_of(result)


@pytest.mark.parametrize("words", [(), SCRAPER[:4], (*SCRAPER, "--flows", str(FLOWS))])
def test_words_or_a_file_but_not_half_of_both(words: tuple[str, ...], pdp: Pdp) -> None:
    result = pdp("check", *words, "--bundle", BUNDLE)
    assert result.exit_code == 2
    assert "--flows FILE" in fault_of(result)


def test_lines_of_a_file_are_json_with_or_without_json(pdp: Pdp) -> None:
    plain, as_json = (pdp("check", "--flows", FLOWS, "--bundle", BUNDLE, *more) for more in ((), ("--json",)))
    assert lines_of(plain) == lines_of(as_json) != []


def test_a_verdict_that_a_penalty_will_change_says_when(pdp: Pdp) -> None:
    words = ("eni-bp1job02", "egress", "tcp", "10.20.8.82:42000", "198.51.100.230:https")
    result = pdp("check", *words, "--bundle", BUNDLE, "--at", "2026-01-01T00:00:00Z")
    assert "2026-01-12T09:30:00Z, when a penalty changes it" in result.stdout


@pytest.mark.parametrize(
    ("eni", "said"),
    [
        ("nope", "no ENI has the id 'nope'"),
        ("i-bp1app01", "'i-bp1app01' is an instance; ask about one of its ENIs: eni-bp1app01, eni-bp1app01b"),
    ],
)
def test_an_unknown_eni_gives_the_same_line_by_server_as_by_eval(eni: str, said: str, address: str, pdp: Pdp) -> None:
    own, logged = FLOWS.read_text().splitlines()[0], FLOWLOG.read_text().splitlines()[0]
    flows = own.replace("eni-bp1web01", eni) + "\n" + re.sub(r'"eni-id": ?"[^"]*"', f'"eni-id":"{eni}"', logged)
    by_server = pdp("check", "--flows", "-", "--server", address, stdin=flows)
    assert by_server.stdout == pdp("eval", BUNDLE, "--flows", "-", stdin=flows).stdout
    assert [line["message"] for line in lines_of(by_server)] == [f"eni: {said}", f"eni-id: {said}"]


@pytest.mark.parametrize("name", ["ENI", "DIRECTION", "PROTOCOL", "SOURCE", "DESTINATION"])
def test_a_blank_word_is_named(name: str, pdp: Pdp) -> None:
    place = ["ENI", "DIRECTION", "PROTOCOL", "SOURCE", "DESTINATION"].index(name)
    for blank in ("", " "):
        result = pdp("check", *SCRAPER[:place], blank, *SCRAPER[place + 1 :], "--bundle", BUNDLE)
        assert result.exit_code == 2
        assert fault_of(result).endswith(f"--flows FILE; {name} is missing or blank")


@pytest.mark.parametrize(
    "words",
    [
        ("check", "eni-\udcff", *SCRAPER[1:]),
        ("explain", "eni-\udcff", *SCRAPER[1:]),
        ("explain", *SCRAPER, "--rule", "\udcff"),
        ("explain", *SCRAPER, "--group", "\udcff"),
        ("path", "eni-\udcff:1", "eni-b:2", "tcp"),
        ("path", "eni-\udcff@10.0.0.1:1", "eni-b:2", "tcp"),
    ],
)
def test_a_word_that_is_not_text_is_a_usage_error(words: tuple[str, ...], address: str, pdp: Pdp) -> None:
    result = pdp(*words, "--server", address)
    assert result.exit_code == 2
    assert "is not text in UTF-8" in fault_of(result)


@pytest.mark.parametrize("words", [("explain", "", *SCRAPER[1:]), ("path", "@10.0.0.1", "eni-b", "icmp")])
def test_a_blank_id_is_a_usage_error(words: tuple[str, ...], pdp: Pdp) -> None:
    result = pdp(*words, "--bundle", BUNDLE)
    assert result.exit_code == 2
    assert "is blank" in fault_of(result)


@pytest.mark.parametrize("verb", [("check", *SCRAPER), ("explain", *SCRAPER), ("path", "eni-a", "eni-b", "icmp")])
def test_a_revision_is_no_larger_than_a_server_can_be_asked(verb: tuple[str, ...], address: str, pdp: Pdp) -> None:
    result = pdp(*verb, "--server", address, "--at-least-revision", 2**64)
    assert result.exit_code == 2
    assert "'--at-least-revision'" in fault_of(result)


def test_a_protocol_without_a_name_is_called_one(pdp: Pdp) -> None:
    result = pdp("check", "eni-bp1web01", "ingress", "132", "203.0.113.40", "10.20.1.11", "--bundle", BUNDLE)
    assert "holds for    protocol 132 from " in result.stdout
