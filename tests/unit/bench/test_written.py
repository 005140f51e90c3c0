"""Pages that benches write."""

from pathlib import Path

from bench.written import Page, Part


async def nothing(_folder):
    return []


def test_a_page_has_the_parts_with_their_charts():
    """Lines stand as they are below their heading, charts after them, with what is seen on each."""
    parts = {"a": Part("First", nothing), "b": Part("Second", nothing, [("b.svg", "Rates by size")])}
    page = Page(Path("docs/x.md"), Path("docs/x"), "# X\n\n", parts)

    text = page.text("Measured today.", {"a": ["one", "two"], "b": ["three"]})

    assert text == (
        "# X\n\nMeasured today.\n\n## First\n\n```text\none\ntwo\n```\n"
        "\n## Second\n\n```text\nthree\n```\n\n![Rates by size](x/b.svg)\n"
    )
