"""ICO, CUR and BMP, which libvips has no loader for: read through Pillow, never by its own choice of a plug-in."""

import struct
from io import BytesIO
from typing import TYPE_CHECKING

import pyvips
from msgspec.structs import replace

from imgsvc.errors import CorruptImage, ImageTooLarge, ImgsvcError
from imgsvc.model.formats import ImageFormat
from imgsvc.transform import container_headers as headers
from imgsvc.transform import png_extras
from imgsvc.transform.body import View
from imgsvc.transform.container_headers import BitmapHeader, IconEntry
from imgsvc.transform.limits import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_RUN_LENGTH_PIXELS = 4_000_000
MAX_RUN_LENGTH_BYTES = 4 * 1024 * 1024
"""Pillow decodes run-length coded BMP in Python, which no deadline stops: these keep it below a second or so."""

_ALPHA_BITS = 32
_FILE_HEADER = struct.Struct("<2sIHHI")


def container_size(data: View, image_format: ImageFormat, limits: Limits) -> tuple[int, int]:
    """
    Give width and height in px of the picture that :func:`open_container` would open, from the headers only.

    Args:
        data: the whole file.
        image_format: ICO, CUR or BMP.
        limits: what may be decoded; every picture in the file is held against it.

    Raises:
        CorruptImage: the headers are broken or point outside the file.
        ImageTooLarge: a picture in the file is over *limits*.
    """
    return headers.read_size(data, image_format, limits)


def open_container(data: bytes, image_format: ImageFormat, limits: Limits) -> pyvips.Image:
    """
    Decode a BMP, or the largest picture (most pixels, then most bits) of an ICO or CUR.

    Blocks until the pixels are there: call it in a thread.

    Args:
        data: the whole file; not needed any more when this returns.
        image_format: ICO, CUR or BMP.
        limits: what may be decoded; every picture in the file is held against it before the first is decoded.

    Returns:
        8-bit sRGB with three bands, or four when there is transparency (alpha straight), in memory. A picture that
        was PNG inside keeps its ICC profile, not yet applied.

    Raises:
        CorruptImage: broken, cut off, or coded in a way that is not read.
        ImageTooLarge: a picture in the file is over *limits*, or run-length coded and large.
    """
    try:
        if image_format is ImageFormat.BMP:
            return _bitmap(data, headers.read_bitmap_file(data, limits))
        return _icon(headers.largest_entry(data, limits))
    except ImgsvcError:
        raise
    except Exception as error:
        # On broken files Pillow raises nearly anything: OSError, SyntaxError, ValueError, struct.error, IndexError …
        raise CorruptImage("The picture is broken or ends too early.") from error


def _icon(entry: IconEntry) -> pyvips.Image:
    """Decode an icon's picture: colour as if it were a BMP file, transparency from its own alpha or mask."""
    if entry.bitmap is None:
        return _png(entry)
    header = replace(entry.bitmap, height=entry.height)
    pixels_at = header.header_bytes + header.palette_bytes
    mask_at = pixels_at + header.row_bytes() * header.height
    picture = _open_bitmap(_bitmap_file(entry.payload[:mask_at], header, pixels_at), header)
    if header.bits == _ALPHA_BITS:
        alpha = entry.payload[pixels_at + 3 : mask_at : 4]
        # No alpha anywhere: written by a program that knew only masks.
        if alpha.strip(b"\0"):
            return _to_vips(picture, _plane("L", header, alpha))
    mask = entry.payload[mask_at : mask_at + header.row_bytes(1) * header.height]
    if header.bits == _ALPHA_BITS and not mask:
        return _to_vips(picture)
    return _to_vips(picture, _plane("1", header, mask))


def _bitmap_file(payload: bytes, header: BitmapHeader, pixels_at: int) -> bytes:
    """Write a BMP file around an icon's bitmap, with the height of the picture alone instead of picture and mask."""
    height = struct.pack("<H", header.height) if header.is_core else struct.pack("<i", header.signed_height)
    height_at = 6 if header.is_core else 8
    body = payload[:height_at] + height + payload[height_at + len(height) :]
    file_bytes = headers.BMP_FILE_HEADER_BYTES + len(body)
    return _FILE_HEADER.pack(b"BM", file_bytes, 0, 0, headers.BMP_FILE_HEADER_BYTES + pixels_at) + body


def _plane(kind: str, header: BitmapHeader, data: bytes) -> "Image":
    """Read an icon's alpha (L) or its mask (1, where a set bit means transparent) in the picture's row order."""
    from PIL import Image  # noqa: PLC0415 - start-up time: most processes never meet an icon

    layout = ("L", 0, header.direction) if kind == "L" else ("1;I", header.row_bytes(1), header.direction)
    return Image.frombytes(kind, (header.width, header.height), data, "raw", layout).convert("L")


def _png(entry: IconEntry) -> pyvips.Image:
    """Decode a PNG inside an icon with libvips, whose loader is stricter about damage than Pillow's."""
    if png_extras.has_too_much(entry.payload):
        raise CorruptImage(png_extras.TOO_MUCH)
    image = pyvips.Image.pngload_buffer(entry.payload, fail_on="truncated")
    if (image.width, image.height) != (entry.width, entry.height):
        raise CorruptImage("The icon's picture has another size than its header says.")
    if image.interpretation in ("srgb", "rgb"):
        return image.copy_memory()
    # Grey becomes colour here, and the profile of a grey picture means nothing to one in colour.
    image = image.colourspace("srgb").copy()
    image.remove("icc-profile-data")
    return image.copy_memory()


def _bitmap(data: bytes, header: BitmapHeader) -> pyvips.Image:
    if header.is_run_length_coded and (
        header.width * header.height > MAX_RUN_LENGTH_PIXELS or len(data) > MAX_RUN_LENGTH_BYTES
    ):
        raise ImageTooLarge("The bitmap is run-length coded and too large for that.")
    return _to_vips(_open_bitmap(data, header))


def _open_bitmap(data: bytes, header: BitmapHeader) -> "Image":
    """Open a BMP file whose size is already checked; with :func:`_to_vips` the only use of Pillow's decoders."""
    headers.check_rows(data, header)  # before memory for its pixels is taken
    from PIL.BmpImagePlugin import BmpImageFile  # noqa: PLC0415 - start-up time: most processes never meet a bitmap

    # The plug-in itself, not Image.open: nothing is guessed, no other plug-in is imported, and the check for bombs,
    # which warns where it should refuse, has been done.
    picture = BmpImageFile(BytesIO(data))
    if picture.size != (header.width, header.height):
        raise CorruptImage("The picture has another size than its header says.")
    return picture


def _to_vips(picture: "Image", alpha: "Image | None" = None) -> pyvips.Image:
    """Decode; with *alpha* as the fourth band, else the picture's own, unless that is empty throughout."""
    if alpha is not None:
        picture = picture.convert("RGB")
        picture.putalpha(alpha)
    elif picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (0, 0):
        # The writer left the fourth byte empty. Browsers show such a bitmap as opaque.
        picture = picture.convert("RGB")
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    pixels = picture.convert(mode).tobytes()
    image = pyvips.Image.new_from_memory(pixels, *picture.size, len(mode), "uchar")
    return image.copy(interpretation="srgb")
