"""What a person sees of a search and of progress."""

import io
import logging

import pytest
from rich.console import Console

from imgsvc.commands import terminal

CHOSEN = {
    "url": "https://a.test/i.png", "source": "apple-touch-icon", "class": "page", "declared_size": 180,
    "declared_type": None, "purpose": [], "scheme": None, "width": 180.0, "height": 90.5, "format": "png",
    "score": 55.5, "points": {"size": 40, "scheme": -4.5}, "rejected": None, "chosen": True,
}  # fmt: skip
REJECTED = CHOSEN | {
    "declared_size": None, "width": None, "height": None, "format": None, "score": None, "points": {},
    "rejected": "unreachable", "chosen": False,
}  # fmt: skip
EXPLAINED = {
    "domain": "a.test", "size": 64, "chosen": CHOSEN["url"], "searched": "2026-01-01T00:00:00Z",
    "fresh_until": "2026-01-31T00:00:00Z", "candidates": [CHOSEN, REJECTED],
}  # fmt: skip


def test_a_row_says_what_was_promised_what_is_and_why():
    """The one chosen is marked, points have their reasons, and a rejected one has its own instead."""
    assert terminal.candidate_rows(EXPLAINED) == [
        ("1", "apple-touch-icon", "180", "180 x 90.5", "png", "55.5", "chosen: size +40, scheme -4.5", CHOSEN["url"]),
        ("2", "apple-touch-icon", "-", "-", "-", "-", "rejected: unreachable", CHOSEN["url"]),
    ]


def test_what_is_no_terminal_gets_plain_columns(capsys):
    """Columns begin at the same place in each line, nothing is cut or coloured."""
    terminal.show_candidates(EXPLAINED)

    head, names, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("a.test at 64 px: 2 candidates, searched 2026-01-01")
    assert names.split() == list(terminal.HEADS)
    assert {row.index("https://") for row in rows} == {names.index("URL")}
    assert "\x1b" not in head + names + "".join(rows)


def test_a_company_of_no_domain(capsys):
    """Where there was nothing to search, that is said."""
    terminal.show_candidates({"domain": None, "size": 64, "candidates": []})

    assert capsys.readouterr().out.splitlines() == ["no domain is known for this name", "  ".join(terminal.HEADS)]


@pytest.mark.parametrize(("total", "lines"), [(1, 0), (5, 4), (20, 19), (21, 10), (1000, 19)])
def test_progress_without_a_terminal_is_a_few_lines(total, lines):
    """At most twenty, none of them the last: that is the summary's."""
    out = io.StringIO()
    with terminal.counting(Console(file=out), total) as count:
        for n in range(total):
            count(n // 2)

    assert len(out.getvalue().splitlines()) == lines
    assert not lines or out.getvalue().startswith(f"{-(-total // 20)} of {total}, ")


def test_only_warnings_are_shown_and_only_meanwhile():
    """Log lines below a warning stay away from the terminal, markup in others is text; afterwards all is as it was."""
    out = io.StringIO()
    log, root = logging.getLogger("imgsvc.test"), logging.getLogger()
    before = root.level, root.handlers[:]
    with terminal.warnings_on(Console(file=out)):
        log.info("hush")
        log.warning("a [b] c")

    assert out.getvalue() == "imgsvc: imgsvc.test: a [b] c\n"
    assert (root.level, root.handlers[:]) == before
