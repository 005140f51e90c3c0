"""Sources that may be read again and again."""

import pytest

from imgsvc.model.formats import ImageFormat
from imgsvc.transform.limits import Limits
from imgsvc.transform.probe import probe
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import FileSource, MemorySource, contained_source
from tests.support import pictures
from tests.unit.transform.bodies import KINDS, laid

LIMITS = Limits(max_pixels=10**6, max_animation_pixels=10**6, max_frames=10, max_side_px=5000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_opened_anew_each_time(kind) -> None:
    """What is read from top to bottom can be read twice by asking twice."""
    data = pictures.jpeg()
    with laid(kind, data) as body:
        source = FileSource(body, probe(body, ImageFormat.JPEG, LIMITS))
        assert [source.frames(KillSwitch())[0].avg() for _ in range(2)] == [pictures.decoded(data).avg()] * 2
    assert (source.natural_px, source.size_bytes) == ((64, 48), len(data))


@pytest.mark.parametrize("kind", KINDS)
def test_frames_can_be_read_in_their_order(kind) -> None:
    """All frames come apart, from one file that is read once."""
    with laid(kind, pictures.animation()) as body:
        source = FileSource(body, probe(body, ImageFormat.GIF, LIMITS))
        frames = source.frames(KillSwitch(), every=True)
        assert [f.height for f in frames] == [40] * 3
        for frame, colour in zip(frames, pictures.FRAME_COLOURS, strict=True):
            assert pictures.is_near(frame.copy_memory()(50, 30)[:3], colour)


def test_memory_gives_one_frame_or_all() -> None:
    """The first alone, unless every frame is asked for."""
    images = (pictures.quarters(), pictures.noise())
    info = probe(pictures.png(), ImageFormat.PNG, LIMITS)
    source = MemorySource(b"", info, images, (64, 48))
    assert source.frames(KillSwitch()) == [images[0]]
    assert source.frames(KillSwitch(), every=True) == list(images)
    assert (source.size_bytes, MemorySource(None, info, images, (64, 48)).size_bytes) == (0, 0)


def test_a_container_is_its_largest_picture() -> None:
    """An ICO is read through Pillow and known by what came out."""
    source = contained_source(pictures.ico(), ImageFormat.ICO, LIMITS)
    assert (source.info.width, source.info.height, source.info.has_alpha) == (32, 32, True)
    assert pictures.is_near(source.images[0](3, 3)[:3], pictures.RED)
