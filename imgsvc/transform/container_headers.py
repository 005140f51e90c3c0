"""
What the headers of ICO, CUR and BMP files say: pure reading, no pixels, no imaging library.

Layouts are those of Microsoft's "ICO file format" (ICONDIR, ICONDIRENTRY) and "Bitmap Storage" (BITMAPCOREHEADER,
BITMAPINFOHEADER and its descendants), and of PNG's IHDR (W3C PNG, third edition, §11.2.1).
"""

import struct

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.errors import CorruptImage, ImageTooLarge
from imgsvc.model.formats import ImageFormat
from imgsvc.transform.body import View
from imgsvc.transform.limits import Limits

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_ENTRIES = 256
"""Icons have a dozen entries at most; a directory longer than this only makes work."""

BMP_FILE_HEADER_BYTES = 14
_READ_BYTES = 1024
"""How much of a picture is read for its header; the longest there is, BITMAPV5HEADER, has 124."""

_CORE_HEADER_BYTES = 12
_INFO_HEADER_BYTES = 40
_DIRECTORY = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBBHHII")
_IHDR = struct.Struct(">4sIIBB")
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_BITFIELDS = 3
_RUN_LENGTH_CODED = frozenset((1, 2))


class BitmapHeader(Struct, frozen=True):
    """
    A device-independent bitmap's header.

    Attributes:
        width: in px.
        height: in px, without sign; inside an icon it counts the mask too.
        bits: of one pixel.
        header_bytes: of the header alone.
        palette_bytes: of colour table or bit masks behind it.
        compression: BI_RGB 0, BI_RLE8 1, BI_RLE4 2, BI_BITFIELDS 3.
        is_top_down: whether the first row is the uppermost; bitmaps usually begin at the bottom.
    """

    width: int
    height: int
    bits: int
    header_bytes: int
    palette_bytes: int
    compression: int
    is_top_down: bool = False

    @property
    def is_core(self) -> bool:
        """Whether this is the oldest kind of header, with sides of 16 bits."""
        return self.header_bytes == _CORE_HEADER_BYTES

    @property
    def direction(self) -> int:
        """Order of rows as Pillow's raw decoder takes it."""
        return 1 if self.is_top_down else -1

    @property
    def signed_height(self) -> int:
        """Height as the header writes it."""
        return -self.height if self.is_top_down else self.height

    @property
    def is_run_length_coded(self) -> bool:
        """Whether the pixels are BI_RLE8 or BI_RLE4."""
        return self.compression in _RUN_LENGTH_CODED

    def row_bytes(self, bits: int | None = None) -> int:
        """Bytes of one row, padded to four, of the pixels or of a plane with *bits* a pixel."""
        return (self.width * (self.bits if bits is None else bits) + 31) // 32 * 4


class IconEntry(Struct, frozen=True):
    """
    One picture of an icon or cursor.

    Attributes:
        width: in px, as the picture's own header says; the directory cannot say more than 256.
        height: likewise, without the mask.
        bits: of one pixel.
        payload: its bytes: a PNG file, or a bitmap without file header; of all but the largest only the first.
        bitmap: the bitmap's header; None for a PNG.
    """

    width: int
    height: int
    bits: int
    payload: bytes
    bitmap: BitmapHeader | None


def read_size(data: View, image_format: ImageFormat, limits: Limits) -> tuple[int, int]:
    """
    Give width and height in px of a BMP, or of the largest picture of an ICO or CUR.

    Raises:
        CorruptImage: the headers are broken or point outside the file.
        ImageTooLarge: a picture in the file is over *limits*.
    """
    if image_format is ImageFormat.BMP:
        header = read_bitmap_file(data, limits)
        return header.width, header.height
    _, entry = _largest(data, limits)
    return entry.width, entry.height


def read_bitmap_file(data: View, limits: Limits) -> BitmapHeader:
    """Read a BMP file's headers, and whether all its rows are there; errors as with :func:`read_size`."""
    header = _bitmap_header(data[BMP_FILE_HEADER_BYTES : BMP_FILE_HEADER_BYTES + _READ_BYTES])
    _check(header.width, header.height, limits)
    check_rows(data, header)
    return header


def check_rows(data: View, header: BitmapHeader) -> None:
    """
    See that a BMP file is as long as its rows are; how long run-length coded ones are, its header does not say.

    Raises:
        CorruptImage: it is not.
    """
    offset = int.from_bytes(data[10:BMP_FILE_HEADER_BYTES], "little")
    pixels_at = max(offset, BMP_FILE_HEADER_BYTES + header.header_bytes)
    if not header.is_run_length_coded and len(data) < pixels_at + header.row_bytes() * header.height:
        raise CorruptImage("The bitmap ends too early.")


def largest_entry(data: View, limits: Limits) -> IconEntry:
    """
    Choose the picture of an ICO or CUR with the most pixels, then the most bits; the first of equals.

    All are checked, whichever is chosen: one that reaches beyond the file means that the file is cut off, and cut-off
    files are never answered with what is left of them. Errors as with :func:`read_size`.
    """
    index, entry = _largest(data, limits)
    offset, size_bytes = _span(data, index)
    return replace(entry, payload=data[offset : offset + size_bytes])


def _largest(data: View, limits: Limits) -> tuple[int, IconEntry]:
    """Compare heads only: the pictures may lie over one another, and copies of all be many times the file."""
    entries = [(index, _entry(data, index, limits)) for index in range(_entry_count(data))]
    return max(entries, key=lambda pair: (pair[1].width * pair[1].height, pair[1].bits))


def _entry_count(data: View) -> int:
    if len(data) < _DIRECTORY.size:
        raise CorruptImage("The icon ends inside its header.")
    count: int = _DIRECTORY.unpack(data[: _DIRECTORY.size])[2]
    if not 0 < count <= MAX_ENTRIES or len(data) < _DIRECTORY.size + count * _ENTRY.size:
        raise CorruptImage(f"The icon's directory is broken or has more than {MAX_ENTRIES} entries.")
    return count


def _entry(data: View, index: int, limits: Limits) -> IconEntry:
    width, height, *_ = _row(data, index)
    _check(width or 256, height or 256, limits)
    offset, size_bytes = _span(data, index)
    if offset + size_bytes > len(data):
        raise CorruptImage("The icon ends before its last picture does.")
    payload = data[offset : offset + min(size_bytes, _READ_BYTES)]
    entry = _png_entry(payload) if payload.startswith(PNG_SIGNATURE) else _bitmap_entry(payload)
    _check(entry.width, entry.height, limits)
    return entry


def _row(data: View, index: int) -> tuple[int, ...]:
    """Read one line of the directory, which is there."""
    at = _DIRECTORY.size + index * _ENTRY.size
    return _ENTRY.unpack(data[at : at + _ENTRY.size])


def _span(data: View, index: int) -> tuple[int, int]:
    """Where a picture of the directory begins, and its length in bytes."""
    *_, size_bytes, offset = _row(data, index)
    return offset, size_bytes


def _png_entry(payload: bytes) -> IconEntry:
    if len(payload) < len(PNG_SIGNATURE) + 4 + _IHDR.size:
        raise CorruptImage("A PNG picture in the icon ends inside its header.")
    kind, width, height, depth, colour_type = _IHDR.unpack_from(payload, len(PNG_SIGNATURE) + 4)
    if kind != b"IHDR" or colour_type not in _PNG_CHANNELS:
        raise CorruptImage("A PNG picture in the icon has no valid header.")
    return IconEntry(width, height, depth * _PNG_CHANNELS[colour_type], payload, None)


def _bitmap_entry(payload: bytes) -> IconEntry:
    header = _bitmap_header(payload)
    if header.is_run_length_coded or header.height % 2:
        raise CorruptImage("A bitmap in the icon is coded in a way icons are not.")
    return IconEntry(header.width, header.height // 2, header.bits, payload, header)


def _bitmap_header(dib: bytes) -> BitmapHeader:
    """Read any of the bitmap headers at the beginning of *dib*."""
    header_bytes = int.from_bytes(dib[:4], "little")
    if len(dib) < header_bytes or header_bytes < _CORE_HEADER_BYTES:
        raise CorruptImage("The bitmap ends inside its header.")
    if header_bytes == _CORE_HEADER_BYTES:
        width, height, _, bits = struct.unpack_from("<HHHH", dib, 4)
        return BitmapHeader(width, height, bits, header_bytes, _palette_entries(bits, 0) * 3, 0)
    if header_bytes < _INFO_HEADER_BYTES:
        raise CorruptImage("The bitmap has a header this service does not read.")
    return _info_header(dib, header_bytes)


def _info_header(dib: bytes, header_bytes: int) -> BitmapHeader:
    width, height, _, bits, compression, *_, colours, _ = struct.unpack_from("<IiHHIIiiII", dib, 4)
    # Masks stand behind the oldest of these headers only; later ones hold them.
    masks = 12 if compression == _BITFIELDS and header_bytes == _INFO_HEADER_BYTES else 0
    palette_bytes = _palette_entries(bits, colours) * 4 + masks
    return BitmapHeader(width, abs(height), bits, header_bytes, palette_bytes, compression, height < 0)


def _palette_entries(bits: int, colours: int) -> int:
    return (colours or 1 << bits) if bits <= 8 else 0  # noqa: PLR2004 - deeper pixels are no indices


def _check(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise CorruptImage("The picture has no extent.")
    if width * height > limits.max_pixels or max(width, height) > limits.max_side_px:
        raise ImageTooLarge(f"The picture is {width} × {height} px, more than is decoded.")
