"""The product's error codes."""

import re
from pathlib import Path

from pdp.model.codes import Code

SEMANTICS = Path(__file__).parents[2] / "docs" / "semantics.md"


def test_every_code_that_the_semantics_name_can_be_raised() -> None:
    """§5.6."""
    text = SEMANTICS.read_text(encoding="utf-8")
    clause = text[text.index("- 5.6 ") : text.index("## 6.")]
    named = set(re.findall(r"`([A-Za-z]+(?:\.[A-Za-z]+)?)`", clause))
    assert len(named) >= 20
    assert named <= {code.value for code in Code}
