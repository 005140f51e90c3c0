"""Single steps, each on its own."""

import time
from statistics import median

import pytest
import pyvips

from imgsvc.model.colours import Colour
from imgsvc.model.spec import Fit, Gravity, TransformSpec
from imgsvc.transform import steps
from imgsvc.transform.geometry import Geometry, Size, geometry
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.steps import FramePlan
from tests.support import pictures


def plan_for(image, spec: TransformSpec, **more) -> FramePlan:
    return FramePlan(spec=spec, geometry=geometry(image.width, image.height, spec, enlarge=spec.enlarge), **more)


@pytest.mark.parametrize("step", [steps.canvas, steps.blur, steps.sharpen, steps.greyscale, steps.background])
def test_a_step_with_nothing_to_do_gives_its_input_back(step) -> None:
    """Not a copy: the very same image."""
    image = pictures.quarters()
    assert step(image, plan_for(image, TransformSpec())) is image


def test_resize_and_window_with_nothing_to_do() -> None:
    """The same holds where there is a size."""
    image = pictures.quarters()
    plan = plan_for(image, TransformSpec())
    assert steps.resize(image, Size(64, 48)) is image
    assert steps.window(image, plan, (0, 0)) is image
    assert steps.rotate(image, plan.spec) is image
    assert steps.mirror(image, plan.spec) is image


@pytest.mark.parametrize("size", [Size(1, 1), Size(63, 1), Size(1, 47), Size(200, 3), Size(301, 299)])
@pytest.mark.parametrize("image", [pictures.quarters(), pictures.filled((1, 2, 3, 4), 64, 48)])
def test_resize_hits_the_size(size, image) -> None:
    """Every size is hit to the pixel, up and down."""
    result = steps.resize(image, size)
    assert (result.width, result.height, result.format) == (size.width, size.height, "uchar")


@pytest.mark.parametrize(
    ("orientation", "rotate", "swapped"), [(1, 0, False), (6, 0, True), (1, 90, True), (8, 270, False)]
)
def test_stored_sizes_are_swapped_by_quarter_turns(orientation, rotate, swapped) -> None:
    """Two quarter turns undo each other."""
    sizes = Geometry.plain(Size(30, 20))
    plan = FramePlan(spec=TransformSpec(rotate=rotate), geometry=sizes, orientation=orientation)
    assert plan.stored_size == (Size(20, 30) if swapped else Size(30, 20))


def test_blur_shrinks_with_the_picture() -> None:
    """A stand-in's blur is as strong as that of the picture it stands for."""
    image = pictures.noise()
    spec = TransformSpec(blur=4.0)
    full = steps.blur(image, plan_for(image, spec)).deviate()
    assert steps.blur(image, plan_for(image, spec, scale=0.25)).deviate() > full
    assert steps.blur(image, plan_for(image, spec, scale=0.01)) is image


@pytest.mark.parametrize("sigma", [0.5, 4.0, 60.0])
def test_blur_weighs_colours_by_their_alpha(sigma) -> None:
    """Laid on a page it looks as the exact way does, to two steps of 255; what is opaque stays so."""
    image = halves(64, 48)
    exact = image.premultiply().gaussblur(sigma).unpremultiply()
    made = steps.blur(image, plan_for(image, TransformSpec(blur=sigma)))
    page = {"background": [90, 200, 30]}
    assert (exact.flatten(**page) - made.flatten(**page)).abs().max() < 3
    assert (made.format, made.width, made.height, made.bands) == ("uchar", 64, 48, 4)
    opaque = pictures.filled((200, 40, 30), 20, 20)
    blurred = [steps.blur(each, plan_for(each, TransformSpec(blur=sigma))) for each in (opaque, opaque.addalpha())]
    assert [*blurred[0](9, 9), 255] == blurred[1](9, 9)


def test_blur_of_transparency_costs_little_more() -> None:
    """A fourth band and its weights take some more time than three bands; floats would take thirty times as long."""
    image = halves(400, 300)
    spec = TransformSpec(blur=60.0)

    def seconds(picture) -> float:
        began = time.process_time()  # of all threads, and of no other process
        steps.blur(picture, plan_for(picture, spec)).copy_memory()
        return time.process_time() - began

    opaque = image.flatten().copy_memory()
    seconds(opaque), seconds(image)
    assert median(seconds(image) / seconds(opaque) for _ in range(5)) < 12


def halves(width: int, height: int):
    """Make noise that is opaque on the left, and fades away on the right."""
    colours = pictures.noise(width, height)
    ramp = (pyvips.Image.xyz(width, height)[0] * (-510 / width) + 510).cast("uchar")
    return colours.bandjoin(ramp).copy(interpretation="srgb").copy_memory()


def test_smart_gravity_gives_an_offset() -> None:
    """The same window can be cut from other frames."""
    image = pictures.filled((9, 9, 9), 200, 50).insert(pictures.noise(50, 50), 150, 0)
    spec = TransformSpec(width=50, height=50, fit=Fit.COVER, gravity=Gravity.ENTROPY)
    plan = plan_for(image, spec)
    left, top = steps.find_offset(image, plan, KillSwitch())
    assert left > 100
    assert top == 0
    assert steps.window(image, plan, (left, top)).width == 50


def test_a_grey_picture_on_grey_stays_grey() -> None:
    """One channel is enough where background and picture have no colour."""
    image = pictures.filled((5, 5, 5, 0), 8, 8).colourspace("b-w")
    result = steps.background(image, plan_for(image, TransformSpec(background=Colour(7, 7, 7))))
    assert (result.bands, result(1, 1)) == (1, [7])


def test_the_page_is_behind_what_has_to_be_opaque() -> None:
    """Not white, unless another colour was asked for; where the format can be transparent the page is not drawn."""
    image, page = pictures.filled((10, 20, 30, 0), 4, 4), Colour(1, 2, 3)
    asked = TransformSpec(page=page, background=Colour(7, 8, 9))
    for spec, keeps_alpha, pixel in (
        (TransformSpec(page=page), False, [1, 2, 3]),
        (asked, False, [7, 8, 9]),
        (asked, True, [7, 8, 9]),
        (TransformSpec(page=page), True, [10, 20, 30, 0]),
        (TransformSpec(page=page, background=Colour(255, 255, 255, 128)), False, [128, 129, 129]),
    ):
        made = steps.background(image, plan_for(image, spec, keeps_alpha=keeps_alpha))(1, 1)
        assert made == pytest.approx(pixel, abs=1)


def test_adapting_is_the_last_step_before_the_background() -> None:
    """It sees the picture blurred and on its canvas, still transparent."""
    image = pictures.filled((0, 0, 0, 255), 20, 10)
    spec = TransformSpec(width=20, height=20, fit=Fit.CONTAIN, greyscale=True, background=Colour(9, 9, 9))
    seen = []
    made = steps.finish(image, plan_for(image, spec), (0, 0), lambda image: seen.append(image) or image.invert())
    assert (seen[0].height, seen[0].interpretation, seen[0](10, 1)[-1]) == (20, "b-w", 0)
    assert not made.hasalpha()
