"""Verdicts for one page, and the adaptation that follows them."""

import threading

import pytest
import pyvips

from imgsvc.model.colours import Colour
from imgsvc.model.look import Theme
from imgsvc.vision.adapt import READS_WELL
from imgsvc.vision.analysis import analyse, contrast_on
from imgsvc.vision.pixels import Pixels
from imgsvc.vision.theming import PageTheming
from tests.support import pictures

pytestmark = pytest.mark.slow

SEES = PageTheming()
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
DUSK, CREAM = Colour(40, 0, 60), Colour(250, 240, 200)


def ring(ink: tuple[int, ...], side_px: int = 200):
    """Draw a square of one ink with a hole, on nothing."""
    clear = pictures.filled((0, 0, 0, 0), side_px, side_px)
    full = clear.insert(pictures.filled((*ink, 255), side_px // 2, side_px // 2), side_px // 4, side_px // 4)
    return full.insert(pictures.filled((0, 0, 0, 0), side_px // 4, side_px // 4), side_px * 3 // 8, side_px * 3 // 8)


def shades(side_px: int):
    """Draw more dark colours than fit a palette, on nothing: the most work."""
    noise = pyvips.Image.gaussnoise(side_px // 2, side_px // 2, mean=20, sigma=8)
    ink = noise.bandjoin([noise.rot90(), noise.rot180(), noise.linear(0, 255)]).cast("uchar")
    clear = pictures.filled((0, 0, 0, 0), side_px, side_px)
    return clear.insert(ink.copy(interpretation="srgb"), side_px // 4, side_px // 4)


@pytest.mark.parametrize("theme", list(Theme))
@pytest.mark.parametrize("ink", [BLACK, WHITE, (90, 90, 90), (224, 49, 49)])
def test_a_theme_s_own_page_is_what_was_analysed(ink, theme) -> None:
    """Both contrasts are the analysis' own, and the verdict goes by the one that was asked for."""
    analysis = analyse(Pixels.of(ring(ink)))
    look = SEES.see(ring(ink), theme.page).look("", remembered=None)
    assert (look.contrast_light, look.contrast_dark) == (analysis.contrast_light, analysis.contrast_dark)
    assert (look.brightness, look.has_transparency) == (analysis.brightness, True)
    assert look.needs_inversion == (analysis.contrast(theme) < 2)
    assert not look.inverted


@pytest.mark.parametrize(
    ("page", "scheme", "stands_for"),
    [(DUSK, "", "dark"), (CREAM, "", "light"), (DUSK, "light", "light"), (CREAM, "dark", "dark")],
)
def test_another_page_stands_for_one_of_the_two(page, scheme, stands_for) -> None:
    """For that of the scheme that was named, else for the one its own lightness is near."""
    pixels = Pixels.of(ring((120, 120, 120)))
    analysis = analyse(pixels)
    look = SEES.see(pixels.image, page).look(scheme, remembered=None)
    expected = {theme.value: analysis.contrast(theme) for theme in Theme} | {stands_for: contrast_on(pixels, page)}
    assert {"light": look.contrast_light, "dark": look.contrast_dark} == expected


@pytest.mark.parametrize(
    ("low", "high", "verdicts"),
    [
        (1.0, 1.8, [True, True, True]),
        (1.8, 2.0, [True, True, False]),
        (2.0, 2.2, [False, True, False]),
        (2.2, 3.0, [False, False, False]),
    ],
)
def test_an_earlier_verdict_counts_near_the_limit(low, high, verdicts) -> None:
    """Between 1.8 and 2.2 what was said before is said again; beyond, the contrast alone tells."""
    sights = (SEES.see(ring((grey, grey, grey)), Theme.DARK.page) for grey in range(20, 120))
    sight = next(sight for sight in sights if low <= sight.contrast < high)
    assert [sight.look("dark", remembered=was).needs_inversion for was in (None, True, False)] == verdicts


def test_what_is_opaque_or_empty_is_not_lost() -> None:
    """A tile brings its own page, and where nothing is, nothing can be lost."""
    for image in (pictures.filled((11, 15, 25), 40, 40), pictures.filled((0, 0, 0, 0), 40, 40)):
        assert not SEES.see(image, Theme.DARK.page).look("dark", remembered=True).needs_inversion


@pytest.mark.parametrize("page", [Theme.DARK.page, DUSK])
def test_what_is_lost_is_adapted(page) -> None:
    """Afterwards it reads; alpha is as it was, and so is the picture that was given."""
    image = ring(BLACK)
    before = bytes(image.write_to_memory())
    adapted = SEES.adapt(image, page, lambda part: part)
    assert contrast_on(Pixels.of(adapted), page) >= READS_WELL
    assert (adapted[3] - image[3]).abs().max() == 0
    assert bytes(image.write_to_memory()) == before


def test_what_reads_is_left() -> None:
    """There is nothing to give back then."""
    assert SEES.adapt(ring(WHITE), Theme.DARK.page, lambda part: part) is None


def test_grey_and_grey_with_alpha_are_read() -> None:
    """A picture without colour is one all the same."""
    grey = ring(BLACK).colourspace("b-w")
    assert (grey.bands, SEES.see(grey, Theme.DARK.page).look("", remembered=None).needs_inversion) == (2, True)
    assert SEES.adapt(grey, Theme.DARK.page, lambda part: part)(60, 60) == [255, 255, 255, 255]


def test_adapting_can_be_stopped() -> None:
    """All that is shown to whoever watches is read from, so that a flag that is set again and again ends the work."""
    parts, ended = [], threading.Event()

    def watch(part):
        part.set_progress(True)  # without it libvips ignores the flag
        parts.append(part)
        return part

    def stop() -> None:
        while not ended.is_set():
            for part in tuple(parts):
                part.set_kill(True)

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        with pytest.raises(pyvips.Error):
            SEES.adapt(shades(1500), Theme.DARK.page, watch)
    finally:
        ended.set()
        stopper.join()
