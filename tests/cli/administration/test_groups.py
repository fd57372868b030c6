"""`pdp group …` at a real server."""

import pytest

from tests.cli.administration.serving import Shop, unlike


def test_a_group_is_made_listed_shown_and_deleted(shop: Shop, vpc: str) -> None:
    group = shop.group(vpc, "--name", "web", "--type", "advanced", "--tag", "tier=web", "--description", "for the shop")
    listed = shop.text("group", "list", "--vpc", vpc)
    assert listed.splitlines()[1].split() == [group, "web", "advanced", vpc, "0", "0", "drop"]
    shown = shop.text("group", "show", group)
    assert "tier=web" in shown
    assert "for the shop" in shown
    assert shown.count("none") == 2
    assert f"deleted {group}" in shop.text("group", "delete", group)
    assert shop.text("group", "list", "--vpc", vpc) == "none\n"


def test_after_a_write_the_revision_is_told(shop: Shop, vpc: str) -> None:
    before = shop.revision()
    assert f"revision     {before + 1} of " in shop.text("group", "create", vpc)
    assert shop.revision() == before + 1


def test_a_dry_run_writes_nothing_and_says_so(shop: Shop, vpc: str) -> None:
    before = shop.revision()
    text = shop.text("group", "create", vpc, "--dry-run")
    assert "made a group\nNothing was written: --dry-run.\n" in text
    assert (shop.revision(), shop.text("group", "list", "--vpc", vpc)) == (before, "none\n")


def test_the_same_client_token_gives_the_first_answer(shop: Shop, vpc: str) -> None:
    token = ("--client-token", unlike("token-"))
    first = shop.text("group", "create", vpc, *token)
    shop.vpc()
    assert shop.text("group", "create", vpc, *token) == first
    assert "IdempotentParameterMismatch" in shop.refusal("group", "create", vpc, "--name", "other", *token, code=2)


def test_another_revision_than_expected_refuses(shop: Shop, vpc: str) -> None:
    present = shop.revision()
    fault = shop.refusal("group", "create", vpc, "--expected-revision", present - 1, code=5)
    assert fault.startswith("RevisionMismatch: ")
    assert fault.endswith("read it again and decide anew")
    shop.text("group", "create", vpc, "--expected-revision", present)


def test_console_defaults_bring_rules(shop: Shop, vpc: str) -> None:
    group = shop.group(vpc, "--console-defaults")
    assert len(shop.rules(group)) == 5


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("--type", "basic"), {"web"}),
        (("--type", "enterprise"), {"db"}),
        (("--name", "web", "--name", "db"), {"web", "db"}),
        (("--tag", "env=prod"), {"web"}),
        (("--tag", "env"), {"web", "db"}),
        (("--managed",), set()),
        (("--not-managed",), {"web", "db"}),
    ],
)
def test_a_list_is_filtered(shop: Shop, filters: tuple[str, ...], found: set[str]) -> None:
    vpc = shop.vpc()
    shop.group(vpc, "--name", "web", "--tag", "env=prod")
    shop.group(vpc, "--name", "db", "--tag", "env=test", "--type", "advanced")
    groups = shop.json("group", "list", "--vpc", vpc, *filters)["security_groups"]
    assert {group["security_group_name"] for group in groups} == found


def test_a_list_may_be_cut_short_and_tells_people(shop: Shop, vpc: str) -> None:
    ids = sorted(shop.group(vpc) for _ in range(3))
    groups = shop.json("group", "list", "--vpc", vpc, "--limit", 2)["security_groups"]
    assert [group["security_group_id"] for group in groups] == ids[:2]
    for limit, said in ((2, "These are the first 2; there are more.\n"), (3, "")):
        assert shop.run("group", "list", "--vpc", vpc, "--limit", limit).stderr == said


def test_policy_name_and_labels_change(shop: Shop, group: str) -> None:
    shop.text("group", "policy", group, "DROP")
    shop.text("group", "rename", group, "other")
    shop.text("group", "set", group, "--description", "why", "--tag", "a=1", "--tag", "b=2")
    shown = shop.json("group", "show", group)["security_group"]
    assert (shown["inner_access_policy"], shown["security_group_name"], shown["description"]) == (
        "Drop",
        "other",
        "why",
    )
    assert shown["tags"] == [{"tag_key": "a", "tag_value": "1"}, {"tag_key": "b", "tag_value": "2"}]
    shop.text("group", "set", group, "--no-tags", "--name", "", "--description", "")
    shown = shop.json("group", "show", group)["security_group"]
    assert (shown["security_group_name"], shown["description"], shown["tags"]) == ("", "", [])


def test_members_join_and_leave_as_eni_or_instance(shop: Shop, vpc: str, group: str) -> None:
    other = shop.group(vpc)
    instance, eni = shop.instance(vpc, "--group", group)
    assert f"{eni} is in " in shop.text("group", "join", other, eni)
    assert f"{instance} is in {group}\n" in shop.text("group", "leave", other, instance)
    fault = shop.refusal("group", "leave", group, instance, code=5)
    assert fault.startswith("InvalidOperation.AtLeastInOneGroup: ")
    assert "pdp instance groups" in fault


def test_a_clone_says_what_it_could_not_take(shop: Shop, vpc: str, group: str) -> None:
    peer = shop.group(vpc)
    shop.text("group", "authorize", group, "ingress", "tcp", "--port", "ssh", "--from", peer)
    shop.text("group", "authorize", group, "ingress", "tcp", "--port", "ssh", "--from", "10.0.0.0/8")
    text = shop.text("group", "clone", group, "--type", "advanced", "--name", "copy")
    assert f"- ingress: accept TCP 22 (ssh) from {peer}" in text
    assert "left out: InvalidGroupAuthParameter.OperationDenied" in text
    assert len(shop.json("group", "list", "--vpc", vpc, "--name", "copy")["security_groups"]) == 1


def test_references_name_the_groups_in_the_way_of_a_delete(shop: Shop, vpc: str, group: str) -> None:
    other = shop.group(vpc)
    shop.text("group", "authorize", other, "ingress", "tcp", "--port", "ssh", "--from", group)
    assert shop.text("group", "references", group).splitlines()[1].split() == [group, other]
    fault = shop.refusal("group", "delete", group, code=5)
    assert fault.startswith("DependencyViolation: ")
    assert "pdp group references" in fault


def test_a_group_that_is_not_there_is_the_question_s_fault(shop: Shop) -> None:
    assert shop.refusal("group", "show", "sg-none", code=2).startswith("InvalidSecurityGroupId.NotFound: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--type", "huge"), "type 'huge' is none of basic, advanced"),
        (("policy", "sg-a", "maybe"), "policy 'maybe' is none of accept, drop"),
        (("set", "sg-a", "--tag", "a=1", "--no-tags"), "not both"),
    ],
)
def test_words_that_say_nothing_are_refused_before_anybody_is_asked(
    shop: Shop, words: tuple[str, ...], said: str
) -> None:
    assert said in shop.refusal("group", *words, code=2)
