"""Digest, normal form and perceptual hash."""

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.vision.fingerprint import (
    SIDE_PX,
    digest,
    distance,
    likeness,
    normal_forms,
    perceptual_hash,
    shape,
)
from imgsvc.vision.pixels import Pixels

SHAPES = st.binary(min_size=SIDE_PX**2, max_size=SIDE_PX**2)


def drawn(colour, background, side_px=60):
    """Draw an L in *colour* on *background*, both RGBA."""
    image = pyvips.Image.black(side_px, side_px, bands=4) + list(background)
    unit = side_px // 6
    image = image.draw_rect(list(colour), unit, unit, unit, 4 * unit, fill=True)
    image = image.draw_rect(list(colour), unit, 4 * unit, 3 * unit, unit, fill=True)
    return Pixels.of(image.cast("uchar").copy(interpretation="srgb"))


BLACK, WHITE, GREY, NOTHING = (0, 0, 0, 255), (255, 255, 255, 255), (128, 128, 128, 255), (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("colour", "background"),
    [
        (WHITE, NOTHING),
        (GREY, NOTHING),
        (BLACK, WHITE),
        (WHITE, BLACK),
        (GREY, WHITE),
        ((255, 0, 0, 255), (0, 0, 99, 255)),
    ],
)
@pytest.mark.parametrize("side_px", [24, 60, 240])
def test_colours_and_size_do_not_matter(colour, background, side_px):
    """The normal form is that of black on nothing, whatever is ink and whatever is ground."""
    expected = next(normal_forms(drawn(BLACK, NOTHING)))
    found = next(normal_forms(drawn(colour, background, side_px)))
    assert likeness(shape(found), shape(expected)) > 0.98
    assert distance(perceptual_hash(found), perceptual_hash(expected)) <= 4


def test_nothing_has_no_normal_form():
    """A blank picture shows nothing to compare."""
    assert list(normal_forms(drawn(WHITE, WHITE))) == []


def test_hidden_colour_is_not_in_the_digest():
    """What alpha 0 hides changes nothing; what is seen, and the size, do."""
    hidden = digest(drawn(BLACK, (255, 0, 0, 0)))
    assert hidden == digest(drawn(BLACK, NOTHING))
    assert hidden != digest(drawn(BLACK, (255, 0, 0, 1)))
    assert digest(drawn(BLACK, BLACK, 60)) != digest(drawn(BLACK, BLACK, 66))


@settings(max_examples=50, deadline=None)
@given(one=SHAPES, other=SHAPES)
def test_hash_and_likeness_are_in_range(one, other):
    """Whatever the values, a hash has 64 bits, and distance and likeness are symmetric and in their ranges."""
    first, second = perceptual_hash(one), perceptual_hash(other)
    assert 0 <= first < 2**64
    assert 0 <= distance(first, second) == distance(second, first) <= 64
    assert 0 <= likeness(shape(one), shape(other)) <= 1
    assert distance(first, first) == 0


@settings(max_examples=30, deadline=None)
@given(width=st.integers(1, 70), height=st.integers(1, 70), seed=st.integers(0, 9))
def test_any_size_has_forms_of_one_size(width, height, seed):
    """Any picture, a single pixel or a line too, gives normal forms of 256 values, the same each time."""
    noise = pyvips.Image.gaussnoise(width, height, sigma=80, mean=128, seed=seed).cast("uchar")
    pixels = Pixels.of(noise.copy(interpretation="b-w"))
    forms = list(normal_forms(pixels))
    assert all(len(form) == SIDE_PX**2 for form in forms)
    assert forms == list(normal_forms(pixels))
