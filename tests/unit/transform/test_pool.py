"""Threads, queue, deadline, cancellation."""

import asyncio
import hashlib
import json

import pytest

from imgsvc.errors import (
    CorruptImage,
    Draining,
    ImageTooLarge,
    NotAnImage,
    QueueFull,
    TransformTimeout,
)
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Output, Placeholder, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import pool as pool_module
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer
from tests.support import pictures
from tests.unit.transform.bodies import KINDS, RecordingAdmission, admitted_for_a_moment, laid, opened, until

SLOW = TransformSpec(output=Output.PNG, blur=250.0)
QUICK = TransformSpec(output=Output.WEBP, width=20)
JPEG = ImageFormat.JPEG


@pytest.fixture(scope="module")
def large() -> bytes:
    """A picture whose strongest blur takes many seconds."""
    return pictures.jpeg(pictures.noise(64, 48).resize(50))


async def until_running(pool: TransformPool) -> None:
    """Let the loop turn until a thread has begun."""
    await until(lambda: pool.statistics().running)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("image_format", pictures.RASTERS)
async def test_inspect_tells_what_a_source_is(image_format, kind) -> None:
    """Format, size and digest, whatever the sender called it and wherever it lies."""
    data = pictures.RASTERS[image_format]()
    async with opened() as pool:
        with laid(kind, data) as body:
            found = await pool.inspect(body)
    assert (found.data, found.image_format, found.pages) == (body, image_format, 1)
    assert found.size_bytes == len(data)
    assert (found.width, found.height) == (64, 48)
    assert found.sha256 == hashlib.sha256(data).hexdigest()


async def test_inspect_gives_an_svg_back_harmless() -> None:
    """Scripts are gone, and the digest is that of what is left."""
    data = pictures.SVG.replace(b"<rect", b"<script>alert(1)</script><rect")
    async with opened() as pool:
        found = await pool.inspect(data)
    assert b"script" not in found.data
    assert (found.image_format, found.width, found.height, found.pages) == (ImageFormat.SVG, 40, 20, 1)
    assert found.sha256 == hashlib.sha256(found.data).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [b"", b"<!doctype html><p>no", b"%PDF-1.7", b"\0" * 5000])
async def test_what_is_no_picture_is_refused(data, kind) -> None:
    """HTML, PDF and nothing at all are not images."""
    async with opened() as pool:
        with laid(kind, data) as body, pytest.raises(NotAnImage):
            await pool.inspect(body)


async def test_inspect_refuses_what_is_too_large_or_broken() -> None:
    """Limits and headers are checked before anything is kept."""
    async with opened(max_pixels=3071) as pool:
        with pytest.raises(ImageTooLarge):
            await pool.inspect(pictures.png())
        with pytest.raises(CorruptImage):
            await pool.inspect(pictures.png()[:20])


async def test_run_answers() -> None:
    """The answer is what was asked for, with its digest and times."""
    async with opened() as pool:
        answer = await pool.run(pictures.jpeg(), JPEG, QUICK)
        assert pool.statistics().completed == 1
    assert (answer.media_type, answer.width, answer.height) == ("image/webp", 20, 15)
    assert answer.sha256 == hashlib.sha256(answer.data).hexdigest()
    assert min(answer.queue_seconds, answer.decode_seconds, answer.encode_seconds) >= 0


@pytest.mark.parametrize(("image_format", "draw"), [(ImageFormat.ICO, pictures.ico), (ImageFormat.BMP, pictures.bmp)])
async def test_run_draws_containers(image_format, draw) -> None:
    """What Pillow reads goes through the same steps."""
    async with opened() as pool:
        assert (await pool.run(draw(), image_format, QUICK)).width == 20


async def test_run_draws_svg_at_the_asked_size() -> None:
    """A drawing is as sharp at ten times its size."""
    async with opened() as pool:
        answer = await pool.run(pictures.SVG, ImageFormat.SVG, TransformSpec(output=Output.PNG, width=400))
        told = await pool.run(pictures.SVG, ImageFormat.SVG, TransformSpec(output=Output.JSON))
        kind = TransformSpec(placeholder=Placeholder.COLOR)
        stand_in = await pool.run(pictures.SVG, ImageFormat.SVG, kind)
    image = pictures.decoded(answer.data)
    assert (image.width, image.height) == (400, 200)
    assert pictures.is_near(image(198, 100), (*pictures.RED, 255), 3)
    assert image(202, 100)[3] == 0
    assert json.loads(told.data)["width"] == 40
    assert json.loads(stand_in.data)["width"] == 40


async def test_a_renderer_that_was_given_stays_open() -> None:
    """Whoever gave it closes it."""
    renderer = SvgRenderer(timeout_seconds=100, max_pixels=10**6)
    async with opened(renderer) as pool:
        await pool.run(pictures.SVG, ImageFormat.SVG, QUICK)
    assert (await renderer.render(pictures.SVG, 4, 2)).width == 4
    await renderer.aclose()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
async def test_what_ends_early_is_corrupt(kind, end) -> None:
    """Whatever libvips says becomes one error with one text, and the thread is free again."""
    data = pictures.png(pictures.noise(300, 200)) if end else pictures.jpeg(pictures.noise(300, 200))
    data = data[: len(data) // 2] + end
    async with opened() as pool:
        with (
            laid(kind, data) as body,
            pytest.raises(CorruptImage, match=r"^The picture is broken or ends too early\.$"),
        ):
            await pool.run(body, ImageFormat.PNG if end else JPEG, QUICK)
        await pool.idle()
        assert pool.statistics().running == 0


async def test_the_deadline_kills(large) -> None:
    """Work that takes too long is an error at once, and its thread ends long before the work would have."""
    admission = RecordingAdmission(is_open=False)
    async with opened(admission=admission, threads=1) as pool:
        task = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await admitted_for_a_moment(pool, admission)
        with pytest.raises(TransformTimeout):
            await task
        await pool.idle()
        assert (pool.statistics().timed_out, pool.statistics().completed) == (1, 1)


async def test_a_cancelled_caller_s_work_is_killed(large) -> None:
    """The thread ends by itself, and the next in line gets it."""
    async with opened(threads=1) as pool:
        task = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await until_running(pool)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await pool.run(pictures.jpeg(), JPEG, QUICK)).width == 20


async def test_the_slot_is_free_only_when_the_thread_has_ended(large) -> None:
    """Right after a cancellation the thread still counts."""
    async with opened(threads=1) as pool:
        task = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await until_running(pool)
        task.cancel()
        await asyncio.sleep(0)
        assert task.done() is (task.cancelled())
        await pool.idle()
        assert pool.statistics().running == 0


async def test_queued_work_that_is_cancelled_never_starts(large) -> None:
    """It leaves the queue without having had a thread."""
    async with opened(threads=1) as pool:
        first = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await until_running(pool)
        second = asyncio.create_task(pool.run(pictures.jpeg(), JPEG, QUICK))
        while pool.statistics().queued == 0:
            await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        while pool.statistics().queued:
            await asyncio.sleep(0)
        assert pool.statistics().running == 1
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_too_many_newcomers_are_refused_at_once(monkeypatch) -> None:
    """Beyond the room there is no waiting, and the refusal says when to come back; transforms still get in."""
    monkeypatch.setattr(pool_module.os, "cpu_count", lambda: 1)
    async with opened() as pool:
        looks = [asyncio.create_task(pool.inspect(pictures.jpeg())) for _ in range(pool_module.LOOKS_PER_CORE)]
        looks.append(asyncio.create_task(pool.inspect_head(pictures.jpeg())))
        answer = asyncio.create_task(pool.run(pictures.jpeg(), JPEG, QUICK))
        outcomes = await asyncio.gather(*looks, return_exceptions=True)
        assert [o for o in outcomes if isinstance(o, Exception)] == [outcomes[-1]]
        assert isinstance(outcomes[-1], QueueFull)
        assert outcomes[-1].retry_after_seconds == 1
        assert pool.statistics().refused == 1
        assert (await answer).width == 20


async def test_a_look_at_a_newcomer_does_not_wait_behind_pixels(large) -> None:
    """While every thread for pixels is busy, headers are read all the same."""
    async with opened(threads=1) as pool:
        task = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await until_running(pool)
        assert (await pool.inspect(pictures.png())).image_format is ImageFormat.PNG
        assert (await pool.inspect_head(pictures.png())).info is not None
        assert pool.statistics().running == 1
        task.cancel()


async def test_closing_ends_what_runs_and_what_waits(large) -> None:
    """Callers are told that the service is shutting down, and so are those who come later."""
    async with opened(threads=1) as pool:
        tasks = [asyncio.create_task(pool.run(large, JPEG, SLOW)) for _ in range(3)]
        await until_running(pool)
        await pool.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(o) for o in outcomes] == [Draining] * 3
        with pytest.raises(Draining):
            await pool.run(pictures.jpeg(), JPEG, QUICK)


async def test_many_at_once_do_not_disturb_each_other() -> None:
    """Good and broken pictures side by side each get their own answer."""
    good, broken = pictures.jpeg(), pictures.jpeg(pictures.noise())[:400]
    async with opened() as pool:
        outcomes = await asyncio.gather(
            *(pool.run(broken if n % 2 else good, JPEG, QUICK) for n in range(12)), return_exceptions=True
        )
    assert all(isinstance(o, CorruptImage) for o in outcomes[1::2])
    assert len({o.sha256 for o in outcomes[::2]}) == 1


async def test_the_clock_is_the_given_one() -> None:
    """Times are differences of the injected clock."""
    ticks = iter(range(1000))
    async with TransformPool(TransformSettings(), clock=lambda: float(next(ticks))) as pool:
        answer = await pool.run(pictures.jpeg(), JPEG, QUICK)
    assert answer.queue_seconds == int(answer.queue_seconds) >= 1
    assert answer.encode_seconds == int(answer.encode_seconds) >= 1
