"""
How much memory an operation is going to take: a prediction from the header alone, for whoever admits work.

``bench/estimate.py`` calibrates the tables below. *Actual* is what the high-water mark of the resident size (``VmHWM``,
proc(5)) grows by over one operation in a fresh, warmed-up process: codecs allocate outside of what libvips counts, so
only the kernel knows. A prediction shall lie within 0.8 to 3 times the actual; below some 4 MiB only the 0.8 counts,
because :data:`FLOOR_BYTES` is then most of it.

Four moments are weighed and the largest counts: the file being checked; the decoder alone at work; lines moving from
the decoder through the steps into the encoder; the encoder alone, finishing. Whatever was put into memory stays until
the end.
"""

import math
from dataclasses import dataclass

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import TransformSpec
from imgsvc.transform.decide import Decision
from imgsvc.transform.drawing import SUMMARY_SIDE_PX
from imgsvc.transform.encode import choose_quality
from imgsvc.transform.geometry import Geometry, Size
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderCost:
    """
    What reading a format takes, in bytes for each pixel decoded, unless said otherwise.

    Attributes:
        peak: while the decoder works and nothing else has begun.
        peak_alpha: on top of *peak*, with transparency.
        peak_deep: on top of *peak*, where the pixels are not 8-bit sRGB.
        kept: until the answer is there.
        interlaced: of a progressive or interlaced file, for each *band* of each pixel of the whole file.
        in_bands: whether lines are kept while the picture is read from top to bottom.
        maps_files: whether a file is mapped or read whole until the answer is there, so that its pages count.
        scans_files: whether a file is looked through from end to end before it is decoded, with the same effect for
            that moment.
        sample_bytes: of one sample, where the pixels are not 8-bit sRGB.
    """

    peak: float = 0
    peak_alpha: float = 0
    peak_deep: float = 0
    kept: float = 0
    interlaced: float = 0
    in_bands: bool = True
    maps_files: bool = False
    scans_files: bool = False
    sample_bytes: int = 1


# Pillow's picture, a converted one, its bytes twice.
_CONTAINER = DecoderCost(peak=16, kept=4, in_bands=False, maps_files=True)

DECODERS: dict[ImageFormat, DecoderCost] = {
    # Coefficients of 16 bits. The header does not say how far colour is sub-sampled, so it is taken to be whole.
    ImageFormat.JPEG: DecoderCost(interlaced=2, maps_files=True),
    # All passes are needed before the first line is whole.
    ImageFormat.PNG: DecoderCost(interlaced=1, scans_files=True, sample_bytes=2),
    # Canvas and frame, RGBA both.
    ImageFormat.WEBP: DecoderCost(peak=8, kept=8, maps_files=True),
    # RGBA, whatever the palette.
    ImageFormat.GIF: DecoderCost(peak=4, kept=4, maps_files=True),
    # Planes of the codec, filtered ones, and the picture in RGB.
    ImageFormat.AVIF: DecoderCost(peak=17.5, peak_alpha=2, peak_deep=4, kept=4.5, sample_bytes=2),
    ImageFormat.TIFF: DecoderCost(sample_bytes=2),
    # Drawn elsewhere; what arrives is RGBA of the size asked for.
    ImageFormat.SVG: DecoderCost(peak=4, kept=4, in_bands=False),
    ImageFormat.BMP: _CONTAINER,
    ImageFormat.ICO: _CONTAINER,
    ImageFormat.CUR: _CONTAINER,
}
"""One line for each format that is read."""

LOSSLESS_WEBP_PIXEL_BYTES = 4.0
"""A lossless WebP is decoded whole, in ARGB, even if it is asked for small."""

LOSSLESS_WEBP_SOURCE_RATIO = 2.6
"""
What that can be for each byte of the file: neither libvips nor :class:`ImageInfo` tells lossless from lossy, but photos
in lossless WebP have five times the bytes.
"""

FLAT_WEBP_BYTES_PER_PIXEL = 0.05
"""With less than this a WebP is a drawing, and most likely lossless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderCost:
    """
    What writing a format takes, the answer's bytes and their copies included, in bytes for each pixel of the answer.

    Attributes:
        moving: while lines arrive.
        finishing: when all have arrived.
        moving_alpha: instead of *moving*, with transparency.
        finishing_alpha: instead of *finishing*, with transparency.
        animated: instead of both, for each pixel of each frame of an animation.
        animated_alpha: likewise, with transparency.
    """

    moving: float
    finishing: float
    moving_alpha: float
    finishing_alpha: float
    animated: float = 0
    animated_alpha: float = 0


ENCODERS: dict[ImageFormat, EncoderCost] = {
    # Coefficients twice, as the encoder optimises its tables; colour at a quarter.
    ImageFormat.JPEG: EncoderCost(moving=6.2, finishing=6.2, moving_alpha=6.2, finishing_alpha=6.2),
    # Little but the answer, and that nearly as large as the pixels at worst.
    ImageFormat.PNG: EncoderCost(moving=4.3, finishing=4.3, moving_alpha=5.5, finishing_alpha=5.5),
    # YUV, then tokens; alpha is compressed on its own, without loss.
    ImageFormat.WEBP: EncoderCost(
        moving=2, finishing=6.1, moving_alpha=4, finishing_alpha=21.5, animated=4.5, animated_alpha=7
    ),
    # YUV, then reference frames and the search for motion there is none of; it starts before all lines are let go.
    ImageFormat.AVIF: EncoderCost(moving=14, finishing=23.5, moving_alpha=20, finishing_alpha=36),
    # RGBA, the index, and the search for a palette.
    ImageFormat.GIF: EncoderCost(
        moving=4, finishing=12.5, moving_alpha=4, finishing_alpha=12.5, animated=6, animated_alpha=6
    ),
    ImageFormat.TIFF: EncoderCost(moving=6, finishing=6, moving_alpha=8, finishing_alpha=8),
}
"""One line for each format that is written."""

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
    work = _Work(info, decision)
    moments = (
        source_bytes if in_file and DECODERS[info.image_format].scans_files else 0,
        work.decoding_bytes(source_bytes),
        work.kept_bytes() + work.band_bytes() + work.encoder_bytes(finishing=False),
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


def _summary_plan(info: ImageInfo) -> FramePlan:
    """Give the plan of the small picture that descriptions and stand-ins are made of."""
    small = Geometry.plain(Size(info.width, info.height)).shrunk(SUMMARY_SIDE_PX / max(info.width, info.height))
    return FramePlan(spec=TransformSpec(), geometry=small, orientation=info.orientation)


class _Work:
    """One operation, and what each part of it holds, in bytes."""

    def __init__(self, info: ImageInfo, decision: Decision | None) -> None:
        self._info = info
        self._decoder = DECODERS[info.image_format]
        shown = decision is not None and not decision.plan.spec.is_json
        self._spec = TransformSpec() if decision is None else decision.plan.spec
        self._plan = decision.plan if decision is not None and shown else _summary_plan(info)
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
        """Say what a WebP takes if it is lossless, as far as its size makes that likely."""
        if self._info.image_format is not ImageFormat.WEBP:
            return 0
        pixels = self._info.width * self._info.height
        most = LOSSLESS_WEBP_PIXEL_BYTES * pixels
        is_flat = source_bytes < FLAT_WEBP_BYTES_PER_PIXEL * pixels * self._info.pages
        return most if is_flat else min(most, LOSSLESS_WEBP_SOURCE_RATIO * source_bytes)

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
