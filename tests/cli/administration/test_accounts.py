"""`pdp whoami`, `pdp quota`, `pdp smtp`, `pdp ram` and `pdp penalty` at a real server."""

from pathlib import Path

import pytest

from tests.cli.administration.serving import Shop, unlike

DENY = """{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "ecs:*", "Resource": "*"}]}"""


def test_whoami_tells_who_asks(shop: Shop) -> None:
    assert shop.text("whoami").split() == ["is", "operator", "name", "local"]
    assert shop.json("whoami")["identity_type"] == "operator"


def test_a_quota_is_set_and_listed(shop: Shop) -> None:
    account = ("--account", unlike("77"))
    shop.text("vpc", "create", "10.0.0.0/16", *account)
    assert "limit        7\n" in shop.text("quota", "set", "groups_per_eni", 7, *account)
    rows = {line.split()[0]: line.split() for line in shop.text("quota", "list", *account).splitlines() if line}
    assert rows["groups_per_eni"][1:3] == ["7", "5"]
    assert rows["rules_per_eni"][1] == "1400"
    assert rows["versions"] == ["versions", "2024", "(in", "force),", "2026"]


def test_a_limit_that_is_fixed_says_what_to_do_instead(shop: Shop) -> None:
    fault = shop.refusal("quota", "set", "rules_per_group", 300, "--account", "1234", code=5)
    assert fault.startswith("InvalidOperation.QuotaNotAdjustable: ")
    assert "spread rules over several groups" in fault


def test_the_operator_chooses_the_limits_version(shop: Shop) -> None:
    assert "the limits are those of 2026\n" in shop.text("quota", "version", "2026", "--dry-run")
    shop.refusal("quota", "version", "2025", code=2)


def test_an_account_is_exempted_from_the_block_of_mail_and_no_longer(shop: Shop) -> None:
    account = unlike("88")
    shop.text("vpc", "create", "10.0.0.0/16", "--account", account)
    assert f"{account} may send mail" in shop.text("smtp", "exempt", account)
    assert shop.text("smtp", "list", "--account", account).split() == ["ACCOUNT", account]
    assert f"{account} may no longer send mail" in shop.text("smtp", "exempt", account, "--end")
    assert shop.text("smtp", "list", "--account", account) == "none\n"


def test_a_user_gets_and_loses_a_policy(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "deny.json").write_text(DENY)
    user, policy, account = unlike("alice-"), unlike("deny-"), ("--account", "1234")
    shop.text("ram", "user", "create", user, *account)
    shop.text("ram", "policy", "create", policy, tmp_path / "deny.json", *account)
    assert f"{user} has {policy}\n" in shop.text("ram", "user", "attach", user, policy, *account)
    assert f"policies     {policy}\n" in shop.text("ram", "user", "show", user, *account)
    assert user in shop.text("ram", "user", "list", "--policy", policy, *account)
    assert shop.text("ram", "policy", "list", "--user", user, *account).splitlines()[1].split() == [policy, "1", "1234"]
    assert shop.text("ram", "policy", "show", policy, *account).endswith(DENY + "\n")
    assert shop.refusal("ram", "policy", "delete", policy, *account, code=5).startswith("DependencyViolation: ")
    shop.text("ram", "user", "detach", user, policy, *account)
    shop.text("ram", "policy", "delete", policy, *account)
    shop.text("ram", "user", "delete", user, *account)
    assert f"there is no {user}" in shop.refusal("ram", "user", "show", user, *account, code=2)


def test_a_role_is_no_user(shop: Shop) -> None:
    role, account = unlike("robot-"), ("--account", "1234")
    shop.text("ram", "user", "create", role, "--role", *account)
    assert "kind         role\n" in shop.text("ram", "user", "show", role, "--role", *account)
    shop.refusal("ram", "user", "show", role, *account, code=2)


def test_a_policy_that_is_none_is_refused(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("{}")
    fault = shop.refusal("ram", "policy", "create", "odd", tmp_path / "odd.json", "--account", "1234", code=2)
    assert fault.startswith("MalformedPolicyDocument: ")


def test_a_penalty_goes_through_its_states(shop: Shop, vpc: str, group: str) -> None:
    instance, _ = shop.instance(vpc, "--group", group)
    words = ("penalty", "impose", "lock", instance, "--reason", "port scan", "--since", "2026-01-12T09:30:00Z")
    penalty = shop.json(*words)["penalty"]
    name = penalty["penalty_id"]
    assert (penalty["penalty_class"], penalty["since"]) == ("malicious_behaviour", "2026-01-12T09:30:00Z")
    fault = shop.refusal("instance", "groups", instance, shop.group(vpc), code=5)
    assert fault.startswith("InstanceLockedForSecurity: ")
    assert "pdp penalty list" in fault
    assert "state        appeal_filed\n" in shop.text("penalty", "appeal", name, "it was a test")
    assert "state        upheld\n" in shop.text("penalty", "uphold", name)
    assert "state        lifted\n" in shop.text("penalty", "lift", name)
    assert shop.refusal("penalty", "lift", name, code=5).startswith("InvalidOperation.PenaltyState: ")
    listed = shop.json("penalty", "list", "--instance", instance, "--state", "lifted", "--class", "malicious")
    assert [item["penalty_id"] for item in listed["penalties"]] == [name]


@pytest.mark.parametrize(("target", "key"), [("shop.example", "domain"), ("https://shop.example/a", "url")])
def test_a_domain_or_url_is_listed_by_its_name(shop: Shop, target: str, key: str) -> None:
    penalty = shop.json("penalty", "impose", "block-domain", target, "--until", "2027-01-01T00:00:00Z")["penalty"]
    assert (penalty[key], penalty["penalty_class"]) == (target, "harmful_information")
    assert f"  {target}  " in shop.text("penalty", "list")
    text = shop.text("penalty", "request-unblock", penalty["penalty_id"], "the page is gone")
    assert "state        unblock_requested\n" in text
    assert "statement    the page is gone\n" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("impose", "slap", "i-a"), "action 'slap' is none of block-traffic, lock, block-domain"),
        (("impose", "", "i-a"), "the action is one of block-traffic"),
        (("impose", "lock", "i-a", "--since", "yesterday"), "since 'yesterday' is not an RFC 3339 time"),
        (("list", "--state", "gone"), "state 'gone' is none of in-force"),
    ],
)
def test_words_that_say_nothing_are_refused_before_anybody_is_asked(
    shop: Shop, words: tuple[str, ...], said: str
) -> None:
    assert said in shop.refusal("penalty", *words, code=2)
