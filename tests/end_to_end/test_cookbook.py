"""Every command on a page gives what the page shows, with the real tools against the real server."""

import re
from datetime import UTC, datetime
from difflib import unified_diff

import pytest

from tests.architecture.sources import ROOT
from tests.end_to_end.console import PAGES, Names, Step, reader, steps_in, steps_of
from tests.tools import find_tool

ADMINISTRATION = "clients/grpcurl/ADMINISTRATION.md"


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_give_what_it_shows(page: str) -> None:
    commands = "\n".join(step.command for step in steps_in(ROOT / page))
    for tool in ("grpcurl", "openssl"):
        if re.search(rf"\b{tool}\b", commands):
            find_tool(tool)
    shown = (ROOT / page).read_text(encoding="utf-8")
    with reader() as fresh:
        present = fresh.follow(shown)
    difference = list(unified_diff(shown.splitlines(), present.splitlines(), "the page", "this run", lineterm=""))
    assert not difference, "\n".join(difference)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_commands(page: str) -> None:
    assert len(steps_in(ROOT / page)) >= 2


@pytest.mark.parametrize(
    "subject",
    [
        " list",
        " describe pdp.v1.DecisionService",
        " describe pdp.v1.Flow",
        " describe pdp.v1.DecisionService.CheckFlow",
        "DecisionService/CheckFlow",
        "DecisionService/BatchCheckFlows",
        "DecisionService/CheckFlowColumns",
        "DecisionService/ExplainFlow",
        "DecisionService/CheckPath",
        "grpc.health.v1.Health/Check",
        "-format-error",
    ],
)
def test_the_cookbook_has_a_recipe_for(subject: str) -> None:
    commands = [step.command for step in steps_in(ROOT / "clients" / "grpcurl" / "README.md")]
    assert any(subject in command for command in commands)


@pytest.mark.parametrize(
    "subject",
    [
        "AccountService/GetCallerIdentity",
        "NetworkService/CreateVpc",
        "NetworkService/CreateInstance",
        "NetworkService/CreateNetworkInterface",
        "SecurityGroupService/CreateSecurityGroup",
        "SecurityGroupService/AuthorizeSecurityGroup",
        "SecurityGroupService/DescribeSecurityGroupAttribute",
        "SecurityGroupService/ModifySecurityGroupRule",
        "SecurityGroupService/RevokeSecurityGroup",
        "SecurityGroupService/DeleteSecurityGroup",
        "SecurityGroupService/JoinSecurityGroup",
        '"validate_only"',
        '"client_token"',
        '"expected_revision"',
        '"at_least_revision"',
        '"next_token"',
        "AccountService/DescribeQuotas",
        "AccountService/ModifyQuota",
        "AccountService/ImposePenalty",
        "AccountService/FileAppeal",
        "AccountService/LiftPenalty",
        "AccountService/AttachPolicyToUser",
        "ImportService/StageBundlePart",
        "ImportService/PlanImport",
        "ImportService/CommitImport",
        "pdp import",
        "pdp export",
        "-cacert",
        "authorization: Bearer",
    ],
)
def test_the_cookbook_of_administration_has_a_recipe_for(subject: str) -> None:
    commands = [step.command for step in steps_in(ROOT / ADMINISTRATION)]
    assert any(subject in command for command in commands)


def test_a_command_may_span_lines_by_a_backslash_or_an_open_quote() -> None:
    assert steps_of("$ a 'b\nc' \\\n  d\nout\nmore\n$ e\n") == [Step("a 'b\nc' \\\n  d", "out\nmore\n"), Step("e", "")]


def test_a_command_that_fails_shows_its_exit_code() -> None:
    with reader() as fresh:
        assert fresh.follow("```console\n$ echo so; exit 3\n```\n") == (
            "```console\n$ echo so; exit 3\nso\n[exit code 3]\n```\n"
        )


def test_a_made_id_is_taken_for_the_one_of_the_page_and_for_no_other() -> None:
    page, made, other = (f"sg-{digit * 20}" for digit in "abc")
    names = Names()
    assert names.shown(f"made {made}", f"made {page}") == f"made {page}"
    assert names.present(f"show {page}") == f"show {made}"
    assert names.shown(f"{other} {made}", f"{page} {page}") == f"{other} {page}"


def test_only_the_present_time_is_taken_for_the_one_of_the_page() -> None:
    page, past = "2025-01-02T03:04:05Z", "2024-01-02T03:04:05Z"
    present = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert Names().shown(f"{present} {past}", f"{page} {page}") == f"{page} {past}"
