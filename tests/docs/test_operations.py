"""What the operator is told to look for is what the service says."""

import re

import pytest

from imgsvc.pressure.levels import SystemStatus
from imgsvc.services import health
from imgsvc.settings import Settings
from imgsvc.stream.spoolfile import no_room
from tests.support.markdown import ROOT, pages

PAGE = (ROOT / "docs" / "operations.md").read_text()
SETTING = re.compile(r"`((?:IMGSVC|S3|ASSETS|MEMORY|IMAGE|MAX_IMAGE)_[A-Z0-9_]*[A-Z0-9])\b")
SOURCES = "\n".join(path.read_text() for path in (ROOT / "imgsvc").rglob("*.py"))
LEAST_PIECE = 4
"""Characters; less than that is found anywhere."""


def part(heading: str) -> str:
    """Give the part of the page below a heading, up to the next."""
    return PAGE.split(f"### {heading}\n", 1)[1].split("\n##", 1)[0]


CELLS = re.findall(r"^\| (`.+?) \| ", part("Logs").partition("| line |")[2], re.MULTILINE)
"""What the log says, of the table of lines."""


def test_every_reason_of_health_is_explained():
    """Each reason that health can give has a row, and no other has one; the page and the service name one status."""
    phases = {phase.value for phase in health.Phase if phase is not health.Phase.READY}
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) ", part("Health"), re.MULTILINE))

    assert set(rows) == set(health.REASONS)
    assert {reason for reason, status in rows.items() if status == "503"} == phases | {"memory-critical"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page):
    """No page names a setting that the service does not have."""
    known = {name for name, _ in Settings().in_force()} | set(Settings.ALIASES) | set(SystemStatus)

    assert set(SETTING.findall(page.read_text())) <= known


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("docs/configuration.md", "| `IMGSVC_RATE_LIMIT` |"), ("docs/metrics.md", "| `imgsvc_limits_allowed_total` |"),
        ("docs/operations.md", "| `429 rate-limited` |"), ("deploy/env.example", "# COUNT/SECONDS"),
    ],
)  # fmt: skip
def test_logos_and_pages_are_limited_whosever_they_are(place, line):
    """Whatever says which fetches are counted does not promise that listing a host helps logos and pages."""
    found = [each for each in (ROOT / place).read_text().splitlines() if each.startswith(line)]

    assert len(found) == 1
    assert "logos and pages" in found[0]
    assert "not listed" not in found[0]


def test_a_refusal_for_want_of_a_spool_is_explained():
    """Its own words, and what they name, are among the causes of 503."""
    refusal = no_room()
    row = next(each for each in part("Requests are refused").splitlines() if "IMGSVC_SPOOL_DIR" in each)

    assert refusal.detail.startswith("There is no room for a large source")
    assert row.startswith('| `503 overloaded`, "no room for a large source" |')
    assert set(SETTING.findall(row)) == set(re.findall(r"IMGSVC_\w+", refusal.detail))


@pytest.mark.parametrize("line", [line for cell in CELLS for line in re.findall(r"`([^`]+)`", cell)])
def test_every_line_of_the_log_is_written_somewhere(line):
    """Each line that is explained is in the code, but for what stands for its values."""
    pieces = [piece for piece in re.split(r"\s*…\s*", line) if len(piece) >= LEAST_PIECE]
    assert pieces, "nothing of it is long enough to be looked for"
    for piece in pieces:
        written = re.escape(piece).replace(r"\ ", r"[\s\"f]+")
        assert re.search(written, SOURCES), piece


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_pages_and_headings(page):
    """Each link names a file that is there, and each to a part of a page a heading that is, as GitHub writes it."""
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text()):
        assert (page.parent / target).exists(), target
        if not anchor:
            continue
        headings = re.findall(r"^#+ (.+)$", (page.parent / target if target else page).read_text(), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in slugs, f"{target}#{anchor}"
