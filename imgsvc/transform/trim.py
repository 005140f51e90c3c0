"""Finding the border that ``trim`` cuts off."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct


class Box(Struct, frozen=True):
    """A rectangle in px; right and bottom lie outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In px."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In px."""
        return self.bottom - self.top

    def cut(self, image: Any) -> Any:
        """Give the part of *image* that lies inside."""
        return image.crop(self.left, self.top, self.width, self.height)


def content_box(frames: Iterable[Any], tolerance: int) -> Box | None:
    """
    Find what all frames together show inside their border.

    Args:
        frames: oriented 8-bit pictures of one size, in memory.
        tolerance: 1-100, how far from the colour of the top left pixel a border may stray, of 255.

    Returns:
        None when there is no border, or nothing but border.
    """
    frames = list(frames)
    boxes = [box for frame in frames for box in _boxes(frame, tolerance)]
    if not boxes:
        return None
    found = Box(
        min(b.left for b in boxes), min(b.top for b in boxes), max(b.right for b in boxes), max(b.bottom for b in boxes)
    )
    return None if found == Box(0, 0, frames[0].width, frames[0].height) else found


def _boxes(image: Any, tolerance: int) -> Iterable[Box]:
    """Look at colours and at transparency apart: either may tell content from border."""
    corner = image(0, 0)
    if not image.hasalpha():
        yield from _found(image, corner, tolerance)
        return
    yield from _found(image.flatten(background=corner[:-1]), corner[:-1], tolerance)
    # As a picture of its own, without the tag that would make libvips treat it as colour.
    yield from _found(image[-1].copy(interpretation="b-w"), corner[-1:], tolerance)


def _found(image: Any, corner: list[float], tolerance: int) -> Iterable[Box]:
    # As line art: the median filter that libvips would run first takes thirteen times as long and eats thin lines.
    left, top, width, height = image.find_trim(threshold=tolerance, background=corner, line_art=True)
    if width and height:
        yield Box(left, top, left + width, top + height)
