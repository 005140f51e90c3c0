"""Pictures on a page: what is seen, what is done, and what is remembered of it."""

import time
from dataclasses import replace

import pytest

from imgsvc.model.colours import Colour
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Look
from imgsvc.model.spec import Fit, Output, Placeholder, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.pipeline import Pipeline
from imgsvc.transform.probe import probe
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import FileSource
from imgsvc.transform.theming import Painter, Sights, ThemedPainter, Viewed, is_themed
from imgsvc.vision.theming import PageTheming
from tests.support import pictures
from tests.support.rendering import render
from tests.unit.transform.logos import BLACK, DARK, LIGHT, WHITE, CountingTheming, inks, reads, wordmark

pytestmark = pytest.mark.slow

ON_DARK = TransformSpec(output=Output.PNG, page=DARK, scheme="dark")
ON_LIGHT = TransformSpec(output=Output.PNG, page=LIGHT, scheme="light")


def look_of(data: bytes, spec: TransformSpec) -> Look:
    """Render, and read what is said of the picture."""
    look = Look.parse(render(data, spec).look)
    assert look is not None
    return look


@pytest.mark.parametrize(("ink", "spec"), [(BLACK, ON_DARK), (WHITE, ON_LIGHT)])
def test_what_is_lost_is_flipped(ink, spec) -> None:
    """Black letters on a dark page turn white, and white ones on a light page black; alpha stays."""
    data = pictures.png(wordmark(ink))

    answer = render(data, replace(spec, width=200))

    assert inks(answer.data) == {tuple(255 - part for part in ink)}
    assert reads(answer.data, spec.page) >= 3
    look = Look.parse(answer.look)
    assert (look.needs_inversion, look.inverted, look.has_transparency) == (True, True, True)
    plain = render(data, TransformSpec(output=Output.PNG, width=200))
    alphas = [bytes(pictures.decoded(made)[3].write_to_memory()) for made in (answer.data, plain.data)]
    assert alphas[0] == alphas[1]


@pytest.mark.parametrize(("ink", "spec"), [(WHITE, ON_DARK), (BLACK, ON_LIGHT)])
def test_what_reads_is_as_without_a_page(ink, spec) -> None:
    """Its bytes are those of an answer without a page; only the look is said."""
    data = pictures.png(wordmark(ink))
    answer = render(data, replace(spec, width=200))
    plain = render(data, TransformSpec(output=Output.PNG, width=200))
    assert answer.data == plain.data
    assert plain.look == ""
    look = Look.parse(answer.look)
    assert (look.needs_inversion, look.inverted) == (False, False)


@pytest.mark.parametrize("fit", [Fit.COVER, Fit.CONTAIN, Fit.INSIDE])
@pytest.mark.parametrize("colour", [BLACK, WHITE])
def test_a_tile_is_never_flipped(colour, fit) -> None:
    """What is opaque brings its own background, even where bars let the page show."""
    data = pictures.png(pictures.filled((*colour, 255), 300, 100))
    for spec in (ON_DARK, ON_LIGHT):
        answer = render(data, replace(spec, width=64, height=64, fit=fit))
        assert inks(answer.data) == {colour}
        assert Look.parse(answer.look).inverted is False


def test_every_size_has_one_look() -> None:
    """What is said of a logo hangs on the logo, not on the size asked for; grey on the brink is judged alike."""
    for ink in (BLACK, (72, 72, 72), (80, 80, 80), (88, 88, 88)):
        data = pictures.png(wordmark(ink, 1500, 700))
        looks = {render(data, replace(ON_DARK, width=width)).look for width in (32, 64, 512, 1024)}
        assert len(looks) == 1


def test_an_earlier_verdict_is_kept_on_the_brink() -> None:
    """Near a contrast of 2 what was said before is said again, so that a logo does not flicker."""
    greys = [pictures.png(wordmark((grey, grey, grey), 120, 60)) for grey in range(50, 100, 2)]
    brink = next(data for data in greys if 1.85 < look_of(data, ON_DARK).contrast_dark < 2.0)
    above = next(data for data in greys if 2.05 < look_of(data, ON_DARK).contrast_dark < 2.2)
    verdicts = {
        (name, remembered): look_of(data, replace(ON_DARK, remembered=remembered)).needs_inversion
        for name, data in (("brink", brink), ("above", above))
        for remembered in (None, True, False)
    }
    assert verdicts == {
        ("brink", None): True, ("brink", True): True, ("brink", False): False,
        ("above", None): False, ("above", True): True, ("above", False): False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ink", "page", "scheme", "theirs"),
    [
        (BLACK, Colour(40, 0, 60), "dark", "contrast_dark"),
        (BLACK, Colour(40, 0, 60), "", "contrast_dark"),
        (WHITE, Colour(250, 240, 200), "light", "contrast_light"),
        (WHITE, Colour(250, 240, 200), "", "contrast_light"),
        (BLACK, Colour(40, 0, 60), "light", "contrast_light"),
    ],
)
def test_an_exact_page_stands_for_one_of_the_two(ink, page, scheme, theirs) -> None:
    """The contrast on it is said in place of a theme's, and decides."""
    data = pictures.png(wordmark(ink))
    answer = render(data, TransformSpec(output=Output.PNG, page=page, scheme=scheme))
    look = Look.parse(answer.look)
    assert getattr(look, theirs) == pytest.approx(reads(data, page), abs=1e-4)
    assert look.inverted
    assert reads(answer.data, page) >= 3


@pytest.mark.parametrize("output", [Output.JPEG, Output.PNG, Output.WEBP, Output.AVIF, Output.GIF])
def test_every_format_shows_what_was_adapted(output) -> None:
    """Where the format has no alpha the page itself is behind it; a GIF does not keep its old palette."""
    for source in (pictures.png(wordmark()), pictures.gif(wordmark())):
        image = pictures.decoded(render(source, replace(ON_DARK, output=output)).data)
        assert pictures.is_near(image(120, 60)[:3], WHITE, 12)
        if output is Output.JPEG:
            assert image.bands == 3
            assert pictures.is_near(image(20, 20), (DARK.red, DARK.green, DARK.blue), 3)
        else:
            assert image(20, 20)[3] == 0


def test_what_is_behind_comes_behind_what_was_adapted() -> None:
    """A background that was asked for lies behind white letters, and goes before the page's."""
    for output in (Output.PNG, Output.JPEG):
        image = pictures.decoded(render(pictures.png(wordmark()), replace(
            ON_DARK, output=output, background=Colour(0, 0, 120))).data)  # fmt: skip
        assert pictures.is_near(image(120, 60)[:3], WHITE, 12)
        assert pictures.is_near(image(20, 20)[:3], (0, 0, 120), 12)


def test_what_reads_is_laid_on_the_page_too() -> None:
    """A JPEG of white letters on a dark page is not white on white."""
    image = pictures.decoded(render(pictures.png(wordmark(WHITE)), replace(ON_DARK, output=Output.JPEG)).data)
    assert pictures.is_near(image(20, 20), (DARK.red, DARK.green, DARK.blue), 3)


@pytest.mark.parametrize(
    "steps",
    [
        {"blur": 1.0}, {"sharpen": 1.0}, {"greyscale": True}, {"rotate": 90, "flip": True}, {"trim": 10},
        {"width": 100, "height": 100, "fit": Fit.COVER}, {"width": 100, "height": 100, "fit": Fit.CONTAIN},
        {"width": 900, "enlarge": True},
    ],
)  # fmt: skip
def test_adapting_comes_after_every_other_step(steps) -> None:
    """Whatever is done before, what comes out reads."""
    answer = render(pictures.png(wordmark()), replace(ON_DARK, **steps))
    assert reads(answer.data, DARK) >= 3
    assert Look.parse(answer.look).inverted


def test_grey_stays_grey() -> None:
    """A grey picture that is flipped has one band of colour still."""
    grey = wordmark().colourspace("b-w")
    image = pictures.decoded(render(pictures.png(grey), ON_DARK).data)
    assert (image.bands, image(120, 60)) == (2, [255, 255])


def test_the_source_s_own_bytes_are_no_answer_when_it_was_adapted() -> None:
    """However small the source and large the answer, flipped is flipped."""
    data = pictures.png(wordmark(), compression=9, palette=True, bitdepth=1)
    answer = render(data, replace(ON_DARK, output=Output.ORIGINAL))
    assert len(answer.data) > len(data)
    assert inks(answer.data) == {WHITE}
    assert render(data, replace(ON_LIGHT, output=Output.ORIGINAL)).data == data


def test_the_same_twice() -> None:
    """Input and page decide every byte."""
    data = pictures.png(wordmark((20, 30, 60)))
    for output in (Output.PNG, Output.WEBP, Output.JPEG):
        one, other = (render(data, replace(ON_DARK, output=output, width=100)) for _ in range(2))
        assert (one.data, one.look) == (other.data, other.look)


def test_an_animation_is_still() -> None:
    """On a page only the first frame is shown, and that is not called a loss."""
    data = pictures.animated([wordmark(ink, 96, 48) for ink in (BLACK, (200, 0, 0), WHITE)])
    answer = render(data, replace(ON_DARK, output=Output.WEBP))
    assert (len(pictures.pages(answer.data)), answer.degraded) == (1, "")
    assert reads(answer.data, DARK) >= 3


def test_the_largest_entry_of_an_icon_is_looked_at() -> None:
    """A container is decoded once, and flipped like all else."""
    answer = render(pictures.ico(wordmark(BLACK, 64, 64)), replace(ON_DARK, width=32))
    assert reads(answer.data, DARK) >= 3


@pytest.mark.parametrize("asked", [{"output": Output.JSON}, {"placeholder": Placeholder.COLOR}])
def test_a_description_has_no_page(asked) -> None:
    """Nobody looks at what is not shown."""
    spec = replace(ON_DARK, **asked)
    assert not is_themed(spec)
    assert render(pictures.png(wordmark()), spec).look == ""


def test_a_page_without_anybody_who_sees_is_a_mistake() -> None:
    """It is the program that is wrong, not the picture."""
    pipeline = Pipeline(TransformSettings(), time.monotonic)
    data = pictures.png(wordmark())
    with pytest.raises(ValueError, match="nobody who sees"):
        pipeline.render(FileSource(data, probe(data, ImageFormat.PNG, pipeline.limits)), ON_DARK, KillSwitch())


def test_what_was_seen_is_remembered_by_content_scheme_and_page() -> None:
    """Another digest, scheme or page is another picture; without a digest nothing is kept."""
    sights, sight = Sights(), PageTheming().see(wordmark(), DARK)
    sights.keep("a" * 64, ON_DARK, sight)
    sights.keep("", ON_DARK, sight)
    assert sights.recall("a" * 64, replace(ON_DARK, width=7, remembered=True, output=Output.JPEG)) is sight
    for sha256, spec in (
        ("b" * 64, ON_DARK),
        ("a" * 64, ON_LIGHT),
        ("a" * 64, replace(ON_DARK, scheme="")),
        ("a" * 64, replace(ON_DARK, page=Colour(1, 2, 3))),
        ("", ON_DARK),
        ("a" * 64, TransformSpec()),
    ):
        assert sights.recall(sha256, spec) is None
    statistics = sights.statistics()
    assert (statistics.entries, statistics.hits, statistics.misses) == (1, 1, 4)


def test_the_least_recently_used_sight_goes_first() -> None:
    """Memory for it is bounded."""
    sights, sight = Sights(most=2), PageTheming().see(wordmark(), DARK)
    sights.keep("a", ON_DARK, sight)
    sights.keep("b", ON_DARK, sight)
    assert sights.recall("a", ON_DARK) is sight
    sights.keep("c", ON_DARK, sight)
    assert [name for name in "abc" if sights.recall(name, ON_DARK)] == ["a", "c"]


def test_a_look_that_is_known_is_not_taken_again() -> None:
    """The pipeline goes by what was seen before, and remembers what it sees itself."""
    theming = CountingTheming()
    pipeline = Pipeline(TransformSettings(), time.monotonic, theming=theming)
    data = pictures.png(wordmark())
    source = FileSource(data, probe(data, ImageFormat.PNG, pipeline.limits))
    looks = [
        pipeline.render(source, replace(ON_DARK, width=width), KillSwitch(), None, pipeline.viewed(ON_DARK, "d")).look
        for width in (32, 48, 512)
    ]
    assert theming.looks == 1
    assert len(set(looks)) == 1
    pipeline.render(source, ON_DARK, KillSwitch(), None, Viewed())
    assert theming.looks == 2


def test_a_painter_lets_go_of_what_it_has_read() -> None:
    """What decoders keep is not held until the answer is there, and what reads is not even evaluated."""
    switch, theming = KillSwitch(), PageTheming()
    lost, read = (theming.see(wordmark(ink), DARK).look("dark", remembered=None) for ink in (BLACK, WHITE))
    image = wordmark()
    assert ThemedPainter(read, theming, DARK, switch).adapt(image) is image
    painter = ThemedPainter(lost, theming, DARK, switch)
    assert painter.adapt(image)(120, 60) == [255, 255, 255, 255]
    assert painter.changed
    assert switch._images == []
    assert (Painter().adapt(image), Painter().look, Painter().changed) == (image, "", False)
