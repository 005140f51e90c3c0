"""What ``warm`` reads, what its lines ask for, and what it notes."""

import resource
from urllib.parse import parse_qs

import pytest

from imgsvc.commands.lines import Plan, StateError, Warmed, read_lines

URL = "https://a.test/x.png?b=1&c=%20#d"


def test_lines_that_name_something():
    """Space around, empty lines, comments and repetitions say nothing; a fragment is no comment."""
    lines = ["# a comment\n", "\n", "  a.test \r\n", f"{URL}\n", "a.test\n", "   #b.test\n", "c.test"]

    assert read_lines(lines) == ("a.test", URL, "c.test")


def asked(plan: Plan, line: str) -> list[dict[str, str]]:
    return [{name: value for name, [value] in parse_qs(query).items()} for query in plan.queries(line)]


def test_a_url_is_asked_for_as_it_is_and_in_each_width_and_format():
    """The original comes first; a URL of any spelling goes through whole."""
    plan = Plan(widths=(10, 20), formats=("auto", "png"))

    assert asked(Plan(), URL) == [{"url": URL, "f": "original"}]
    assert asked(plan, "HTTP://a.test/") == [
        {"url": "HTTP://a.test/", "f": "original"},
        *({"url": "HTTP://a.test/", "w": w, "f": f} for w in ("10", "20") for f in ("auto", "png")),
    ]


def test_a_domain_is_asked_for_in_each_size_and_theme():
    """Everything that is no http(s) URL is a domain; nothing stands in for its logo."""
    plan = Plan(widths=(10,), sizes=(16, 32), themes=("none", "dark"))

    assert asked(plan, "a.test") == [
        {"website": "a.test", "size": size, "theme": theme, "fallback": "404", "f": "auto"}
        for size in ("16", "32")
        for theme in ("none", "dark")
    ]


def test_done_means_all_that_the_plan_makes_of_a_line():
    """Another width, size, theme or format is another entry, but only for the lines it says something about."""
    plans = [Plan(), Plan(widths=(1,)), Plan(sizes=(16,)), Plan(themes=("dark",)), Plan(formats=("png",))]

    assert len({plan.entry(URL) for plan in plans}) == 2
    assert len({plan.entry("a.test") for plan in plans}) == 4
    assert Plan(widths=(1,)).entry(URL) != Plan(widths=(1,), formats=("png",)).entry(URL)


def test_entries_are_there_as_soon_as_they_are_added(tmp_path):
    """Whatever ends the process, what was noted before stays noted; a second run finds it, and adds."""
    path = tmp_path / "l.warmed"
    with Warmed(path) as warmed:
        warmed.add("a")
        assert path.read_text() == "a\n"
    with Warmed(path) as warmed:
        assert "a" in warmed.entries
        warmed.add("a")
        warmed.add("ö")

    assert path.read_text("utf-8") == "a\nö\n"


def test_an_entry_cut_off_in_the_middle_is_none(tmp_path):
    """What a killed process had half written is not taken for done, and does not spoil the next entry."""
    path = tmp_path / "l.warmed"
    path.write_text("a\nb-and-more"[:5])
    with Warmed(path) as warmed:
        assert "b-and-more" not in warmed.entries
        warmed.add("c")

    assert path.read_text().splitlines() == ["a", "b-a", "c"]


def test_without_a_file_nothing_is_remembered():
    """Standard input has no name that a list could be kept under."""
    with Warmed(None) as warmed:
        warmed.add("a")

        assert not warmed.entries


def test_a_file_that_cannot_be_used(tmp_path):
    """The error names the file, whether it is no text or its folder is missing."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    for path in (tmp_path / "binary", tmp_path / "no" / "folder"):
        with pytest.raises(StateError, match=path.name), Warmed(path):
            pass


def test_an_entry_that_cannot_be_written(tmp_path):
    """It is an error, as on a disk that is full, and not a line that is lost in silence."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Warmed(tmp_path / "l.warmed") as warmed:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            with pytest.raises(StateError, match=r"l\.warmed: cannot be written: File too large"):
                warmed.add("a")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
