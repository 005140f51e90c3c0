"""Claims about others say where they are from."""

import re

import pytest

from tests.support.markdown import ROOT

PAGE = (ROOT / "docs" / "comparison.md").read_text()
COLUMNS = 4
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for table in re.findall(r"where it says so \|\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE)
    for line in table.splitlines()
]


def test_it_is_dated_and_says_what_others_do_better():
    """The page has its month, and each part at least one row in which the other one is ahead."""
    assert re.search(r"^\*\w+ 20\d\d\.\*", PAGE, re.MULTILINE)
    for part in PAGE.split("\n## ")[2:]:
        assert "| better there" in part, part.partition("\n")[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0] + ": " + row[1][:30])
def test_each_claim_has_its_source(row):
    """Each row names both sides and links a public page."""
    assert len(row) == COLUMNS
    assert all(row)
    assert re.search(r"\]\(https://[^)]+\)", row[3])
