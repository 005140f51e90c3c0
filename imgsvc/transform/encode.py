"""Which format an answer has, and how each is written: a table."""

from collections.abc import Callable
from typing import Any

import pyvips

from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.probe import ImageInfo

SAVE_DATA_QUALITY = 20
"""By how much ``Save-Data`` lowers the default quality."""

_AVIF = frozenset((Output.AUTO_AVIF, Output.AUTO_AVIF_PLAIN))
_PLAIN = frozenset((Output.AUTO_PLAIN, Output.AUTO_AVIF_PLAIN))


def _still(info: ImageInfo) -> ImageFormat:
    return ImageFormat.PNG if info.has_alpha else ImageFormat.JPEG


# For sources that cannot be written as they came, or that no browser shows.
_SUBSTITUTES: dict[ImageFormat, Callable[[ImageInfo], ImageFormat]] = {
    ImageFormat.SVG: lambda _: ImageFormat.PNG,
    ImageFormat.ICO: lambda _: ImageFormat.PNG,
    ImageFormat.CUR: lambda _: ImageFormat.PNG,
    ImageFormat.BMP: _still,
    ImageFormat.TIFF: _still,
}

Options = Callable[[TransformSettings], dict[str, Any]]

# Operation and options of each format. Nothing of the source's metadata is kept, so no profile, place or date leaks.
_SAVERS: dict[ImageFormat, tuple[str, Options]] = {
    # Optimised tables cost a third more than none and save 3 %; progressive scans double the time for nothing more.
    ImageFormat.JPEG: ("jpegsave_buffer", lambda _: {"optimize_coding": True}),
    # A palette would take twice the time and changes pixels.
    ImageFormat.PNG: ("pngsave_buffer", lambda _: {}),
    # Smart subsampling takes two and a half times as long.
    ImageFormat.WEBP: ("webpsave_buffer", lambda settings: {"effort": settings.webp_effort}),
    ImageFormat.AVIF: (
        "heifsave_buffer",
        # 8 bits, or a deeper source would be written deeper, which not every browser shows.
        lambda settings: {"compression": "av1", "effort": settings.avif_effort, "bitdepth": 8},
    ),
    # Effort of the palette search: above 3 it doubles the time and saves no bytes. Equal neighbours are kept, else
    # frames and delays would be others than the source's.
    ImageFormat.GIF: ("gifsave_buffer", lambda _: {"effort": 3, "keep_duplicate_frames": True}),
    ImageFormat.TIFF: ("tiffsave_buffer", lambda _: {"compression": "deflate", "predictor": "horizontal"}),
}


def choose_format(output: Output, info: ImageInfo, *, animated: bool, pixels: int, avif_max_pixels: int) -> ImageFormat:
    """
    Say what a picture is written as.

    Args:
        output: what was asked for; JSON counts as the source's own format.
        info: of the source.
        animated: whether all frames shall be kept, if the format can.
        pixels: of one frame of the answer.
        avif_max_pixels: above this no AVIF is made where that is not asked for by name.
    """
    if (explicit := output.explicit_format) is not None:
        return explicit
    if output in _AVIF and not animated and pixels <= avif_max_pixels:
        return ImageFormat.AVIF
    if output in (Output.AUTO_WEBP, Output.AUTO_AVIF):
        return ImageFormat.WEBP
    if output in _PLAIN and info.image_format in (ImageFormat.WEBP, ImageFormat.AVIF):
        return ImageFormat.GIF if animated else _still(info)
    own = CAPABILITIES[info.image_format]
    if output is Output.ORIGINAL:
        return info.image_format if own.encodable else ImageFormat.PNG
    substitute = _SUBSTITUTES.get(info.image_format)
    return substitute(info) if substitute else info.image_format


def choose_quality(spec: TransformSpec, image_format: ImageFormat) -> int | None:
    """Give 1-100, or None for a format that knows no quality."""
    default = CAPABILITIES[image_format].default_quality
    if default is None:
        return None
    if spec.quality is not None:
        return spec.quality
    return max(1, default - SAVE_DATA_QUALITY) if spec.save_data else default


def encode(
    image: Any, image_format: ImageFormat, quality: int | None, settings: TransformSettings, *, reuse_palette: bool
) -> bytes:
    """
    Write a picture; runs in a thread.

    Args:
        image: 8-bit sRGB or grey; without alpha where the format has none.
        image_format: an encodable one.
        quality: 1-100, or None.
        settings: for the efforts.
        reuse_palette: whether the colours are still the source's, so that a GIF's own palette fits.

    Raises:
        pyvips.Error: reading the source's pixels failed, or the work was killed.
    """
    operation, options = _SAVERS[image_format]
    values = options(settings) | ({} if quality is None else {"Q": quality})
    if image_format is ImageFormat.GIF and reuse_palette:
        values["reuse"] = True
    return bytes(pyvips.Operation.call(operation, image, keep="none", **values))
