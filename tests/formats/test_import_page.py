"""docs/import.md: its file of rules is read, and it names keys and messages as they are."""

import re
from pathlib import Path

from pdp.formats import bundle_writer
from pdp.formats.rule_files import PERMISSION_KEYS, SHOWN_KEYS, read_rules_csv

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "import.md").read_text(encoding="utf-8")


def test_the_file_of_rules_is_read() -> None:
    (block,) = re.findall(r"^```csv\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    rows = read_rules_csv(block)
    assert [row.fault for row in rows] == ["", ""]
    assert [row.permission["Policy"] for row in rows if row.permission] == ["Accept", "Drop"]


def test_the_page_names_every_key_of_a_file_of_rules() -> None:
    assert [key for key in (*PERMISSION_KEYS, *SHOWN_KEYS) if not re.search(rf"\b{key}\b", PAGE)] == []


def test_the_page_quotes_messages_as_they_are() -> None:
    source = Path(bundle_writer.__file__).read_text(encoding="utf-8")
    rows = PAGE.split("| the message says | do |")[1].split("\n\n")[0].splitlines()[2:]
    quoted = [text for row in rows for text in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(quoted) == 3
    assert [text for text in quoted if text not in source] == []
