"""docs/who-may.md: its examples are read, and its tables are complete."""

import json
import re
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

from pdp.model.codes import Code
from pdp.model.identity import Caller, CallerKind
from pdp.policy.ram import MOST_CHARACTERS, parse_policy
from pdp.policy.ram_conditions import KINDS_BY_KEY
from pdp.server.audit import AuditDecision
from pdp.server.credentials import open_credentials, parse_entries
from tests.architecture.sources import ROOT
from tests.server.test_audit import entry
from tests.tools import find_tool

PAGE = (ROOT / "docs" / "who-may.md").read_text(encoding="utf-8")
TOKENS, POLICY, LINE = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_file_of_tokens_is_read() -> None:
    kinds = [known.caller.kind for known in parse_entries(TOKENS)]
    assert kinds == [CallerKind.ACCOUNT, CallerKind.USER, CallerKind.OPERATOR, CallerKind.AGENT]


def test_a_token_made_as_the_page_says_is_known(tmp_path: Path) -> None:
    find_tool("openssl")
    (block,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    made = subprocess.run(["bash", "-ec", block], cwd=tmp_path, capture_output=True, check=True, text=True)
    ops = {"sha256": made.stdout.split()[0], "kind": "operator", "name": "ops"}
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"version": 1, "tokens": [ops]}))
    token = (tmp_path / "alice.token").read_text().strip()
    metadata = [("authorization", f"Bearer {token}")]
    assert open_credentials(file).caller(metadata) == Caller(CallerKind.OPERATOR, name="ops")
    assert (tmp_path / "alice.token").stat().st_mode & 0o077 == 0


def test_the_token_that_is_shown_has_the_entry_that_is_shown() -> None:
    (token,) = re.findall(r"^  (pdp_\S+)$", PAGE, re.MULTILINE)
    (entry,) = re.findall(r"^  (\{\"sha256\".*\})$", PAGE, re.MULTILINE)
    assert json.loads(entry)["sha256"] == sha256(token.encode()).hexdigest()
    assert json.loads(entry) in json.loads(TOKENS)["tokens"]


def test_the_policy_is_read() -> None:
    assert [statement.denies for statement in parse_policy(POLICY).statements] == [False, False, True]
    assert f"{MOST_CHARACTERS:,} characters" in PAGE


def test_the_line_is_one_that_is_written() -> None:
    assert entry().line() == LINE.strip()


def test_every_key_decision_and_kind_of_caller_is_named() -> None:
    words: list[Any] = [*KINDS_BY_KEY, *(decision.value for decision in AuditDecision)]
    words += [kind.value for kind in CallerKind if kind not in (CallerKind.ROLE, CallerKind.ACCOUNT)]
    assert [word for word in words if word not in PAGE] == []
    assert json.loads(LINE)["decision"] == "committed"
    assert Code.UNAUTHENTICATED.name in PAGE
