"""All parts are run whatever becomes of one, and summed up."""

import sys
from types import ModuleType

import pytest
from click.testing import CliRunner

from bench.__main__ import PARTS, main
from bench.figures import at_least, at_most
from tests.support.tools import require_tool


@pytest.fixture
def parts(monkeypatch):
    """Put what a function gives in the place of a part of the bench."""

    def put(name: str, measured) -> None:
        async def measure():
            return measured()

        module = ModuleType(name)
        module.measure = measure
        monkeypatch.setitem(sys.modules, f"bench.{name}", module)

    return put


def fails():
    raise RuntimeError("the server closed")


def run(*arguments: str):
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def last_rows(output: str) -> list[list[str]]:
    """Split the summary's rows where at least two blanks are."""
    _, _, table = output.rpartition("holds")
    return [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in table.splitlines() if row.strip()]


def test_the_end_sums_up_what_has_a_limit(parts) -> None:
    """Lines are printed where they are found, figures there and in the table at the end."""
    parts("hits", lambda: ["26000/s", at_least("hits by the bare handler's", 3.2, 3)])
    parts("vision", lambda: [at_most("analysis", 16, 15, "ms")])
    result = run("hits", "vision")
    assert result.output.index("26000/s") < result.output.index("  hits by the bare handler's: 3.20")
    assert last_rows(result.stdout) == [
        ["hits", "hits by the bare handler's", "3.20", "at least 3.00", "ok"],
        ["vision", "analysis", "16.00 ms", "at most 15.00 ms", "not reached"],
    ]


def test_one_that_fails_costs_no_other(parts, monkeypatch) -> None:
    """A failure, and a program that is not installed, are rows of the table, and what comes after them is measured."""
    monkeypatch.setenv("CI", "")
    parts("hits", fails)
    parts("stale", lambda: [str(require_tool("no-such-program"))])
    parts("pages", lambda: [at_most("page", 1, 2)])
    assert last_rows(run("hits", "stale", "pages").stdout) == [
        ["hits", "RuntimeError: the server closed", "failed"],
        ["stale", "no-such-program is not installed", "left out"],
        ["pages", "page", "1.00", "at most 2.00", "ok"],
    ]


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        (lambda: ["a line", at_most("a", 1, 2)], 0),
        (lambda: ["a line"], 0),
        (lambda: [at_most("a", 3, 2)], 1),
        (fails, 1),
    ],
)
def test_strictly_the_exit_code_says_it(parts, measured, code: int) -> None:
    """With --strict a limit that is not reached and a part that fails are an exit code, without it they are not."""
    parts("hits", measured)
    assert (run("hits").exit_code, run("hits", "--strict").exit_code) == (0, code)


def test_all_parts_run_unless_some_are_named(parts) -> None:
    """Without a name every part is run, in the order of the list."""
    seen: list[str] = []
    for name in PARTS:
        parts(name, lambda name=name: seen.append(name) or [])
    assert run().exit_code == 0
    assert seen == list(PARTS)


def test_a_part_that_is_none_is_refused() -> None:
    """A name that is no part is an error before anything is measured."""
    assert run("hit").exit_code == 2
