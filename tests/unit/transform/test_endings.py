"""Files that reach their end, and files that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.formats import ImageFormat
from imgsvc.stream.base import CHUNK_BYTES
from imgsvc.transform.body import viewed
from imgsvc.transform.endings import is_whole
from imgsvc.transform.limits import MAX_FRAMES
from tests.support import pictures
from tests.unit.transform.bodies import KINDS, laid

pytestmark = pytest.mark.slow

SPOKEN = [f for f in pictures.RASTERS if f not in (ImageFormat.ICO, ImageFormat.CUR, ImageFormat.BMP)]


def judged(kind: str, data: bytes, image_format: ImageFormat) -> bool:
    """Judge *data* where it lies."""
    with laid(kind, data) as body:
        view = viewed(body)
        return is_whole(view, image_format)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("image_format", SPOKEN)
def test_a_whole_file_is_whole(image_format, kind) -> None:
    """Every format's own end is recognised, in memory and in a file."""
    assert judged(kind, pictures.RASTERS[image_format](pictures.noise()), image_format)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("image_format", SPOKEN)
@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_cut_file_is_not(image_format, tenths, kind) -> None:
    """Wherever it is cut, it shows."""
    data = pictures.RASTERS[image_format](pictures.noise())

    assert not judged(kind, data[: len(data) * tenths // 10], image_format)


@pytest.mark.parametrize("behind_bytes", [0, 1, CHUNK_BYTES - 2, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 1])
def test_a_jpeg_s_end_is_found_far_from_the_file_s(behind_bytes) -> None:
    """Also where the search, which goes piece by piece, begins a new one."""
    start = b"\xff\xd8\xff" + bytes(5 * CHUNK_BYTES)

    assert is_whole(start + b"\xff\xd9" + bytes(behind_bytes), ImageFormat.JPEG)
    assert not is_whole(start + b"\xff\xd8" + bytes(behind_bytes), ImageFormat.JPEG)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filling", [b"", b"\xff\xff", b"\xff\x01", b"\xff\xd0\xff\xd7"])
def test_the_end_of_a_small_picture_inside_is_not_a_jpeg_s(filling, kind) -> None:
    """Cameras put a whole small JPEG before the pixels; what ends behind that has not ended."""
    small, large = pictures.jpeg(), pictures.jpeg(pictures.noise(200, 100))
    segment = filling + b"\xff\xe1" + (2 + len(small)).to_bytes(2, "big") + small
    data = large[:2] + segment + large[2:]

    assert judged(kind, data, ImageFormat.JPEG)
    assert judged(kind, data + small, ImageFormat.JPEG)
    assert not any(judged(kind, data[: len(data) * tenths // 10], ImageFormat.JPEG) for tenths in range(1, 10))


@pytest.mark.parametrize("name", ["big-8mb.jpg", "exif-6.jpg", "photo-2mp-leaf.jpg"])
def test_half_a_photograph_is_not_whole(name) -> None:
    """As cameras write them, with small pictures and profiles inside."""
    data = pictures.corpus(name)

    assert not is_whole(data[: len(data) // 2], ImageFormat.JPEG)


def test_a_jpeg_of_segments_alone_is_searched_all_the_same() -> None:
    """However many there are, only so many are skipped one by one."""
    data = b"\xff\xd8" + b"\xff\xfe\x00\x02" * 10_000

    assert is_whole(data + b"\xff\xda\xff\xd9", ImageFormat.JPEG)
    assert not is_whole(data, ImageFormat.JPEG)


@pytest.mark.parametrize("image_format", [ImageFormat.PNG, ImageFormat.WEBP])
def test_space_that_was_never_written_is_no_end(image_format) -> None:
    """A file has its length and zeros instead of chunks when its writer stopped in the middle."""
    frames = [pictures.noise(60, 40, seed=seed) for seed in range(4)]
    data = pictures.png() if image_format is ImageFormat.PNG else pictures.animated(frames, image_format, (50,) * 4)
    last = data.rindex(b"IEND" if image_format is ImageFormat.PNG else b"ANMF") - 4

    assert is_whole(data, image_format)
    assert not is_whole(data[:last].ljust(max(len(data), last + 24), b"\0"), image_format)


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF])
def test_what_is_appended_is_forgiven(image_format) -> None:
    """Bytes behind the end are a writer's own business."""
    assert is_whole(pictures.RASTERS[image_format](pictures.noise()) + b"appended" * 5, image_format)


def test_animations_are_whole() -> None:
    """Files of many frames end like others."""
    for image_format in (ImageFormat.GIF, ImageFormat.WEBP):
        assert is_whole(pictures.animation(image_format), image_format)


def test_avif_boxes() -> None:
    """A box to the end, one with a long size, and one with an impossible size."""
    head = b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00"
    assert is_whole(head + b"\x00\x00\x00\x00mdat" + b"x" * 9, ImageFormat.AVIF)
    assert is_whole(head + b"\x00\x00\x00\x01mdat" + (20).to_bytes(8, "big") + b"four", ImageFormat.AVIF)
    assert not is_whole(head + b"\x00\x00\x00\x01mdat" + (99).to_bytes(8, "big") + b"four", ImageFormat.AVIF)
    assert not is_whole(head + b"\x00\x00\x00\x02mdat", ImageFormat.AVIF)


@given(st.binary(max_size=100), st.sampled_from(list(ImageFormat)))
def test_noise_is_never_an_exception(noise, image_format) -> None:
    """Whatever comes, the answer is yes or no."""
    assert is_whole(noise, image_format) in (True, False)


@pytest.mark.parametrize("name", ["photo-2mp-leaf.jpg", "big-8mb.jpg", "exif-6.jpg", "logo-alpha.png", "logo-wide.png",
                                  "photo-small.png", "photo-small.webp", "anim.webp", "anim.gif"])  # fmt: skip
def test_real_pictures_are_whole(name) -> None:
    """Pictures as they are found."""
    image_format = {"jpg": ImageFormat.JPEG, "png": ImageFormat.PNG, "webp": ImageFormat.WEBP, "gif": ImageFormat.GIF}

    assert is_whole(pictures.corpus(name), image_format[name.rpartition(".")[2]])


def test_what_only_makes_work_is_not_walked_through() -> None:
    """Hundreds of thousands of empty chunks or boxes hold no thread: what has so many is no picture."""
    drawn, empty = pictures.png(), bytes(4) + b"IDAT" + bytes(4)
    assert is_whole(drawn[:-12] + empty * 25_000 + drawn[-12:], ImageFormat.PNG)
    assert not is_whole(drawn[:-12] + empty * 300_000 + drawn[-12:], ImageFormat.PNG)
    assert not is_whole(pictures.avif() + b"\0\0\0\x08free" * 5_000, ImageFormat.AVIF)


def webp_of(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def test_more_frames_than_anybody_shows_are_refused() -> None:
    """The decoder of WebP goes through all frames for each: of too many, or hidden behind chunks, it sees none."""
    frame, other = b"ANMF" + bytes(4), b"JUNK" + bytes(4)
    assert is_whole(webp_of(frame * MAX_FRAMES), ImageFormat.WEBP)
    assert not is_whole(webp_of(frame * (MAX_FRAMES + 1)), ImageFormat.WEBP)
    assert not is_whole(webp_of(other * 65_536, frame * (MAX_FRAMES + 1)), ImageFormat.WEBP)
