"""How large a picture becomes and which part of it stays: pure arithmetic, no pixels."""

import math

from msgspec import Struct

from imgsvc.model.spec import Fit, Gravity, TransformSpec


class Size(Struct, frozen=True):
    """Width and height in px, 1 at least."""

    width: int
    height: int

    @classmethod
    def rounded(cls, width: float, height: float) -> "Size":
        """Take the nearest whole sizes, halves upwards."""
        return cls(max(1, math.floor(width + 0.5)), max(1, math.floor(height + 0.5)))

    @property
    def pixels(self) -> int:
        """The area in px."""
        return self.width * self.height

    @property
    def longest_px(self) -> int:
        """The longer side in px."""
        return max(self.width, self.height)

    def swapped(self, swap: bool) -> "Size":  # noqa: FBT001 - reads as "swapped if"
        """Exchange the sides where *swap* says so: what a quarter turn does."""
        return Size(self.height, self.width) if swap else self

    def floored(self, factor: float) -> "Size":
        """Shrink by *factor*, 0-1, down to whole pixels."""
        return Size(max(1, math.floor(self.width * factor)), max(1, math.floor(self.height * factor)))


class Geometry(Struct, frozen=True):
    """
    The three sizes of a resize.

    Attributes:
        scaled: what the whole picture is resized to.
        window: what is kept of it; smaller than *scaled* only with COVER.
        canvas: what that is laid on, in its middle; larger than *window* only with CONTAIN. The size of the answer.
    """

    scaled: Size
    window: Size
    canvas: Size

    @classmethod
    def plain(cls, size: Size) -> "Geometry":
        """Keep everything, add nothing."""
        return cls(size, size, size)

    def shrunk(self, factor: float) -> "Geometry":
        """Make all of it smaller by *factor*, 0-1; above 1 nothing changes."""
        if factor >= 1:
            return self
        return Geometry(self.scaled.floored(factor), self.window.floored(factor), self.canvas.floored(factor))

    @property
    def most_pixels(self) -> int:
        """The larger of what has to be computed and what is answered, in px."""
        return max(self.scaled.pixels, self.canvas.pixels)

    def bounded(self, max_side_px: int, max_pixels: int) -> "Geometry":
        """
        Shrink, ratio kept, until the answer has no longer side, and nothing more pixels, than these.

        Only what is enlarged comes near *max_pixels*, the limit for sources.
        """
        return self.shrunk(min(max_side_px / self.canvas.longest_px, math.sqrt(max_pixels / self.most_pixels)))


def geometry(width: float, height: float, spec: TransformSpec, *, enlarge: bool) -> Geometry:
    """
    Lay a picture into the box of *spec*.

    Args:
        width: of the picture in px, after orientation and rotation; a drawing's need not be whole.
        height: likewise.
        spec: its ``width``, ``height`` and ``fit`` count.
        enlarge: whether the picture may grow. If not, the box first shrinks, ratio kept, until the picture fills it;
            CONTAIN keeps its box and gets wider bars.
    """
    if spec.width is None or spec.height is None:
        return Geometry.plain(_one_side(width, height, spec, enlarge=enlarge))
    box = Size(spec.width, spec.height)
    across, down = box.width / width, box.height / height
    match spec.fit:
        case Fit.COVER:
            return _cover(width, height, _filled_box(width, height, box, enlarge=enlarge))
        case Fit.FILL:
            return Geometry.plain(_filled_box(width, height, box, enlarge=enlarge))
        case Fit.CONTAIN:
            inner = _scaled(width, height, min(across, down), enlarge=enlarge)
            return Geometry(inner, inner, box)
        case Fit.OUTSIDE:
            return Geometry.plain(_scaled(width, height, max(across, down), enlarge=enlarge))
        case Fit.INSIDE:
            return Geometry.plain(_scaled(width, height, min(across, down), enlarge=enlarge))


def _one_side(width: float, height: float, spec: TransformSpec, *, enlarge: bool) -> Size:
    """Hit the one side that was asked for, or keep the natural size."""
    if spec.width is not None:
        return _scaled(width, height, spec.width / width, enlarge=enlarge)
    if spec.height is not None:
        return _scaled(width, height, spec.height / height, enlarge=enlarge)
    return Size.rounded(width, height)


def _scaled(width: float, height: float, scale: float, *, enlarge: bool) -> Size:
    allowed = scale if enlarge else min(1.0, scale)
    return Size.rounded(width * allowed, height * allowed)


def _filled_box(width: float, height: float, box: Size, *, enlarge: bool) -> Size:
    """Shrink the box until the picture fills it."""
    scale = 1.0 if enlarge else min(1.0, width / box.width, height / box.height)
    return Size.rounded(box.width * scale, box.height * scale)


def _cover(width: float, height: float, window: Size) -> Geometry:
    scale = max(window.width / width, window.height / height)
    scaled = Size.rounded(width * scale, height * scale)
    # Rounding must not leave the picture a pixel short of its window.
    whole = Size(max(scaled.width, window.width), max(scaled.height, window.height))
    return Geometry(whole, window, window)


# Which share of what is cut away lies left of and above the window.
_COMPASS: dict[Gravity, tuple[float, float]] = {
    Gravity.CENTRE: (0.5, 0.5),
    Gravity.NORTH: (0.5, 0),
    Gravity.NORTHEAST: (1, 0),
    Gravity.EAST: (1, 0.5),
    Gravity.SOUTHEAST: (1, 1),
    Gravity.SOUTH: (0.5, 1),
    Gravity.SOUTHWEST: (0, 1),
    Gravity.WEST: (0, 0.5),
    Gravity.NORTHWEST: (0, 0),
}


def window_offset(plan: Geometry, spec: TransformSpec) -> tuple[int, int]:
    """
    Say where in the scaled picture the window lies, in px from the left and from the top.

    ATTENTION and ENTROPY need pixels to decide; here they count as CENTRE.
    """
    spare_x = plan.scaled.width - plan.window.width
    spare_y = plan.scaled.height - plan.window.height
    if spec.gravity is Gravity.FOCUS and spec.focus is not None:
        x, y = spec.focus
        left = round(x * plan.scaled.width - plan.window.width / 2)
        top = round(y * plan.scaled.height - plan.window.height / 2)
        return min(max(left, 0), spare_x), min(max(top, 0), spare_y)
    share_x, share_y = _COMPASS.get(spec.gravity, (0.5, 0.5))
    return int(spare_x * share_x), int(spare_y * share_y)


def canvas_offset(plan: Geometry) -> tuple[int, int]:
    """Say where on the canvas the window lies: in its middle, the odd pixel right and below."""
    return (plan.canvas.width - plan.window.width) // 2, (plan.canvas.height - plan.window.height) // 2
