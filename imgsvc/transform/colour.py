"""Every colour space there is, to 8-bit sRGB or grey."""

from contextlib import suppress
from typing import Any

import pyvips

_PROFILE = "icc-profile-data"
# Channels without alpha; one more is alpha, and what comes after that is nothing a browser shows.
_CHANNELS = {"srgb": 3, "b-w": 1}
_GREY = ("b-w", "grey16")
_TAG_COUNT_AT = 128
_TAG_BYTES = 12


def is_plain_srgb(image: Any) -> bool:
    """Whether the pixels are 8-bit sRGB or grey already: tagged so, or not tagged at all."""
    return image.format == "uchar" and not _extra_bands(image) and not _needs_profile(image)


def to_srgb(image: Any) -> Any:
    """
    Convert to 8-bit sRGB, or grey where the picture is grey; alpha stays.

    An embedded profile is obeyed. One that makes no sense is passed over, as browsers do. CMYK without a profile
    goes through libvips' own.
    """
    if is_plain_srgb(image):
        return image
    if _needs_profile(image):
        with suppress(pyvips.Error):
            image = image.icc_transform("srgb", embedded=True)
    if image.interpretation not in _CHANNELS or image.format != "uchar":
        image = image.colourspace("b-w" if image.interpretation in _GREY else "srgb")
    if _extra_bands(image):
        # Which of them is alpha, if any, is not known.
        image = image.extract_band(0, n=_CHANNELS[image.interpretation])
    return image.cast("uchar")


def _extra_bands(image: Any) -> bool:
    """Whether there is more than colour and alpha; also for colour spaces that are not plain."""
    return bool(image.bands > _CHANNELS.get(image.interpretation, -1) + 1)


def _needs_profile(image: Any) -> bool:
    return bool(image.get_typeof(_PROFILE)) and not is_srgb_profile(image.get(_PROFILE))


def is_srgb_profile(profile: bytes) -> bool:
    """
    Whether an ICC profile calls itself sRGB, so that converting from it would only cost time.

    The name is in the ``desc`` tag (ICC.1:2022 §7.3, §9.2.41), as ASCII in version 2 and UTF-16 in version 4.
    """
    count = int.from_bytes(profile[_TAG_COUNT_AT : _TAG_COUNT_AT + 4], "big")
    table = profile[_TAG_COUNT_AT + 4 : _TAG_COUNT_AT + 4 + min(count, 100) * _TAG_BYTES]
    for at in range(0, len(table), _TAG_BYTES):
        if table[at : at + 4] == b"desc":
            start = int.from_bytes(table[at + 4 : at + 8], "big")
            length = int.from_bytes(table[at + 8 : at + 12], "big")
            return b"sRGB" in profile[start : start + length].replace(b"\0", b"")
    return False
