"""Everything that is decided about a transform before a pixel is read."""

import math

from msgspec import Struct

from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.spec import MAX_SIDE_PX, Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.encode import choose_format
from imgsvc.transform.geometry import Geometry, Size, geometry
from imgsvc.transform.limits import Limits
from imgsvc.transform.probe import ImageInfo, may_animate
from imgsvc.transform.source import PixelSource
from imgsvc.transform.steps import QUARTER_TURNS, FramePlan


class Decision(Struct, frozen=True, kw_only=True):
    """
    What is made of a source.

    Attributes:
        plan: for each frame.
        image_format: the answer's.
        source_format: the source's.
        animate: whether all frames are kept.
        degraded: ``frames`` if they should have been, but are over a limit; else empty.
        deferred: whether AVIF was due, but would take too long: WebP stands in for it.
    """

    plan: FramePlan
    image_format: ImageFormat
    source_format: ImageFormat
    animate: bool
    degraded: str
    deferred: bool


def decide(
    source: PixelSource,
    spec: TransformSpec,
    settings: TransformSettings,
    limits: Limits,
    *,
    prompt_pixels: float = math.inf,
) -> Decision:
    """
    Choose frames, sizes and format; the format's longest side and the pixel limit shrink what is too large.

    Args:
        source: as far as its header tells.
        spec: what is asked for.
        settings: for the pixel budget of AVIF.
        limits: for frames and pixels.
        prompt_pixels: of an answer with more AVIF takes too long; where ``Accept`` chose it, WebP is made instead.
    """
    sizes = sizes_for(source, spec)
    wanted = _wants_frames(source.info, spec)
    animate = (
        keeps_frames(source.info, spec, limits) and sizes.most_pixels * source.info.pages <= limits.max_animation_pixels
    )
    image_format = choose_format(
        spec.output,
        source.info,
        animated=animate,
        pixels=sizes.canvas.pixels,
        avif_max_pixels=settings.avif_max_pixels,
    )
    is_due = spec.output is Output.AUTO_AVIF and image_format is ImageFormat.AVIF
    if deferred := is_due and sizes.canvas.pixels > prompt_pixels:
        image_format = ImageFormat.WEBP
    able = CAPABILITIES[image_format]
    plan = FramePlan(
        spec=spec,
        geometry=computable(sizes, able.max_side_px, limits),
        orientation=source.info.orientation,
        keeps_alpha=able.alpha,
    )
    return Decision(
        plan=plan,
        image_format=image_format,
        source_format=source.info.image_format,
        animate=animate,
        degraded="frames" if wanted and not animate else "",
        deferred=deferred,
    )


def computable(sizes: Geometry, max_side_px: int, limits: Limits) -> Geometry:
    """
    Shrink what is enlarged until it is within the limits, and no line of it longer than a source's or a box's may be.

    Hundreds of lines are held at once, several times, and the pixel limit says nothing of how long they are.
    """
    bounded = sizes.bounded(max_side_px, limits.max_pixels)
    return bounded.shrunk(max(limits.max_side_px, MAX_SIDE_PX) / bounded.scaled.longest_px)


def glance_plan(info: ImageInfo, longest_px: int) -> FramePlan:
    """Plan how the first frame is made at most *longest_px* large, and nothing else is done to it."""
    size = Size(info.width, info.height)
    small = Geometry.plain(size).shrunk(longest_px / size.longest_px)
    return FramePlan(spec=TransformSpec(), geometry=small, orientation=info.orientation)


def sizes_for(source: PixelSource, spec: TransformSpec) -> Geometry:
    """Lay the source, oriented and rotated, into the box asked for."""
    width, height = source.natural_px
    if spec.rotate in QUARTER_TURNS:
        width, height = height, width
    return geometry(width, height, spec, enlarge=spec.enlarge or source.scalable)


def keeps_frames(info: ImageInfo, spec: TransformSpec, limits: Limits) -> bool:
    """Whether all frames are asked for and the source is within the limits for them."""
    return _wants_frames(info, spec) and may_animate(info, limits)


def _wants_frames(info: ImageInfo, spec: TransformSpec) -> bool:
    if not spec.animate or spec.page is not None or info.pages == 1:
        return False
    image_format = choose_format(spec.output, info, animated=True, pixels=0, avif_max_pixels=0)
    return CAPABILITIES[image_format].animation


def is_untouched(info: ImageInfo, decision: Decision) -> bool:
    """Whether the source's own bytes are as good an answer as new ones: nothing was done to it, nothing is to hide."""
    return (
        decision.image_format is info.image_format
        and _is_natural(info, decision.plan)
        and decision.animate == (info.pages > 1)
        and info.is_clean
    )


def _is_natural(info: ImageInfo, plan: FramePlan) -> bool:
    """Whether no step changes a pixel of this picture."""
    spec = plan.spec
    steps = (spec.blur, spec.sharpen, spec.rotate, spec.flip, spec.flop, spec.greyscale)
    covered = info.has_alpha and spec.background is not None
    return plan.geometry == Geometry.plain(Size(info.width, info.height)) and not any(steps) and not covered


def keeps_colours(decision: Decision) -> bool:
    """Whether every pixel of the answer has a colour of the source: turning and cropping make no new ones."""
    plan, spec = decision.plan, decision.plan.spec
    resampled = spec.width is not None or spec.height is not None or plan.geometry.scaled != plan.geometry.canvas
    return not (resampled or spec.blur or spec.sharpen or spec.greyscale or spec.background is not None)
