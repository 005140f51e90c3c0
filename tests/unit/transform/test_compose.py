"""Frames put together."""

import pytest

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import TransformSpec
from imgsvc.transform.compose import compose, glance
from imgsvc.transform.geometry import Geometry, Size
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.runtime import KillSwitch, TrackedMemory, prepare
from imgsvc.transform.source import FileSource
from imgsvc.transform.steps import FramePlan
from tests.support import pictures

GIF = ImageInfo(image_format=ImageFormat.GIF, width=60, height=40, pages=3, has_alpha=True)


@pytest.mark.parametrize(("every", "height"), [(True, 60), (False, 20)])
def test_page_height_fits_the_result(every, height) -> None:
    """Whoever encodes it finds the frames, or a single one, whatever the source's page height was."""
    plan = FramePlan(spec=TransformSpec(), geometry=Geometry.plain(Size(30, 20)))
    image = compose(FileSource(pictures.animation(), GIF), plan, KillSwitch(), every=every)
    assert (image.width, image.height, image.get_page_height()) == (30, height, 20)


@pytest.mark.parametrize("steps", [{"blur": 20.0}, {"greyscale": True}])
def test_frames_do_not_keep_what_their_steps_needed(steps) -> None:
    """A frame is done with before the next is begun: the pixels of all are held, and here once more as one picture."""
    prepare()
    frames = [pictures.noise(200, 100, seed=n) for n in range(8)]
    data = pictures.animated(frames, delays_ms=(50,) * len(frames))
    info = ImageInfo(image_format=ImageFormat.GIF, width=200, height=100, pages=len(frames))
    plan = FramePlan(spec=TransformSpec(**steps), geometry=Geometry.plain(Size(200, 100)))
    switch, memory = KillSwitch(), TrackedMemory()
    before, _ = memory.tracked_bytes()
    composed = compose(FileSource(data, info), plan, switch, every=True)
    whole = composed.copy_memory()
    now, _ = memory.tracked_bytes()
    assert now - before < 3 * whole.width * whole.height * whole.bands


def test_only_as_much_is_decoded_as_is_needed() -> None:
    """The tightest side decides how much a decoder may shrink, also where the ratio is not kept."""
    data = pictures.jpeg(pictures.quarters(640, 480))
    info = ImageInfo(image_format=ImageFormat.JPEG, width=640, height=480)
    plan = FramePlan(spec=TransformSpec(), geometry=Geometry.plain(Size(40, 400)))
    image = compose(FileSource(data, info), plan, KillSwitch())
    assert pictures.shows(image, pictures.CORNERS)
    assert (image.width, image.height) == (40, 400)


def test_a_glance_is_small_upright_and_in_colour() -> None:
    """Of grey too, and never larger than the picture is."""
    data = pictures.oriented_jpeg(6)
    info = ImageInfo(image_format=ImageFormat.JPEG, width=64, height=48, orientation=6)
    small, whole = (glance(FileSource(data, info), px, KillSwitch()) for px in (20, 500))
    assert [(i.width, i.height, i.format, i.interpretation) for i in (small, whole)] == [
        (20, 15, "uchar", "srgb"),
        (64, 48, "uchar", "srgb"),
    ]
    assert pictures.shows(small, pictures.CORNERS)
    grey = pictures.png(pictures.quarters().colourspace("b-w"))
    info = ImageInfo(image_format=ImageFormat.PNG, width=64, height=48)
    assert glance(FileSource(grey, info), 20, KillSwitch()).bands == 3
    assert glance(FileSource(pictures.animation(), GIF), 100, KillSwitch()).height == 40
