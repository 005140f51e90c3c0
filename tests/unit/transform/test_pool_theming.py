"""Pictures on a page and small pictures to look at, through the pool: threads, permits, drawings."""

import asyncio
import hashlib
import threading

import pytest
import pyvips

from imgsvc.errors import CorruptImage, ImageTooLarge, MemoryPressure, TransformTimeout
from imgsvc.model.colours import Colour
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Look
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.pool import SVG_WORKER_BYTES, TransformPool
from imgsvc.transform.results import Head
from imgsvc.transform.runtime import Killed
from imgsvc.transform.svg import sanitise
from imgsvc.vision.analysis import analyse
from imgsvc.vision.pixels import Pixels
from tests.support import pictures
from tests.unit.transform.bodies import KINDS, RecordingAdmission, admitted_for_a_moment, laid, opened, until
from tests.unit.transform.logos import (
    DARK,
    LIGHT,
    SVG_WITH_SCHEMES,
    WHITE,
    CountingTheming,
    inks,
    reads,
    wordmark,
)

pytestmark = pytest.mark.slow

PNG, SVG = ImageFormat.PNG, ImageFormat.SVG
BLACK_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">'
    b'<path d="M2 2h3v12H2zM8 2h6v3H8zM8 9h6v5H8z"/></svg>'
)


def on(page: Colour, scheme: str = "", **more) -> TransformSpec:
    return TransformSpec(output=Output.PNG, page=page, scheme=scheme, **more)


def hollow(image) -> Look | None:
    """Hand the very picture out."""
    return image


@pytest.mark.parametrize("kind", KINDS)
async def test_every_size_of_a_logo_is_one_look(kind) -> None:
    """Twenty sizes are looked at once where the digest is known, each where it is not, and all say the same."""
    data = pictures.png(wordmark())
    sha256 = hashlib.sha256(data).hexdigest()
    theming = CountingTheming()
    async with opened(theming=theming) as pool:
        with laid(kind, data) as body:
            sizes = range(20, 420, 20)
            answers = [await pool.run(body, PNG, on(DARK, "dark", width=w), sha256=sha256) for w in sizes]
            assert theming.looks == 1
            await pool.run(body, PNG, on(LIGHT, "light", width=32), sha256=sha256)
            assert theming.looks == 2
            answers += [await pool.run(body, PNG, on(DARK, "dark", width=w), patient=True) for w in (32, 512)]
            assert theming.looks == 4
    assert len({answer.look for answer in answers}) == 1
    assert all(reads(answer.data, DARK) >= 3 for answer in answers)


async def test_patient_work_shares_what_was_seen() -> None:
    """Whether anybody waits makes no difference to what a picture looks like."""
    data = pictures.png(wordmark())
    theming = CountingTheming()
    async with opened(theming=theming) as pool:
        for patient in (False, True):
            await pool.run(data, PNG, on(DARK, "dark"), patient=patient, sha256="0" * 64)
    assert theming.looks == 1


async def test_a_drawing_is_looked_at_large_whatever_is_asked() -> None:
    """16 px of an icon and 600 px of it have one verdict; what is known is not drawn a second time."""
    data = sanitise(BLACK_SVG)
    theming, admission = CountingTheming(), RecordingAdmission()
    async with opened(theming=theming, admission=admission) as pool:
        answers = [await pool.run(data, SVG, on(DARK, "dark", width=w)) for w in (16, 600)]
        assert theming.looks == 2
        answers += [await pool.run(data, SVG, on(DARK, "dark", width=16), sha256="1" * 64) for _ in range(2)]
        assert theming.looks == 3
    assert len({answer.look for answer in answers}) == 1
    assert [answer.width for answer in answers] == [16, 600, 16, 16]
    assert all(inks(answer.data) == {WHITE} for answer in answers)
    # The worker was there after the first; what is known is neither drawn nor looked at again.
    assert admission.asked[0] - SVG_WORKER_BYTES == admission.asked[2] > admission.asked[3]


async def test_a_drawing_s_own_scheme_is_what_is_seen() -> None:
    """The dark one reads on dark and stays; without a scheme the black one is drawn and flipped."""
    data = sanitise(SVG_WITH_SCHEMES)
    async with opened() as pool:
        own = await pool.run(data, SVG, on(DARK, "dark", width=100), sha256="2" * 64)
        flipped = await pool.run(data, SVG, on(DARK, width=100), sha256="2" * 64)
        light = await pool.run(data, SVG, on(LIGHT, "light", width=100), sha256="2" * 64)
        plain = await pool.run(data, SVG, TransformSpec(output=Output.PNG, scheme="dark", width=100))
    looks = [Look.parse(answer.look) for answer in (own, flipped, light)]
    assert [look.inverted for look in looks] == [False, True, False]
    assert [look.brightness > 0.9 for look in looks] == [True, False, False]
    assert [inks(answer.data) for answer in (own, flipped, light, plain)] == [
        {WHITE},
        {WHITE},
        {(17, 17, 17)},
        {WHITE},
    ]
    assert plain.look == ""


async def test_nothing_on_a_page_is_read_from_a_pipe() -> None:
    """It is read twice."""
    data = pictures.png(wordmark())
    async with opened() as pool:
        head = await pool.inspect_head(data)
        assert isinstance(head, Head)
        assert pool.can_pipe(head, TransformSpec(output=Output.PNG))
        assert not pool.can_pipe(head, on(DARK))


async def test_a_page_without_anybody_who_sees_is_a_mistake() -> None:
    """And leaves the pool in order."""
    admission = RecordingAdmission()
    async with TransformPool(TransformSettings(), admission=admission) as pool:
        with pytest.raises(ValueError, match="nobody who sees"):
            await pool.run(pictures.png(wordmark()), PNG, on(DARK))
        assert (await pool.run(pictures.png(wordmark()), PNG, TransformSpec(output=Output.PNG, width=9))).width == 9
    assert (admission.held, admission.released) == (0, 2)


@pytest.fixture(scope="module")
def huge() -> bytes:
    """A dark picture of 9 Mpixel with too many colours for a short way, which takes seconds to adapt."""
    noise = pyvips.Image.gaussnoise(2500, 2500, mean=20, sigma=8, seed=1)
    ink = noise.bandjoin([noise.rot90(), noise.rot180(), noise.linear(0, 255)]).cast("uchar")
    clear = pictures.filled((0, 0, 0, 0), 3000, 3000)
    return pictures.png(clear.insert(ink.copy(interpretation="srgb"), 250, 250), compression=1)


class StartedTheming(CountingTheming):
    """Says when it has begun to adapt, and whether it was stopped in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Event()
        self.stopped = 0

    def adapt(self, image, page, watch):
        def watched(part):
            part = watch(part)
            self.started.set()
            return part

        try:
            return super().adapt(image, page, watched)
        except (pyvips.Error, Killed):
            self.stopped += 1
            raise


async def test_adapting_is_killed_when_nobody_waits(huge) -> None:
    """The thread ends in the middle of it, and its permit comes back then."""
    admission, theming = RecordingAdmission(), StartedTheming()
    async with opened(admission=admission, theming=theming, threads=1) as pool:
        task = asyncio.create_task(pool.run(huge, PNG, on(DARK, "dark")))
        await until(theming.started.is_set)
        assert admission.held == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await pool.idle()
        assert (admission.held, admission.released, theming.stopped) == (0, 1, 1)
        assert (await pool.run(pictures.png(wordmark()), PNG, on(DARK, "dark", width=20))).width == 20


async def test_adapting_ends_at_the_deadline(huge) -> None:
    """The caller is told, and nothing is left behind."""
    admission = RecordingAdmission(is_open=False)
    async with opened(admission=admission, threads=1) as pool:
        task = asyncio.create_task(pool.run(huge, PNG, on(DARK, "dark"), sha256="3" * 64))
        await admitted_for_a_moment(pool, admission)
        with pytest.raises(TransformTimeout):
            await task
        await pool.idle()
        assert (admission.held, admission.released, pool.statistics().running) == (0, 1, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("image_format", [*pictures.RASTERS, ImageFormat.ICO, ImageFormat.BMP])
async def test_whoever_examines_is_given_a_small_picture(image_format, kind) -> None:
    """In memory, sRGB, no larger than asked, and never enlarged; whatever the function says is the answer."""
    draw = (
        pictures.RASTERS.get(image_format)
        or {ImageFormat.ICO: pictures.ico, ImageFormat.BMP: pictures.bmp}[image_format]
    )
    side = 32 if image_format is ImageFormat.ICO else 64
    async with opened() as pool:
        with laid(kind, draw()) as body:
            small = await pool.examine(body, image_format, 20, hollow)
            same = await pool.examine(body, image_format, 500, hollow)
            analysis = await pool.examine(body, image_format, 500, lambda image: analyse(Pixels.of(image)))
    assert (max(small.width, small.height), max(same.width, same.height)) == (20, side)
    assert (small.format, small.interpretation, same.interpretation) == ("uchar", "srgb", "srgb")
    assert analysis == analyse(Pixels.of(same))


async def test_a_drawing_is_examined_at_the_size_that_is_asked() -> None:
    """However small it says it is."""
    async with opened() as pool:
        image = await pool.examine(sanitise(BLACK_SVG), SVG, 256, hollow)
        wide = await pool.examine(pictures.SVG, SVG, 100, hollow)
    assert (image.width, image.height, image.hasalpha()) == (256, 256, True)
    assert (wide.width, wide.height) == (100, 50)


async def test_grey_turned_and_moving_pictures_are_examined_upright_in_colour() -> None:
    """The first frame, as it is seen."""
    async with opened() as pool:
        turned = await pool.examine(pictures.oriented_jpeg(6), ImageFormat.JPEG, 500, hollow)
        grey = await pool.examine(pictures.png(pictures.quarters().colourspace("b-w")), PNG, 500, hollow)
        first = await pool.examine(pictures.animation(), ImageFormat.GIF, 500, hollow)
    assert pictures.shows(turned, pictures.CORNERS)
    assert (grey.bands, grey.interpretation) == (3, "srgb")
    assert (first.height, pictures.is_near(first(50, 30), pictures.RED)) == (40, True)


async def test_an_examination_is_admitted(huge) -> None:
    """By what the small picture takes, not by what the whole one would; a refusal is the answer."""
    admission, refusing = RecordingAdmission(), RecordingAdmission(error=MemoryPressure("no"))
    async with opened(admission=admission) as pool:
        await pool.examine(huge, PNG, 128, hollow)
        await pool.examine(huge, PNG, 1024, hollow)
        await pool.run(huge, PNG, TransformSpec(output=Output.WEBP))
        await pool.examine(pictures.SVG, SVG, 64, hollow)
    small, larger, whole, drawn = admission.asked
    assert small < larger < whole / 2
    assert drawn > SVG_WORKER_BYTES
    assert admission.released == 4
    async with opened(admission=refusing) as pool:
        for data, image_format in ((huge, PNG), (pictures.SVG, SVG)):
            with pytest.raises(MemoryPressure):
                await pool.examine(data, image_format, 64, hollow)


def broken(image):
    """Do what libvips cannot."""
    raise pyvips.Error("somebody else's words")


def wrong(image):
    """Fail otherwise."""
    raise LookupError("mine")


async def test_what_goes_wrong_is_told_as_elsewhere() -> None:
    """Broken and oversized pictures are errors of ours, and what the function raises is its own."""
    admission, data = RecordingAdmission(), bytearray(pictures.png(pictures.noise(300, 200)))
    data[len(data) // 2] ^= 0xFF
    async with opened(admission=admission, max_pixels=70_000) as pool:
        for examine in (hollow, broken):
            with pytest.raises(CorruptImage, match=r"^The picture is broken or ends too early\.$"):
                await pool.examine(bytes(data) if examine is hollow else pictures.png(), PNG, 64, examine)
        with pytest.raises(LookupError, match="mine"):
            await pool.examine(pictures.png(), PNG, 64, wrong)
        with pytest.raises(ImageTooLarge):
            await pool.examine(pictures.png(pictures.quarters(400, 200)), PNG, 64, hollow)
    assert (admission.held, admission.released) == (0, 3)


async def test_an_examination_that_takes_too_long_is_left() -> None:
    """The caller is free at the deadline; the permit comes back when the function has ended."""
    admission, gate = RecordingAdmission(is_open=False), threading.Event()
    async with opened(admission=admission, threads=1) as pool:
        task = asyncio.create_task(pool.examine(pictures.png(), PNG, 64, lambda _: gate.wait(60)))
        await admitted_for_a_moment(pool, admission)
        with pytest.raises(TransformTimeout):
            await task
        assert admission.held == 1
        gate.set()
        await pool.idle()
        assert admission.held == 0
