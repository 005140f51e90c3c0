"""AVIF within a time budget, for real: who is in a hurry gets WebP, who is patient AVIF."""

import pytest

from imgsvc.model.formats import ImageFormat, sniff
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import avif_pace
from imgsvc.transform.avif_pace import PRIOR_NANOSECONDS
from imgsvc.transform.pool import TransformPool
from tests.support import pictures
from tests.unit.transform.bodies import RecordingAdmission, Writer, opened

pytestmark = pytest.mark.slow

AUTO = TransformSpec(output=Output.AUTO_AVIF, width=32)
SOURCES = {
    ImageFormat.JPEG: pictures.jpeg,
    ImageFormat.PNG: pictures.png,
    ImageFormat.AVIF: pictures.avif,
    ImageFormat.ICO: pictures.ico,
    ImageFormat.SVG: lambda: pictures.SVG,
}
NOTHING = {"avif_budget_seconds": 0}


@pytest.mark.parametrize("image_format", SOURCES)
async def test_whoever_waits_gets_webp_and_whoever_does_not_gets_avif(image_format) -> None:
    """Without any time AVIF is never made while a client waits, whatever the source; behind it is."""
    data = SOURCES[image_format]()
    async with opened(**NOTHING) as pool:
        hurried = await pool.run(data, image_format, AUTO)
        patient = await pool.run(data, image_format, AUTO, patient=True)
        assert pool.statistics().avif_deferred == 1
    assert (hurried.media_type, hurried.deferred) == ("image/webp", True)
    assert (patient.media_type, patient.deferred) == ("image/avif", False)
    assert sniff(patient.data) is ImageFormat.AVIF
    assert (hurried.width, hurried.height) == (patient.width, patient.height)


@pytest.mark.parametrize("budget_seconds", [1, 1e9])
async def test_with_time_enough_nothing_is_put_off(budget_seconds) -> None:
    """With the default a picture of an ordinary size is AVIF at once."""
    async with opened(avif_budget_seconds=budget_seconds) as pool:
        made = await pool.run(pictures.jpeg(), ImageFormat.JPEG, AUTO)
        assert pool.statistics().avif_deferred == 0
    assert (made.media_type, made.deferred) == ("image/avif", False)


@pytest.mark.parametrize(
    ("data", "output", "media_type", "settings"),
    [
        (pictures.jpeg(), Output.AVIF, "image/avif", {}),
        (pictures.jpeg(), Output.AUTO_WEBP, "image/webp", {}),
        (pictures.jpeg(), Output.JSON, "application/json", {}),
        (pictures.jpeg(), Output.AUTO_AVIF, "image/webp", {"avif_max_pixels": 100}),
        (pictures.animation(), Output.AUTO_AVIF, "image/webp", {}),
    ],
)
async def test_what_would_not_have_been_avif_is_not_put_off(data, output, media_type, settings) -> None:
    """Neither what was asked for by name, nor what is too large for AVIF or moves."""
    image_format = sniff(data)
    assert image_format is not None
    async with opened(**NOTHING, **settings) as pool:
        for patient in (False, True):
            made = await pool.run(data, image_format, TransformSpec(output=output), patient=patient)
            assert (made.media_type, made.deferred) == (media_type, False)


async def test_transparency_survives_being_put_off() -> None:
    """What stands in shows the same picture."""
    data = pictures.png(pictures.filled((200, 40, 30, 0), 40, 30))
    async with opened(**NOTHING) as pool:
        made = await pool.run(data, ImageFormat.PNG, AUTO)
    assert made.deferred
    assert pictures.decoded(made.data)(16, 12)[3] == 0


@pytest.mark.parametrize(("patient", "media_type"), [(False, "image/webp"), (True, "image/avif")])
async def test_patience_reaches_what_still_arrives(patient, media_type) -> None:
    """A source that comes through a pipe is treated as one that is there."""
    data = pictures.jpeg(pictures.noise(400, 300))
    async with opened(**NOTHING) as pool:
        writer = Writer(data)
        head = await pool.inspect_head(data[:65536])
        made = await pool.run_piped(writer.reading_end, head, AUTO, timeout_seconds=100, patient=patient)
        await writer.ended()
    assert (made.media_type, made.deferred) == (media_type, not patient)


async def test_each_is_admitted_for_what_it_takes() -> None:
    """AVIF needs more memory than WebP, and patience is charged for it, at the pipe's door too."""
    data = pictures.jpeg(pictures.noise(1200, 900))
    spec, admission = TransformSpec(output=Output.AUTO_AVIF), RecordingAdmission()
    async with opened(admission=admission, **NOTHING) as pool:
        head = await pool.inspect_head(data[:65536])
        for patient in (False, True):
            await pool.run(data, ImageFormat.JPEG, spec, patient=patient)
        assert admission.asked[0] < admission.asked[1]
        pool._most_piped_bytes = admission.asked[0]
        assert pool.can_pipe(head, spec)
        assert not pool.can_pipe(head, spec, patient=True)


async def test_what_is_made_behind_is_learnt_from(monkeypatch) -> None:
    """A slow machine comes to put AVIF off, and one that is quick again takes it up again, by way of patient work."""
    monkeypatch.setattr(avif_pace, "MEMORY_PIXELS", 1)
    data, spec = pictures.png(pictures.filled((9, 99, 9), 400, 300)), TransformSpec(output=Output.AUTO_AVIF)
    tick_seconds, now = 1.0, 0.0

    def clock() -> float:
        nonlocal now
        now += tick_seconds
        return now

    async with TransformPool(TransformSettings(avif_budget_seconds=0.5), clock=clock) as pool:
        assert not (await pool.run(data, ImageFormat.PNG, spec)).deferred
        while not (await pool.run(data, ImageFormat.PNG, spec)).deferred:
            pass
        slow = pool.statistics().avif_nanoseconds_per_pixel
        tick_seconds = 0.001
        while (await pool.run(data, ImageFormat.PNG, spec)).deferred:
            assert not (await pool.run(data, ImageFormat.PNG, spec, patient=True)).deferred
        assert pool.statistics().avif_nanoseconds_per_pixel < slow
    assert slow > PRIOR_NANOSECONDS[1]
