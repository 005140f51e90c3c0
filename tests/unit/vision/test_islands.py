"""Which ink lies in the middle of colour that stays."""

import pytest
import pyvips

from imgsvc.vision.islands import Islands

MARKS = {".": (0, 0), "o": (255, 0), "#": (255, 255)}


def drawn(*rows: str) -> tuple[pyvips.Image, pyvips.Image]:
    """What is visible and what would move: a dot is transparent, an o visible and stays, a # visible and moves."""
    bands = (bytes(MARKS[mark][band] for row in rows for mark in row) for band in (0, 1))
    visible, moves = (pyvips.Image.new_from_memory(each, len(rows[0]), len(rows), 1, "uchar") for each in bands)
    return visible, moves


def held(*rows: str) -> list[list[str]]:
    """What may stay, marked h, each time."""
    islands = Islands.of(*drawn(*rows))
    if islands is None:
        return []
    found = (bytes(mask.write_to_memory()) for mask in islands.held())
    width = len(rows[0])
    return [
        ["".join("h" if value else "." for value in each[at : at + width]) for at in range(0, len(each), width)]
        for each in found
    ]


def test_a_glyph_inside_stays_and_a_word_beside_does_not() -> None:
    """What touches only colour that stays is held; what touches transparency is not."""
    assert held(
        ".........",
        ".ooooo.#.",
        ".o##oo.#.",
        ".oo#oo.#.",
        ".ooooo...",
    ) == [[".........", ".........", "..hh.....", "...h.....", "........."]]  # fmt: skip


def test_a_glyph_that_runs_to_the_edge_is_held_at_first() -> None:
    """A quarter of the border may be open; then only what is enclosed wholly is held."""
    assert held(
        "ooooooo",
        "oo#oo#o",
        "oo#oooo",
        "oo#oooo",
        "oo#oooo",
        ".......",
    ) == [
        [".......", "..h..h.", "..h....", "..h....", "..h....", "..h...."],
        [".......", ".....h.", ".......", ".......", ".......", "......."],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        (".....", ".###.", "....."),
        (".....", ".ooo.", ".###.", "....."),
        (".oo.##.",),
        (".......", ".#####.", ".#ooo#.", ".#####.", "......."),
    ],
    ids=["a word", "a stripe", "a word beside an icon", "a rim"],
)
def test_what_meets_the_page_is_not_held(rows) -> None:
    """A stripe of a flag, a rim around an icon, and what touches nothing that stays have to be moved."""
    assert held(*rows) == []


def test_corners_do_not_connect() -> None:
    """Parts that meet at a corner are two."""
    assert held("oooo", "o#oo", "oo#.", "oooo") == [["....", ".h..", "....", "...."]]


def test_a_faint_edge_goes_with_its_glyph() -> None:
    """Pixels too faint to be visible, beside a glyph that is held, are held with it."""
    visible, moves = drawn("ooooo", "oo#oo", "oo#oo", "oo#oo", ".....")
    (mask, *_) = Islands.of(visible, moves).held()
    assert mask(2, 4) == [255]
    assert mask(1, 4) == mask(3, 4) == [0]


def test_specks_are_left_alone() -> None:
    """More parts than 16,384 are no logo's."""
    visible = (pyvips.Image.black(600, 600) + 255).cast("uchar")
    places = pyvips.Image.xyz(600, 600)
    checks = ((places[0] + places[1]) % 2 == 0).copy_memory()
    assert Islands.of(visible.copy_memory(), checks) is None
