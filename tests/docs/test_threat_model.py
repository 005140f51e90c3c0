"""The threat model's claims lead to tests that are there."""

import re

import pytest

from tests.support.markdown import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text()
KINDS = "STRIDE"
COLUMNS = 4

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for table in re.findall(r"^\| threat \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    for line in table.splitlines()
]


def test_each_subsystem_has_threats_of_all_kinds():
    """The page is not empty, and no kind of threat was forgotten."""
    assert {kind for row in ROWS for kind in row[1].split(", ")} == set(KINDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_mitigation_is_shown_by_tests_that_exist(row):
    """A row has a threat, its kind, what stands against it, and files of tests."""
    assert len(row) == COLUMNS
    assert all(row)
    files = re.findall(r"`([^`]+)`", row[3])
    assert files
    for name in files:
        assert name.startswith("tests/")
        assert (ROOT / name).is_file(), name
