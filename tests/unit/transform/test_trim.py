"""Borders."""

import pytest

from imgsvc.transform.trim import Box, content_box
from tests.support import pictures


@pytest.mark.parametrize("border", [(255, 255, 255), (0, 0, 0), (0, 0, 0, 0), (10, 20, 30, 255)])
def test_a_border_is_found(border) -> None:
    """A border of one colour or of nothing is told from what it surrounds."""
    assert content_box([pictures.framed(border=border)], 10) == Box(10, 20, 50, 40)


def test_black_on_transparent_black_is_found() -> None:
    """Transparency alone tells content from border."""
    image = pictures.filled((0, 0, 0, 0), 30, 30).insert(pictures.filled((0, 0, 0, 255), 10, 10), 5, 5)
    assert content_box([image], 10) == Box(5, 5, 15, 15)


def test_the_tolerance_counts() -> None:
    """A border may stray from its colour by the tolerance, and no further."""
    image = pictures.filled((100, 100, 100), 40, 40).insert(pictures.filled((120, 120, 120), 20, 20), 10, 10)
    assert content_box([image], 10) == Box(10, 10, 30, 30)
    assert content_box([image], 30) is None


def test_nothing_but_border_is_left_alone() -> None:
    """A picture of one colour has nothing that could be kept."""
    assert content_box([pictures.filled(pictures.RED, 20, 20)], 10) is None


def test_no_border_is_no_box() -> None:
    """A picture that reaches its edges needs no cut."""
    assert content_box([pictures.quarters()], 10) is None


def test_frames_share_one_box() -> None:
    """What any frame shows is kept in all of them."""
    first = pictures.framed()
    assert content_box([first, first.rot180()], 10) == Box(10, 20, 70, 40)
