"""Sizes of icons."""

import pytest

from imgsvc.pages.sizes import ANY, MAX_SIZES, parse_sizes


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("32x32", ((32, 32),)), ("16X16  48x32\n16x16", ((16, 16), (48, 32))), ("any", (ANY,)),
        ("48x48 ANY", (ANY, (48, 48))),
        ("180x180px", ((180, 180),)), ("16x16,32x32", ((16, 16), (32, 32))), ("96 × 96", ((96, 96),)),
        ("", ()), ("0x0", ()), ("016x16", ()), ("192", ()), ("x", ()), ("-1x5", ((1, 5),)), ("123456x9", ()),
        ("١٦x١٦", ()),
    ],
)  # fmt: skip
def test_sizes(text, sizes):
    """Sizes are read in order, each once; what is none is passed over."""
    assert parse_sizes(text) == sizes


def test_sizes_are_bounded():
    """Of ten thousand sizes the first twenty are read."""
    assert len(parse_sizes(" ".join(f"{n}x{n}" for n in range(1, 10_000)))) == MAX_SIZES
