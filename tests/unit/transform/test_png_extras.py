"""What stands compressed in front of a PNG's pixels, and how much of it is too much."""

import struct
import zlib
from pathlib import Path

import pytest

from imgsvc.errors import CorruptImage
from imgsvc.model.formats import ImageFormat
from imgsvc.stream.base import FileRange
from imgsvc.transform import runtime
from imgsvc.transform.body import FileView
from imgsvc.transform.containers import open_container
from imgsvc.transform.limits import Limits
from imgsvc.transform.png_extras import MAX_CHUNKS, MAX_EXTRA_BYTES, MAX_NAME_BYTES, has_too_much
from imgsvc.transform.probe import probe, probe_head
from tests.support import pictures

LIMITS = Limits(max_pixels=50_000_000, max_animation_pixels=50_000_000, max_frames=256, max_side_px=16384)
HEADER_BYTES = 33
MANY = zlib.compress(bytes(MAX_EXTRA_BYTES + 1))
HALF = zlib.compress(bytes(MAX_EXTRA_BYTES // 2))

TEXT = b"zTXt", b"Comment\0\0"
TRANSLATED = b"iTXt", b"Comment\0\1\0de\0Anmerkung\0"
PROFILE = b"iCCP", b"sRGB\0\0"


@pytest.fixture(autouse=True)
def _prepared() -> None:
    runtime.prepare()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(*chunks: bytes) -> bytes:
    drawn = pictures.png()
    return drawn[:HEADER_BYTES] + b"".join(chunks) + drawn[HEADER_BYTES:]


@pytest.mark.parametrize(("kind", "name"), [TEXT, TRANSLATED, PROFILE])
def test_what_inflates_to_too_much_is_never_opened(kind, name) -> None:
    """One chunk of any kind that may be compressed is enough, in a whole file, a head and an icon."""
    bomb = with_chunks(chunk(kind, name + MANY))
    assert len(bomb) < 8192
    with pytest.raises(CorruptImage, match="compressed"):
        probe(bomb, ImageFormat.PNG, LIMITS)
    assert probe_head(bomb, ImageFormat.PNG, LIMITS) is None
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 64, 48, 0, 0, 1, 32, len(bomb), 22) + bomb
    with pytest.raises(CorruptImage, match="compressed"):
        open_container(icon, ImageFormat.ICO, LIMITS)


def test_many_small_ones_count_together() -> None:
    """The limit is for all of them."""
    assert not has_too_much(with_chunks(*[chunk(kind, name + HALF) for kind, name in (TEXT, TRANSLATED)]))
    assert has_too_much(with_chunks(*[chunk(kind, name + HALF) for kind, name in (TEXT, TRANSLATED, TEXT)]))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (b"tEXt", b"Comment\0" + MANY),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * (MAX_NAME_BYTES + 1)),
        (b"zTXt", b"Comment"),
        (b"zTXt", b"Comment\0\0no zlib at all"),
        (b"iTXt", b"Comment\0\1\0de"),
        (b"iTXt", b""),
    ],
)
def test_what_is_not_compressed_or_broken_counts_for_nothing(kind, data) -> None:
    """Long texts as they are, and chunks that end too early, are for the decoder."""
    assert not has_too_much(with_chunks(chunk(kind, data)))


def test_what_hides_is_refused() -> None:
    """Neither endless keywords nor endless chunks are read through."""
    hidden = b"Comment\0\1\0" + b"d" * MAX_NAME_BYTES + b"\0\0"
    assert has_too_much(with_chunks(chunk(b"iTXt", hidden + MANY)))
    assert has_too_much(with_chunks(chunk(b"zTXt", b"d" * MAX_NAME_BYTES + b"\0\0" + MANY)))
    assert has_too_much(with_chunks(chunk(b"tIME", b"") * MAX_CHUNKS))


def test_what_follows_the_pixels_is_not_looked_at() -> None:
    """The decoder does not either."""
    drawn = pictures.png()
    assert not has_too_much(drawn[:-12] + chunk(b"zTXt", TEXT[1] + MANY) + drawn[-12:])


def test_a_file_is_read_as_bytes_are(tmp_path: Path) -> None:
    """In windows, wherever a chunk lies."""
    path = tmp_path / "picture.png"
    long_text = chunk(b"tEXt", b"Comment\0" + bytes(200_000))
    for name, chunks in (("plain", [long_text]), ("bomb", [long_text, chunk(b"zTXt", TEXT[1] + MANY)])):
        path.write_bytes(with_chunks(*chunks))
        with path.open("rb") as file:
            assert has_too_much(FileView(FileRange(file.fileno(), 0, path.stat().st_size))) is (name == "bomb")
