"""
How much memory an operation is going to take: a prediction from the header alone, for whoever admits work.

``bench/estimate.py`` calibrates these figures and the tables of :mod:`~imgsvc.transform.codec_costs`. *Actual* is what
the high-water mark of the resident size (``VmHWM``, proc(5)) grows by over one operation in a fresh, warmed-up process:
codecs allocate outside of what libvips counts, so only the kernel knows. A prediction shall lie within 0.8 to 3 times
the actual; below some 4 MiB only the 0.8 counts, because :data:`FLOOR_BYTES` is then most of it.

Five moments are weighed and the largest counts: the file being checked; the decoder alone at work; lines moving from
the decoder through the steps into the encoder; a finished picture being looked at, or adapted to its page; the encoder
alone, finishing. Whatever was put into memory stays until the end.
"""

import math

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import TransformSpec
from imgsvc.transform.codec_costs import DECODERS, ENCODERS
from imgsvc.transform.decide import Decision, glance_plan
from imgsvc.transform.drawing import SUMMARY_SIDE_PX
from imgsvc.transform.encode import choose_quality
from imgsvc.transform.geometry import Size
from imgsvc.transform.probe import SIDEWAYS, ImageInfo
from imgsvc.transform.steps import OPAQUE, SMART, FramePlan

FLOOR_BYTES = 2 * 1024 * 1024
"""Of any operation: stacks of threads, tables of codecs, pages that are not full."""

BAND_LINES = 1536
"""Lines of a picture that libvips keeps while it reads from top to bottom: three times its largest buffer."""

FLOAT_LINES = 200
"""Lines that are floats for a while: weighting by alpha, blurring, sharpening and the way to grey need them."""

HELD_BYTES = 16 * 1024 * 1024
"""Up to this a finished picture is held whole before it is encoded; the pipeline's own limit."""

_FLOAT_BYTES = 4
_COLOURS = 3
_INKS = 4

LOSSLESS_WEBP_PIXEL_BYTES = 4.0
"""A lossless WebP is decoded whole, in ARGB, even if it is asked for small."""

LOSSLESS_WEBP_SOURCE_RATIO = 2.6
"""
What that can be for each byte of the file: neither libvips nor :class:`ImageInfo` tells lossless from lossy, but photos
in lossless WebP have five times the bytes.
"""

WEBP_ALPHA_PIXEL_BYTES = 1.2
"""The alpha of a lossy WebP is decoded whole, even if the picture is asked for small."""

FLAT_WEBP_BYTES_PER_PIXEL = 0.05
"""With less than this a WebP is a drawing, and most likely lossless."""

SEEING_BYTES = 4 * 1024 * 1024
"""Looking at a picture or adapting it, however small it is: ``vision``'s tables, and lines that are floats."""

SEEING_PIXEL_BYTES = 16
"""Looking, for each pixel: copies of the bands, and what is counted."""

ADAPTING_PIXEL_BYTES = 54
"""Adapting, for each pixel: copies of the bands, outcomes of the tables, and the best attempt beside the next."""

FULL_COLOUR_QUALITY = 90
"""From this quality on libvips writes JPEG without sub-sampling colour, which doubles the coefficients."""


def estimate_bytes(info: ImageInfo, decision: Decision | None, *, source_bytes: int, in_file: bool) -> int:
    """
    Predict by how much this process grows while an operation runs, from decoding to the answer.

    Args:
        info: what the source's header says; a drawing that is trimmed has the size it is drawn in.
        decision: what becomes of it; None for a description or a stand-in, which are made of a small picture. (One
            whose spec asks for a stand-in counts as such too, and says whether it is trimmed.)
        source_bytes: of the source; 0 when that is not known.
        in_file: whether libvips reads it from a file. Bytes in memory are their owner's to count, not the copy that
            is made of them here.

    Returns:
        Bytes, never less than :data:`FLOOR_BYTES`.
    """
    return _most_bytes(_Work(info, decision), info, source_bytes, in_file=in_file)


def estimate_glance_bytes(info: ImageInfo, longest_px: int, *, source_bytes: int, in_file: bool) -> int:
    """
    Predict the same for a small picture that somebody looks at.

    Args:
        info: what the source's header says; a drawing has the size it is drawn in.
        longest_px: of the small picture.
        source_bytes: of the source.
        in_file: whether libvips reads it from a file.
    """
    return _most_bytes(_Work(info, None, longest_px), info, source_bytes, in_file=in_file)


def _most_bytes(work: "_Work", info: ImageInfo, source_bytes: int, *, in_file: bool) -> int:
    """Weigh the moments."""
    moments = (
        source_bytes if in_file and DECODERS[info.image_format].scans_files else 0,
        work.decoding_bytes(source_bytes),
        work.kept_bytes() + work.band_bytes() + work.encoder_bytes(finishing=False),
        work.kept_bytes() + work.seeing_bytes(),
        work.kept_bytes() + work.encoder_bytes(finishing=True),
    )
    return FLOOR_BYTES + _copied_bytes(info, source_bytes, in_file=in_file) + math.ceil(max(moments))


def decoded_size(info: ImageInfo, plan: FramePlan, *, whole: bool) -> Size:
    """
    Say how large one frame leaves the decoder, as it lies in the file.

    Args:
        info: of the source.
        plan: what becomes of the frame.
        whole: whether the decoder may not shrink.
    """
    stored = Size(info.width, info.height).swapped(info.orientation in SIDEWAYS)
    target = plan.stored_size
    shrink = min(stored.width / target.width, stored.height / target.height)
    if info.image_format is ImageFormat.SVG and not whole:
        return target
    if whole or shrink <= 1:
        return stored
    if info.image_format is ImageFormat.JPEG:
        return stored.floored(1 / next((s for s in (8, 4, 2) if shrink >= 2 * s), 1))
    return stored.floored(1 / shrink) if info.image_format is ImageFormat.WEBP else stored


def _copied_bytes(info: ImageInfo, source_bytes: int, *, in_file: bool) -> int:
    """Say what the source's own bytes take: mapped from a file; bytes in memory are read where they are."""
    return source_bytes if in_file and DECODERS[info.image_format].maps_files else 0


class _Work:
    """One operation, and what each part of it holds, in bytes."""

    def __init__(self, info: ImageInfo, decision: Decision | None, glance_px: int | None = None) -> None:
        self._info = info
        self._decoder = DECODERS[info.image_format]
        shown = decision is not None and not decision.plan.spec.is_json
        self._spec = TransformSpec() if decision is None else decision.plan.spec
        self._is_glance = glance_px is not None
        self._plan = (
            decision.plan if decision is not None and shown else glance_plan(info, glance_px or SUMMARY_SIDE_PX)
        )
        self._output = decision.image_format if decision is not None and shown else None
        self._frames = info.pages if decision is not None and shown and decision.animate else 1
        self._trimmed = self._spec.trim is not None
        self._decoded = decoded_size(info, self._plan, whole=self._trimmed or self._frames > 1)
        self._bands = _COLOURS + info.has_alpha

    def decoding_bytes(self, source_bytes: int) -> float:
        """Say what the decoder holds at its worst moment."""
        decoder, info = self._decoder, self._info
        a_pixel = decoder.peak + decoder.peak_alpha * info.has_alpha + decoder.peak_deep * (not info.is_plain_srgb)
        return a_pixel * self._decoded.pixels + self._lossless_bytes(source_bytes) + self._interlaced_bytes()

    def kept_bytes(self) -> float:
        """Say what stays from the decoder to the end: its frame, copies between steps, the finished picture."""
        decoder, scaled = self._decoder, self._plan.geometry.scaled.pixels
        copies = self._plan.reads_out_of_order + (self._frames > 1 or self._plan.spec.gravity in SMART)
        kept = decoder.kept * self._decoded.pixels + self._interlaced_bytes()
        return kept + (copies * scaled * self._bands + self._trim_bytes()) * self._frames + self._held_bytes()

    def band_bytes(self) -> float:
        """Say what the lines hold that are on their way."""
        decoded = self._decoded
        resized = decoded != self._plan.stored_size
        # Each frame of an animation is resized by a pipeline of its own, whose lines stay.
        readers = self._frames if resized else 1
        lines = min(decoded.height, BAND_LINES) * decoded.width * self._sample_bytes() * readers
        floats = decoded.width if self._info.has_alpha and resized else 0
        if self._spec.blur or self._spec.sharpen or self._spec.greyscale:
            floats = max(floats, self._plan.geometry.canvas.width)
        return lines * self._decoder.in_bands + floats * FLOAT_LINES * self._bands * _FLOAT_BYTES

    def encoder_bytes(self, *, finishing: bool) -> float:
        """Say what the encoder holds, its answer included."""
        if self._output is None:
            return 0
        cost, pixels = ENCODERS[self._output], self._plan.geometry.canvas.pixels
        if self._frames > 1:
            return (cost.animated_alpha if self._is_transparent() else cost.animated) * pixels * self._frames
        if self._is_transparent():
            return (cost.finishing_alpha if finishing else cost.moving_alpha) * pixels
        quality = choose_quality(self._spec, self._output) or 0
        doubled = self._output is ImageFormat.JPEG and quality >= FULL_COLOUR_QUALITY
        return (cost.finishing if finishing else cost.moving) * (1 + doubled) * pixels

    def seeing_bytes(self) -> float:
        """Say what looking at the finished picture takes, or adapting it to a page."""
        pixels = self._plan.geometry.canvas.pixels
        if self._output is not None and self._spec.page is not None:
            return SEEING_BYTES + ADAPTING_PIXEL_BYTES * pixels
        return SEEING_BYTES + SEEING_PIXEL_BYTES * pixels if self._is_glance else 0

    def _sample_bytes(self) -> int:
        """Give the bytes of a pixel as decoded; JPEG that is not sRGB may be in four inks."""
        if self._info.is_plain_srgb:
            return self._bands
        bands = _INKS if self._info.image_format is ImageFormat.JPEG else self._bands
        return bands * self._decoder.sample_bytes

    def _interlaced_bytes(self) -> float:
        whole = self._info.width * self._info.height * self._info.interlaced
        return self._decoder.interlaced * whole * self._sample_bytes()

    def _lossless_bytes(self, source_bytes: int) -> float:
        """Say what a WebP takes if it is lossless, as far as its size makes that likely, and its plane of alpha."""
        if self._info.image_format is not ImageFormat.WEBP:
            return 0
        pixels = self._info.width * self._info.height
        most = LOSSLESS_WEBP_PIXEL_BYTES * pixels
        is_flat = source_bytes < FLAT_WEBP_BYTES_PER_PIXEL * pixels * self._info.pages
        lossless_bytes = most if is_flat else min(most, LOSSLESS_WEBP_SOURCE_RATIO * source_bytes)
        return lossless_bytes + WEBP_ALPHA_PIXEL_BYTES * pixels * self._info.has_alpha

    def _trim_bytes(self) -> float:
        """Say what looking for a border needs: the whole frame, once more if it has to be turned."""
        return self._trimmed * self._decoded.pixels * self._bands * (1 + (self._info.orientation != 1))

    def _held_bytes(self) -> float:
        size = self._plan.geometry.canvas.pixels * self._frames * (_COLOURS + self._is_transparent())
        return size if size <= HELD_BYTES else 0

    def _is_transparent(self) -> bool:
        """Whether what is encoded has alpha; bars around a picture that is laid on a canvas have."""
        behind = self._spec.background
        if not self._plan.keeps_alpha or (behind is not None and behind.alpha == OPAQUE):
            return False
        return self._info.has_alpha or self._plan.geometry.canvas != self._plan.geometry.window
