"""What is said of a figure."""

import pytest

from bench.figures import at_least, at_most, dumped, loaded


@pytest.mark.parametrize(
    ("figure", "holds"),
    [
        (at_most("a", 1.3, 1.3), True),
        (at_most("a", 1.3001, 1.3), False),
        (at_least("a", 3, 3), True),
        (at_least("a", 2.9999, 3), False),
        (at_most("a", float("nan"), 1), False),
        (at_least("a", float("nan"), 1), False),
    ],
)
def test_the_limit_itself_holds(figure, holds: bool) -> None:
    """A limit is kept by itself, on its own side only, and never by what is not a number."""
    assert figure.holds is holds


def test_a_figure_says_all_of_itself() -> None:
    """As a line it has name, value, limit and unit, and whether it holds."""
    assert str(at_most("card, CPU", 51.23, 60, "ms", digits=1)) == "  card, CPU: 51.2 ms (at most 60.0 ms: ok)"
    assert str(at_least("hits by nginx's", 0.5, 0.7)) == "  hits by nginx's: 0.50 (at least 0.70: not reached)"


def test_lines_and_figures_pass_between_processes() -> None:
    """What one process writes another reads, lines as lines and figures as figures."""
    lines = ["a line", at_least("a", 1.23456789, 2, "MiB", digits=0), at_most("b", 1, 2)]
    assert loaded(dumped(lines)) == lines
