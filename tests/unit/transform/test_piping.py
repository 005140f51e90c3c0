"""Pictures that come through a pipe, read in the test's own thread."""

import gc
import os
import threading

import pytest
import pyvips

from imgsvc.model.colours import Colour
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Output, Placeholder, TransformSpec
from imgsvc.transform import runtime
from imgsvc.transform.limits import Limits
from imgsvc.transform.piping import can_pipe, end_wait, read_pipe
from imgsvc.transform.probe import ImageInfo, probe
from imgsvc.transform.results import Head
from imgsvc.transform.runtime import Killed, KillSwitch
from tests.support import pictures
from tests.unit.transform.bodies import Writer, descriptors

pytestmark = pytest.mark.slow

LIMITS = Limits(max_pixels=10**8, max_animation_pixels=10**8, max_frames=10, max_side_px=10**5)
JPEG = pictures.jpeg(pictures.noise(1200, 900))
PNG = pictures.png(pictures.noise(1200, 900))
SOURCES = {ImageFormat.JPEG: JPEG, ImageFormat.PNG: PNG}


@pytest.fixture(autouse=True)
def _nothing_is_left_open():
    """What is open afterwards was open before, and no garbage collector had to help."""
    runtime.prepare()
    gc.collect()
    gc.disable()
    before = descriptors()
    yield
    after = descriptors()
    gc.enable()
    assert after == before


def decoded(writer: Writer, image_format: ImageFormat, switch: KillSwitch | None = None) -> float:
    """Read a pipe as the pool does, and give the mean of the pixels."""
    switch = switch or KillSwitch()
    info = probe(SOURCES[image_format], image_format, LIMITS)
    try:
        return read_pipe(writer.reading_end, info, lambda source: source.frames(switch)[0].copy_memory().avg(), switch)
    finally:
        switch.let_go()
        os.close(writer.reading_end)


def info(image_format: ImageFormat, *, interlaced: bool = False) -> ImageInfo:
    return ImageInfo(image_format=image_format, width=10, height=10, interlaced=interlaced)


@pytest.mark.parametrize(
    ("image_format", "interlaced", "wanted", "can"),
    [
        (ImageFormat.JPEG, False, {"width": 5}, True),
        (ImageFormat.PNG, False, {"rotate": 90}, True),
        (ImageFormat.JPEG, False, {"placeholder": Placeholder.BLUR}, True),
        (ImageFormat.JPEG, True, {}, False),
        (ImageFormat.PNG, True, {}, False),
        (ImageFormat.AVIF, False, {}, False),
        (ImageFormat.GIF, False, {}, False),
        (ImageFormat.TIFF, False, {}, False),
        (ImageFormat.JPEG, False, {"trim": 10}, False),
        (ImageFormat.JPEG, False, {"output": Output.JSON}, False),
        (ImageFormat.PNG, False, {"page": Colour(0, 0, 0)}, False),
        (ImageFormat.PNG, False, {"page": Colour(0, 0, 0), "placeholder": Placeholder.BLUR}, True),
    ],
)
def test_what_can_be_piped(image_format, interlaced, wanted, can) -> None:
    """Only what is read once, from top to bottom."""
    head = Head(image_format, info(image_format, interlaced=interlaced))
    assert can_pipe(head, TransformSpec(**wanted)) is can


def test_what_is_not_known_is_not_piped() -> None:
    """A head that was too short says nothing."""
    assert not can_pipe(Head(ImageFormat.JPEG, None), TransformSpec())


@pytest.mark.parametrize("piece_bytes", [65536, 1000])
@pytest.mark.parametrize("image_format", SOURCES)
def test_a_piped_picture_is_the_picture(image_format, piece_bytes) -> None:
    """However it arrives, the pixels are those of the file."""
    writer = Writer(SOURCES[image_format], piece_bytes=piece_bytes)

    assert decoded(writer, image_format) == pictures.decoded(SOURCES[image_format]).avg()

    writer.join(60)


@pytest.mark.parametrize("image_format", SOURCES)
def test_a_sender_that_dies_makes_a_broken_picture(image_format) -> None:
    """Never a partly grey one; and while the error is still held, nothing of the pipe is."""
    data = SOURCES[image_format]
    writer = Writer(data[: len(data) // 2])
    before = descriptors()

    with pytest.raises(pyvips.Error) as error:
        decoded(writer, image_format)

    writer.join(60)
    assert str(writer.reading_end) not in descriptors()
    assert len(descriptors()) < len(before)
    del error


@pytest.mark.parametrize("image_format", SOURCES)
def test_an_early_end_tells_the_sender(image_format) -> None:
    """Who goes on writing when all pixels are there, or something is wrong, is not left waiting."""
    writer = Writer(SOURCES[image_format] + bytes(10**6))

    decoded(writer, image_format)

    writer.join(60)
    assert writer.broken


def test_a_pipe_that_does_not_wait_is_made_to() -> None:
    """A descriptor set up for an event loop is read like any other."""
    writer = Writer(JPEG)
    os.set_blocking(writer.reading_end, False)

    assert decoded(writer, ImageFormat.JPEG) > 0

    writer.join(60)


def test_nothing_is_read_for_nobody() -> None:
    """Work that is not wanted any more does not begin."""
    writer = Writer(JPEG)
    switch = KillSwitch()
    switch.kill()

    with pytest.raises(Killed):
        decoded(writer, ImageFormat.JPEG, switch)

    writer.join(60)
    assert writer.broken


@pytest.mark.parametrize("image_format", SOURCES)
def test_a_kill_ends_the_wait_for_a_stalled_sender(image_format) -> None:
    """Nothing arrives any more, and nobody closes the other end; the thread ends all the same."""
    data = SOURCES[image_format]
    writer = Writer(data[: len(data) // 2], closes=False)
    switch = KillSwitch()
    ended = threading.Event()

    def read() -> None:
        try:
            decoded(writer, image_format, switch)
        except (pyvips.Error, Killed):
            pass  # either; it depends on where it waited
        finally:
            ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    writer.join(60)
    while not ended.wait(0.02):
        switch.kill()
    thread.join()
    os.close(writer.writing_end)


def test_ending_a_wait_needs_a_pipe() -> None:
    """What is no pipe, or is full, is left alone."""
    reading_end, writing_end = os.pipe()
    for _ in range(3):
        end_wait(reading_end)
    os.close(reading_end)
    end_wait(reading_end)
    os.close(writing_end)
