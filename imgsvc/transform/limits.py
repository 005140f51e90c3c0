"""How large a picture may be, known before a pixel of it is."""

from msgspec import Struct

from imgsvc.errors import ImageTooLarge

MAX_FRAMES = 10_000
"""Of an animation of any format, to be opened at all: five minutes of a film. A WebP of 60,000, of 2.7 MB, took the
thread that looks at newcomers, which nobody can stop, half a minute, and one of 800,000 hours."""


class Limits(Struct, frozen=True):
    """
    The largest pictures that are decoded.

    Attributes:
        max_pixels: of a still, or of one frame.
        max_animation_pixels: of all frames of an animation together.
        max_frames: of an animation.
        max_side_px: width or height of a still, or of one frame.
    """

    max_pixels: int
    max_animation_pixels: int
    max_frames: int
    max_side_px: int


def check_size(width: float, height: float, limits: Limits) -> None:
    """
    Refuse a still, or one frame, that is too large to decode.

    Raises:
        ImageTooLarge: a side or the area, in px, is above its limit.
    """
    if max(width, height) > limits.max_side_px:
        raise ImageTooLarge(f"The picture has a side of more than {limits.max_side_px} pixels.", param="url")
    if width * height > limits.max_pixels:
        raise ImageTooLarge(f"The picture has more than {limits.max_pixels} pixels.", param="url")
