"""The summary of ``warm``."""

from imgsvc.commands.tally import MOST_FAILURES_SHOWN, Failure, Tally


def test_counts_and_failures_by_code():
    """The counts come first, then codes, the most frequent first, each with its lines."""
    tally = Tally(skipped=3)
    for line, failure in (
        ("a", None),
        ("b", Failure("y", "Why.")),
        ("c", Failure("x", "X.")),
        ("d", Failure("x", "Z.")),
    ):
        tally.add(line, failure)

    assert list(tally.summary(is_whole=True)) == [
        "1 done, 3 skipped, 3 failed", "x: 2", "  c: X.", "  d: Z.", "y: 1", "  b: Why.",
    ]  # fmt: skip


def test_no_more_than_twenty_failures_are_shown():
    """The rest is a number; every code is still there with its own."""
    tally = Tally()
    for n in range(30):
        tally.add(f"{n}.test", Failure("x" if n < 19 else "y", "No."))
    lines = list(tally.summary(is_whole=True))

    assert [line for line in lines if not line.startswith("  ")] == [
        "0 done, 0 skipped, 30 failed",
        "x: 19",
        "y: 11",
        "and 10 more",
    ]
    assert sum(line.startswith("  ") for line in lines) == MOST_FAILURES_SHOWN


def test_an_interruption_is_said():
    """Counts of a run that did not come to its end are not taken for all."""
    assert list(Tally(done=2).summary(is_whole=False)) == ["interrupted: 2 done, 0 skipped, 0 failed"]


def test_lines_cannot_steer_the_terminal():
    """What a file has in it is shown without control characters."""
    tally = Tally()
    tally.add("a\x1b[2Jb.test", Failure("x", "No."))

    assert "  a?[2Jb.test: No." in tally.summary(is_whole=True)


def test_all_failures_for_programs():
    """Nothing is cut there, and texts are as they were."""
    tally = Tally(skipped=1)
    for n in range(30):
        tally.add(f"{n}\x1b", Failure("x", "No."))

    facts = tally.facts(is_whole=False)
    assert (facts["done"], facts["skipped"], facts["failed"], facts["interrupted"]) == (0, 1, 30, True)
    assert facts["failures"][29] == {"line": "29\x1b", "code": "x", "detail": "No."}
