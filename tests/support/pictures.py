"""Tiny pictures, drawn anew for each test: every format, and what is awkward about it."""

import io
from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image

from imgsvc.model.formats import ImageFormat

RED = (200, 40, 30)
GREEN = (30, 170, 60)
BLUE = (40, 60, 200)
YELLOW = (230, 210, 50)
CORNERS = (RED, GREEN, BLUE, YELLOW)
"""Colours of :func:`quarters`: top left, top right, bottom left, bottom right."""

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"


def corpus(name: str) -> bytes:
    """Read a real picture of the shared corpus; skip the test where there is none."""
    path = CORPUS / name
    if not path.is_file():
        pytest.skip(f"no shared corpus at {CORPUS}")
    return path.read_bytes()


def filled(colour: tuple[int, ...], width: int, height: int) -> Any:
    """Draw one colour; three values are RGB, four RGBA."""
    image = pyvips.Image.black(width, height, bands=len(colour)) + list(colour)
    return image.cast("uchar").copy(interpretation="srgb")


def quarters(width: int = 64, height: int = 48) -> Any:
    """Draw a picture whose corners tell how it is turned."""
    w, h = width // 2, height // 2
    parts = [filled(c, w, h) for c in CORNERS]
    return pyvips.Image.arrayjoin(parts, across=2).copy(interpretation="srgb")


def noise(width: int = 64, height: int = 48, *, seed: int = 1) -> Any:
    """Draw something that compresses badly."""
    image = pyvips.Image.gaussnoise(width, height, sigma=60, mean=128, seed=seed)
    return image.bandjoin([image.rot180(), image.fliphor()]).cast("uchar").copy(interpretation="srgb")


def framed(width: int = 80, height: int = 60, *, border: tuple[int, ...] = (255, 255, 255)) -> Any:
    """Draw a red box of 40 × 20 at 10, 20 inside a border."""
    colour = RED if len(border) == 3 else (*RED, 255)
    return filled(border, width, height).insert(filled(colour, 40, 20), 10, 20)


def of_rgba(width: int, height: int, rgba: bytes) -> Any:
    """Make a picture of pixels row by row, four bytes each; it has a copy of them."""
    return pyvips.Image.new_from_memory(rgba, width, height, 4, "uchar").copy(interpretation="srgb").copy_memory()


def jpeg(image: Any | None = None, **options: Any) -> bytes:
    """Write a JPEG, by default of :func:`quarters`; without metadata unless asked."""
    return _saved("jpegsave_buffer", image, {"Q": 95, "keep": "none", "subsample_mode": "off"} | options)


def png(image: Any | None = None, **options: Any) -> bytes:
    """Write a PNG."""
    return _saved("pngsave_buffer", image, {"keep": "none"} | options)


def webp(image: Any | None = None, **options: Any) -> bytes:
    """Write a WebP, lossless."""
    return _saved("webpsave_buffer", image, {"keep": "none", "lossless": True} | options)


def simple_webp(image: Any | None = None) -> bytes:
    """Write a WebP of one chunk, without the header of extended ones, lossless."""
    return _pillow(image, "WEBP", lossless=True)


def gif(image: Any | None = None, **options: Any) -> bytes:
    """Write a GIF."""
    return _saved("gifsave_buffer", image, {"keep": "none"} | options)


def avif(image: Any | None = None, **options: Any) -> bytes:
    """Write an AVIF."""
    return _saved("heifsave_buffer", image, {"keep": "none", "compression": "av1", "Q": 90, "effort": 0} | options)


def tiff(image: Any | None = None, **options: Any) -> bytes:
    """Write a TIFF."""
    return _saved("tiffsave_buffer", image, {"keep": "none"} | options)


def bmp(image: Any | None = None) -> bytes:
    """Write a BMP."""
    return _pillow(image, "BMP")


def ico(image: Any | None = None, sides: tuple[int, ...] = (16, 32)) -> bytes:
    """Write an ICO with an entry for each side."""
    image = filled((*RED, 255), max(sides), max(sides)) if image is None else image
    return _pillow(image, "ICO", sizes=[(s, s) for s in sides])


def _saved(operation: str, image: Any | None, options: dict[str, Any]) -> bytes:
    return bytes(pyvips.Operation.call(operation, quarters() if image is None else image, **options))


def _pillow(image: Any | None, name: str, **options: Any) -> bytes:
    image = quarters() if image is None else image
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[image.bands]
    buffer = io.BytesIO()
    Image.frombytes(mode, (image.width, image.height), image.write_to_memory()).save(buffer, name, **options)
    return buffer.getvalue()


RASTERS = {
    ImageFormat.JPEG: jpeg,
    ImageFormat.PNG: png,
    ImageFormat.WEBP: webp,
    ImageFormat.GIF: gif,
    ImageFormat.AVIF: avif,
    ImageFormat.TIFF: tiff,
}
"""Drawers of the formats that libvips reads."""


def cmyk_jpeg() -> bytes:
    """Write a red CMYK JPEG without a profile."""
    buffer = io.BytesIO()
    Image.new("CMYK", (32, 24), (0, 255, 255, 0)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def cmyk_jpeg_with_profile() -> bytes:
    """Write a CMYK JPEG of :func:`quarters` with libvips' CMYK profile."""
    return jpeg(quarters().icc_transform("cmyk"), profile="cmyk", keep="icc")


def wide_gamut_png(colour: tuple[int, ...] = RED) -> bytes:
    """Write a PNG of an sRGB *colour* in Display P3, profile embedded."""
    return png(filled(colour, 32, 24).icc_transform("p3"), profile="p3", keep="icc")


def deep_png(colour: tuple[int, int, int] = RED) -> bytes:
    """Write a PNG of 16 bits a channel."""
    deep = (filled(colour, 32, 24).cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    return png(deep, bitdepth=16)


def oriented_jpeg(orientation: int) -> bytes:
    """Write a JPEG that looks like :func:`quarters` once EXIF *orientation* 1-8 is applied."""
    # What each value says to do for display; the inverse is how the pixels lie in the file.
    undo = {
        1: (),
        2: ("fliphor",),
        3: ("rot180",),
        4: ("flipver",),
        5: ("rot90", "fliphor"),
        6: ("rot270",),
        7: ("rot270", "fliphor"),
        8: ("rot90",),
    }[orientation]
    image = quarters()
    for name in undo:
        image = getattr(image, name)()
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return jpeg(image, keep="exif")


FRAME_COLOURS = (RED, GREEN, BLUE)
DELAYS_MS = (50, 120, 200)
LOOPS = 3


def animation(
    image_format: ImageFormat = ImageFormat.GIF,
    width: int = 60,
    height: int = 40,
    colours: tuple[tuple[int, ...], ...] = FRAME_COLOURS,
    delays_ms: tuple[int, ...] = DELAYS_MS,
    loops: int = LOOPS,
) -> bytes:
    """Write an animation, each frame one colour with a yellow top left quarter."""
    quarter = filled(YELLOW, width // 2, height // 2)
    return animated([filled(c, width, height).insert(quarter, 0, 0) for c in colours], image_format, delays_ms, loops)


def animated(
    frames: list[Any],
    image_format: ImageFormat = ImageFormat.GIF,
    delays_ms: tuple[int, ...] = DELAYS_MS,
    loops: int = LOOPS,
) -> bytes:
    """Write *frames* of one size as an animation."""
    roll = pyvips.Image.arrayjoin(frames, across=1).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", frames[0].height)
    roll.set_type(pyvips.GValue.array_int_type, "delay", list(delays_ms[: len(frames)]))
    roll.set_type(pyvips.GValue.gint_type, "loop", loops)
    return RASTERS[image_format](roll)


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 40 20">'
    b'<rect width="20" height="20" fill="#c8281e"/></svg>'
)
"""40 × 20, the left half red, the right half transparent."""


def decoded(data: bytes) -> Any:
    """Open what the service answered, all frames of it, in memory."""
    loader = "n=-1" if data[:4] == b"RIFF" or data[:3] == b"GIF" else ""
    return pyvips.Image.new_from_buffer(data, loader).copy_memory()


def pages(data: bytes) -> list[Any]:
    """Give the frames of an animation apart."""
    roll = decoded(data)
    height = roll.get_page_height()
    return [roll.crop(0, top, roll.width, height) for top in range(0, roll.height, height)]


def is_near(pixel: list[float], colour: tuple[int, ...], tolerance: int = 12) -> bool:
    """Whether all channels of *colour* are within *tolerance* of 255; a grey pixel counts for all three."""
    values = pixel * 3 if len(pixel) == 1 else pixel
    return all(abs(a - b) <= tolerance for a, b in zip(values, colour, strict=False))


def corners(image: Any) -> tuple[list[float], ...]:
    """Give the pixels in the middles of the four quarters, in the order of :data:`CORNERS`."""
    left, top, right, bottom = image.width // 4, image.height // 4, image.width * 3 // 4, image.height * 3 // 4
    return image(left, top), image(right, top), image(left, bottom), image(right, bottom)


def shows(image: Any, colours: tuple[tuple[int, ...], ...], tolerance: int = 12) -> bool:
    """Whether the four quarters have these colours."""
    return all(is_near(p, c, tolerance) for p, c in zip(corners(image), colours, strict=True))
