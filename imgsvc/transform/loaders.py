"""One loader for each format, chosen by our own sniff; libvips never guesses."""

from typing import Any

import pyvips

from imgsvc.model.formats import ImageFormat
from imgsvc.stream.base import FileRange
from imgsvc.transform.body import Body

_LOADERS: dict[ImageFormat, str] = {
    ImageFormat.JPEG: "jpegload",
    ImageFormat.PNG: "pngload",
    ImageFormat.WEBP: "webpload",
    ImageFormat.GIF: "gifload",
    ImageFormat.AVIF: "heifload",
    ImageFormat.TIFF: "tiffload",
}
CONTAINERS = frozenset((ImageFormat.ICO, ImageFormat.CUR, ImageFormat.BMP))
"""Formats that libvips has no loader for; ``containers.open_container`` reads them."""

ANIMATED = frozenset((ImageFormat.GIF, ImageFormat.WEBP))
"""Formats whose pages are frames; the pages of a TIFF are not an animation."""

ALL_PAGES = -1

_MISSING = "premature end"
"""What libjpeg says where bytes of a picture are missing, and of nothing else (JWRN_HIT_MARKER, JWRN_JPEG_EOF)."""


def open_page(
    body: Body | pyvips.Source,
    image_format: ImageFormat,
    *,
    shrink: float = 1.0,
    pages: int = 1,
    is_strict: bool = False,
) -> Any:
    """
    Open a picture for reading from top to bottom; only its header is read before pixels are asked for.

    Args:
        body: the whole picture: bytes, a file or a pipe. It must live as long as the image does: libvips closes a file
            when it has read the header and opens it once more for the pixels.
        image_format: as sniffed; a container or SVG is not opened here.
        shrink: by how much the caller is going to shrink it at the least, 1 or more. Decoders that can, decode
            less, so the image may come out smaller, but never smaller than asked.
        pages: 1, or :data:`ALL_PAGES` for the frames of an animation, one below the other.
        is_strict: whether it fails by whatever its decoder complains of, see :func:`may_be_harmless`; that of JPEG goes
            on in grey where a file was cut and given another end.

    Raises:
        pyvips.Error: the header makes no sense. Reading pixels raises it too: a file that ends early fails instead
            of giving a half-grey picture.
    """
    options: dict[str, Any] = {"access": "sequential", "fail_on": "warning" if is_strict else "truncated"}
    if image_format in ANIMATED:
        options["n"] = pages
    if shrink > 1 and pages == 1:
        options |= _shrink_options(image_format, shrink)
    name = _LOADERS[image_format]
    if isinstance(body, FileRange):
        return pyvips.Operation.call(name, body.path, **options)
    # As a source: the loaders for buffers would copy the bytes first.
    source = pyvips.Source.new_from_memory(body) if isinstance(body, bytes) else body
    return pyvips.Operation.call(f"{name}_source", source, **options)


def may_be_harmless(error: pyvips.Error) -> bool:
    """
    Whether a JPEG that was read strictly may be whole for all that: not every complaint is of missing bytes.

    libvips has one error text for all threads: what it says may be of another picture, so a False is to be asked twice.
    """
    return _MISSING not in str(error).lower()


def _shrink_options(image_format: ImageFormat, shrink: float) -> dict[str, Any]:
    """
    Let the decoder do the first part of the shrinking.

    JPEG's own scaling sharpens; a factor of two is left to the resize that follows, as libvips' thumbnail does.
    WebP's is as good as the resize, so it may do nearly all.
    """
    if image_format is ImageFormat.JPEG:
        return next(({"shrink": s} for s in (8, 4, 2) if shrink >= 2 * s), {})
    return {"scale": 1 / shrink} if image_format is ImageFormat.WEBP else {}
