"""One loader for each format, chosen by our own sniff; libvips never guesses."""

from typing import Any

import pyvips

from imgsvc.model.formats import ImageFormat

_LOADERS: dict[ImageFormat, str] = {
    ImageFormat.JPEG: "jpegload_buffer",
    ImageFormat.PNG: "pngload_buffer",
    ImageFormat.WEBP: "webpload_buffer",
    ImageFormat.GIF: "gifload_buffer",
    ImageFormat.AVIF: "heifload_buffer",
    ImageFormat.TIFF: "tiffload_buffer",
}
CONTAINERS = frozenset((ImageFormat.ICO, ImageFormat.CUR, ImageFormat.BMP))
"""Formats that libvips has no loader for; ``containers.open_container`` reads them."""

ANIMATED = frozenset((ImageFormat.GIF, ImageFormat.WEBP))
"""Formats whose pages are frames; the pages of a TIFF are not an animation."""

ALL_PAGES = -1


def open_page(data: bytes, image_format: ImageFormat, *, shrink: float = 1.0, pages: int = 1) -> Any:
    """
    Open a picture for reading from top to bottom; only its header is read before pixels are asked for.

    Args:
        data: the whole file; it must live as long as the image does.
        image_format: as sniffed; a container or SVG is not opened here.
        shrink: by how much the caller is going to shrink it at the least, 1 or more. Decoders that can, decode
            less, so the image may come out smaller, but never smaller than asked.
        pages: 1, or :data:`ALL_PAGES` for the frames of an animation, one below the other.

    Raises:
        pyvips.Error: the header makes no sense. Reading pixels raises it too: a file that ends early fails instead
            of giving a half-grey picture.
    """
    options: dict[str, Any] = {"access": "sequential", "fail_on": "truncated"}
    if image_format in ANIMATED:
        options["n"] = pages
    if shrink > 1 and pages == 1:
        options |= _shrink_options(image_format, shrink)
    return pyvips.Operation.call(_LOADERS[image_format], data, **options)


def _shrink_options(image_format: ImageFormat, shrink: float) -> dict[str, Any]:
    """
    Let the decoder do the first part of the shrinking.

    JPEG's own scaling sharpens; a factor of two is left to the resize that follows, as libvips' thumbnail does.
    WebP's is as good as the resize, so it may do nearly all.
    """
    if image_format is ImageFormat.JPEG:
        return {"shrink": next((s for s in (8, 4, 2) if shrink >= 2 * s), 1)}
    return {"scale": 1 / shrink} if image_format is ImageFormat.WEBP else {}
