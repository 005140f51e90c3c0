"""What each format takes to be read and to be written: two tables, calibrated by ``bench/estimate.py``."""

from msgspec import Struct

from imgsvc.model.formats import ImageFormat


class DecoderCost(Struct, frozen=True, kw_only=True):
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


class EncoderCost(Struct, frozen=True, kw_only=True):
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
