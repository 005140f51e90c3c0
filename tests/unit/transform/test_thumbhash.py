"""The ThumbHash encoder against hashes of the published encoder, and its shape under random pictures."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.transform.thumbhash import encode


def gradient(width, height, *, has_alpha):
    """Red across, green down, blue in waves, alpha along the diagonal."""
    return bytes(
        value
        for y in range(height)
        for x in range(width)
        for value in (
            x * 255 // (width - 1),
            y * 255 // (height - 1),
            (x * y) % 256,
            (x + y) * 255 // (width + height - 2) if has_alpha else 255,
        )
    )


@pytest.mark.parametrize(
    ("width", "height", "has_alpha", "expected"),
    [
        (12, 8, False, "57fb0d2d9e8087878088888888788888806008f878"),
        (8, 12, True, "dbeb85130e2790c1a77788a0a10be95873877088877887"),
        (5, 5, False, "d50b0e3f2080877880887888887888888878070887808f07"),
    ],
)
def test_hash_is_that_of_the_published_encoder(width, height, has_alpha, expected):
    """Landscape, portrait with alpha and square give the bytes the published algorithm gives."""
    assert encode(width, height, gradient(width, height, has_alpha=has_alpha)).hex() == expected


def test_flat_colour_is_all_in_the_header():
    """A picture of one colour has its mean in the header and no waves."""
    hashed = encode(4, 4, bytes((255, 255, 255, 255)) * 16)
    header = int.from_bytes(hashed[:3], "little")
    assert (header & 63, header >> 6 & 63, header >> 12 & 63, header >> 18 & 31, header >> 23) == (63, 32, 32, 0, 0)


@pytest.mark.parametrize(("width", "height", "rgba"), [(0, 1, b""), (101, 1, bytes(404)), (2, 2, bytes(15))])
def test_wrong_sides_are_refused(width, height, rgba):
    """More than 100 pixels a side, or bytes that do not fit, are the caller's mistake."""
    with pytest.raises(ValueError, match="100 pixels"):
        encode(width, height, rgba)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), width=st.integers(1, 12), height=st.integers(1, 12), opaque=st.booleans())
def test_any_picture_has_a_hash_of_the_right_shape(data, width, height, opaque):
    """Whatever the pixels, the hash is short and says whether there is alpha and which side is longer."""
    rgba = bytearray(data.draw(st.binary(min_size=width * height * 4, max_size=width * height * 4)))
    if opaque:
        rgba[3::4] = b"\xff" * (width * height)
    hashed = encode(width, height, bytes(rgba))
    assert 5 < len(hashed) <= 25
    assert bool(hashed[2] & 0x80) == any(byte != 255 for byte in rgba[3::4])
    assert bool(hashed[4] & 0x80) == (width > height)
