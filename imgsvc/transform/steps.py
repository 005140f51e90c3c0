"""The steps of a transform: one small function each, which gives its input back when it has nothing to do."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from imgsvc.model.colours import Colour
from imgsvc.model.spec import Gravity, TransformSpec
from imgsvc.transform.colour import to_srgb
from imgsvc.transform.geometry import Geometry, Size, canvas_offset, window_offset
from imgsvc.transform.probe import SIDEWAYS
from imgsvc.transform.runtime import KillSwitch

QUARTER_TURNS = frozenset((90, 270))
OPAQUE = 255
WHITE = Colour(255, 255, 255)
_MIN_BLUR = 0.3


class FramePlan(Struct, frozen=True, kw_only=True):
    """
    What happens to one frame; everything is decided before the first step, but where SMART gravity looks.

    Attributes:
        spec: what was asked for.
        geometry: sizes after orientation and rotation.
        orientation: EXIF's, still to be applied; 1 = none.
        keeps_alpha: whether the answer may be transparent.
        scale: how much smaller than asked the picture is made (1 = as asked); pixel distances shrink with it.
    """

    spec: TransformSpec
    geometry: Geometry
    orientation: int = 1
    keeps_alpha: bool = True
    scale: float = 1.0

    @property
    def stored_size(self) -> Size:
        """The size to scale to as the file lies, before it is oriented and rotated."""
        sideways = (self.orientation in SIDEWAYS) != (self.spec.rotate in QUARTER_TURNS)
        return self.geometry.scaled.swapped(sideways)

    @property
    def reads_out_of_order(self) -> bool:
        """Whether orienting, rotating or flipping needs the last line before the first."""
        return self.orientation not in (1, 2) or self.spec.rotate != 0 or self.spec.flip

    @property
    def holds_lines(self) -> bool:
        """Whether a step after the resize holds many lines of a picture at once."""
        behind = self.spec.background
        is_tinted = behind is not None and 0 < behind.alpha < OPAQUE
        return bool(self.spec.blur or self.spec.sharpen or self.spec.greyscale) or is_tinted


def shape(image: Any, plan: FramePlan, switch: KillSwitch) -> Any:
    """
    Resize, convert to sRGB, orient, rotate and mirror.

    Turning comes after the resize though it is asked for before: the result is the same, the sizes being exchanged,
    and only the small picture has to be held in memory for it.
    """
    image = to_srgb(resize(image, plan.stored_size))
    if plan.reads_out_of_order:
        image = switch.in_memory(image)
    return mirror(rotate(orient(image, plan), plan.spec), plan.spec)


def resize(image: Any, size: Size) -> Any:
    """Scale to exactly *size*; colours are weighted by their alpha, or transparent black would bleed in."""
    # Each look at an image's width is a dozen calls into libvips, and each of them hands the interpreter's lock over.
    width, height = image.width, image.height
    if (width, height) == (size.width, size.height):
        return image
    across, down = size.width / width, size.height / height
    if not image.hasalpha():
        return image.resize(across, vscale=down)
    # Back to whole numbers in between, as libvips' own thumbnail does: floats would double the time.
    weighted = image.premultiply().cast(image.format).resize(across, vscale=down)
    return weighted.unpremultiply().cast(image.format)


def orient(image: Any, plan: FramePlan) -> Any:
    """Lay upright what EXIF says lies otherwise."""
    return image if plan.orientation == 1 else image.autorot()


def rotate(image: Any, spec: TransformSpec) -> Any:
    """Turn clockwise by quarters."""
    return image.rot(f"d{spec.rotate}") if spec.rotate else image


def mirror(image: Any, spec: TransformSpec) -> Any:
    """Flip top to bottom, flop left to right."""
    if spec.flip:
        image = image.flipver()
    return image.fliphor() if spec.flop else image


def find_offset(image: Any, plan: FramePlan, switch: KillSwitch) -> tuple[int, int]:
    """Say where in a shaped picture the window lies; SMART gravity looks at the pixels, which must be in memory."""
    window = plan.geometry.window
    if plan.spec.gravity not in SMART or window == plan.geometry.scaled:
        return window_offset(plan.geometry, plan.spec)
    found = switch.watch(image).smartcrop(window.width, window.height, interesting=plan.spec.gravity.value)
    return -int(found.xoffset), -int(found.yoffset)


SMART = frozenset((Gravity.ATTENTION, Gravity.ENTROPY))
"""Gravities that look at the pixels; their values are libvips' own names."""


def finish(
    image: Any, plan: FramePlan, offset: tuple[int, int], adapt: Callable[[Any], Any] = lambda image: image
) -> Any:
    """
    Do everything after the resize: window, canvas, blur, sharpen, greyscale, *adapt*, background.

    Adapting to a page comes before anything is put behind the picture, or nothing of the page would show through.
    """
    for step in (canvas, blur, sharpen, greyscale):
        image = step(window(image, plan, offset) if step is canvas else image, plan)
    return background(adapt(image), plan)


def window(image: Any, plan: FramePlan, offset: tuple[int, int]) -> Any:
    """Cut out what ``cover`` keeps."""
    size = plan.geometry.window
    return image if size == plan.geometry.scaled else image.crop(*offset, size.width, size.height)


def canvas(image: Any, plan: FramePlan) -> Any:
    """Lay on ``contain``'s canvas; the bars are transparent until :func:`background` fills them."""
    size = plan.geometry.canvas
    if size == plan.geometry.window:
        return image
    image = image if image.hasalpha() else image.addalpha()
    clear = [0] * image.bands
    return image.embed(*canvas_offset(plan.geometry), size.width, size.height, extend="background", background=clear)


def blur(image: Any, plan: FramePlan) -> Any:
    """
    Blur with a Gaussian, colours weighted by their alpha.

    The weighted colours are made whole numbers again, for libvips takes forty times as long to blur floats; what that
    rounds away cannot be seen where little of a colour is.
    """
    sigma = (plan.spec.blur or 0) * plan.scale
    if sigma < _MIN_BLUR:
        return image
    if not image.hasalpha():
        return image.gaussblur(sigma)
    weighted = image.premultiply().rint().cast(image.format)
    return weighted.gaussblur(sigma).unpremultiply().rint().cast(image.format)


def sharpen(image: Any, plan: FramePlan) -> Any:
    """Sharpen lightness only, so that no colour fringes appear."""
    sigma = (plan.spec.sharpen or 0) * plan.scale
    return image.sharpen(sigma=sigma) if sigma >= _MIN_BLUR else image


def greyscale(image: Any, plan: FramePlan) -> Any:
    """Drop colour, keep alpha."""
    return image.colourspace("b-w") if plan.spec.greyscale else image


def background(image: Any, plan: FramePlan) -> Any:
    """Put the asked colour behind transparency; where there must be one and none was asked, the page or white."""
    colour = plan.spec.background
    if not image.hasalpha():
        return image
    if colour is not None and 0 < colour.alpha < OPAQUE:
        image = _tinted(image, colour)
    elif colour is not None and colour.alpha == OPAQUE:
        return _flattened(image, colour)
    return image if plan.keeps_alpha else _flattened(image, plan.spec.page or WHITE)


def _tinted(image: Any, colour: Colour) -> Any:
    """Put a half-transparent colour behind: the result may still be transparent."""
    image = image.colourspace("srgb")
    behind = image.new_from_image([colour.red, colour.green, colour.blue, colour.alpha])
    return behind.composite2(image, "over").cast("uchar")


def _flattened(image: Any, colour: Colour) -> Any:
    if image.interpretation == "b-w" and colour.red == colour.green == colour.blue:
        return image.flatten(background=[colour.red])
    return image.colourspace("srgb").flatten(background=[colour.red, colour.green, colour.blue])
