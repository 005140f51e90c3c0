"""From a source's frames to one image that an encoder can read."""

from collections.abc import Callable
from typing import Any

import pyvips

from imgsvc.transform.decide import glance_plan
from imgsvc.transform.geometry import Size
from imgsvc.transform.probe import SIDEWAYS
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import PixelSource
from imgsvc.transform.steps import SMART, FramePlan, find_offset, finish, shape

_PAGE_HEIGHT = "page-height"


def compose(
    source: PixelSource,
    plan: FramePlan,
    switch: KillSwitch,
    *,
    every: bool = False,
    adapt: Callable[[Any], Any] = lambda image: image,
) -> Any:
    """
    Put one frame or *every* frame through the steps; all get the same window.

    Args:
        source: of the frames.
        plan: for each of them.
        switch: stops the work.
        every: all frames of an animation, not only the first.
        adapt: what is done to a frame before anything is put behind it.

    Returns:
        A picture not yet evaluated; of an animation the frames one below the other, with delays and loop count.
    """
    frames = source.frames(switch, shrink=_shrink(source, plan), every=every)
    offset: tuple[int, int] | None = None
    finished = []
    for frame in frames:
        image = shape(frame, plan, switch)
        if every or plan.spec.gravity in SMART:
            # Frames lie in one file that can only be read once and forwards: each is taken when its turn comes.
            image = switch.in_memory(image)
        offset = offset or find_offset(image, plan, switch)
        image = finish(image, plan, offset, adapt)
        if every and plan.holds_lines:
            # Else what a blur holds of one frame would be held of all of them, until the last is encoded.
            image = switch.in_memory(image)
        finished.append(image)
    return _joined(finished)


def _shrink(source: PixelSource, plan: FramePlan) -> float:
    """By how much the source may be shrunk while it is read, 1 or more."""
    target = plan.stored_size
    stored = Size(source.info.width, source.info.height).swapped(plan.orientation in SIDEWAYS)
    return max(1.0, min(stored.width / target.width, stored.height / target.height))


def _joined(frames: list[Any]) -> Any:
    """Lay frames one below the other and say where each ends; a still must not pass for a part of one."""
    if len(frames) == 1 and not frames[0].get_typeof(_PAGE_HEIGHT):
        return frames[0]
    image = pyvips.Image.arrayjoin(frames, across=1) if len(frames) > 1 else frames[0]
    image = image.copy()  # metadata of a copy may be changed
    image.set_type(pyvips.GValue.gint_type, _PAGE_HEIGHT, frames[0].height)
    return image


def glance(source: PixelSource, longest_px: int, switch: KillSwitch) -> Any:
    """Decode the first frame small, upright, never enlarged; 8-bit sRGB, in memory."""
    small = compose(source, glance_plan(source.info, longest_px), switch)
    return switch.in_memory(small if small.interpretation == "srgb" else small.colourspace("srgb"))
