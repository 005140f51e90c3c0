"""Permits: asked for after the look, given back when the thread has ended, whatever comes between."""

import asyncio

import pytest

from imgsvc.errors import CorruptImage, Draining, ImageTooLarge, MemoryPressure, TransformTimeout
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.cost import estimate_bytes
from imgsvc.transform.looking import Looker
from imgsvc.transform.pipeline import Pipeline
from imgsvc.transform.pool import SVG_WORKER_BYTES
from imgsvc.transform.svg import SvgRenderer
from tests.support import pictures
from tests.unit.transform.bodies import RecordingAdmission, admitted_for_a_moment, opened, until
from tests.unit.transform.svg_renderers import BOMB

SLOW = TransformSpec(output=Output.PNG, blur=250.0)
QUICK = TransformSpec(output=Output.WEBP, width=20)
JPEG, SVG = ImageFormat.JPEG, ImageFormat.SVG


@pytest.fixture(scope="module")
def large() -> bytes:
    """A picture whose strongest blur takes many seconds."""
    return pictures.jpeg(pictures.noise(64, 48).resize(50))


@pytest.fixture
def admission() -> RecordingAdmission:
    return RecordingAdmission()


async def test_a_transform_asks_once_for_what_it_will_take(admission) -> None:
    """The prediction is that for the header and the decision, and the permit comes back."""
    data = pictures.png(pictures.noise(300, 200))
    async with opened(admission=admission) as pool:
        await pool.run(data, ImageFormat.PNG, QUICK)
    looker = Looker(Pipeline(TransformSettings(), lambda: 0.0))
    plan = looker.plan(data, looker.header(data, ImageFormat.PNG), QUICK)
    expected = estimate_bytes(plan.info, plan.decision, source_bytes=len(data), in_file=False)
    assert (admission.asked, admission.released) == ([expected], 1)


async def test_looking_asks_for_nothing(admission) -> None:
    """Headers take next to no memory."""
    async with opened(admission=admission) as pool:
        await pool.inspect(pictures.jpeg())
        await pool.inspect_head(pictures.jpeg())
        await pool.inspect(pictures.SVG)
    assert admission.asked == []


async def test_what_is_refused_for_itself_is_not_asked_for(admission) -> None:
    """A broken or oversized picture never stands in the queue for memory."""
    async with opened(admission=admission, max_pixels=3071) as pool:
        with pytest.raises(CorruptImage):
            await pool.run(pictures.jpeg()[:100], JPEG, QUICK)
        with pytest.raises(ImageTooLarge):
            await pool.run(pictures.jpeg(), JPEG, QUICK)
        huge = pictures.SVG.replace(b'width="40"', b'width="4000"')
        with pytest.raises(ImageTooLarge):
            await pool.run(huge, SVG, TransformSpec(output=Output.PNG))
    assert admission.asked == []


@pytest.mark.parametrize("image_format", [JPEG, SVG])
async def test_a_refusal_is_the_answer(image_format) -> None:
    """Nothing is decoded or drawn, and there is nothing to give back."""
    refusing = RecordingAdmission(error=MemoryPressure("no"))
    data = pictures.SVG if image_format is SVG else pictures.jpeg()
    async with opened(admission=refusing) as pool:
        with pytest.raises(MemoryPressure):
            await pool.run(data, image_format, QUICK)
        assert pool.statistics().completed == 0
    assert refusing.released == 0


async def test_the_permit_is_held_while_the_thread_works(admission, large) -> None:
    """A caller that leaves does not give it back; the end of its thread does."""
    running: list[int] = []
    async with opened(admission=admission, threads=1) as pool:
        admission.on_release = lambda: running.append(pool.statistics().running)
        task = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await until(lambda: pool.statistics().running)
        assert admission.held == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await pool.idle()
    assert (admission.released, running) == (1, [0])


async def test_the_permit_comes_back_after_an_error(admission) -> None:
    """Pixels that are broken inside are found out with the permit in hand."""
    data = bytearray(pictures.png(pictures.noise(300, 200)))
    data[len(data) // 2] ^= 0xFF
    async with opened(admission=admission) as pool:
        with pytest.raises(CorruptImage):
            await pool.run(bytes(data), ImageFormat.PNG, QUICK)
        assert (admission.held, admission.released) == (0, 1)


async def test_the_permit_comes_back_after_the_deadline(admission, large) -> None:
    """When the thread has noticed, not when the caller is told."""
    admission.open.clear()
    async with opened(admission=admission, threads=1) as pool:
        task = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await admitted_for_a_moment(pool, admission)
        with pytest.raises(TransformTimeout):
            await task
        await pool.idle()
    assert admission.released == 1


async def test_leaving_during_the_look_asks_for_nothing(admission) -> None:
    """The caller is gone before it was known what to ask for."""
    async with opened(admission=admission) as pool:
        task = asyncio.create_task(pool.run(pictures.jpeg(), JPEG, QUICK))
        await until(lambda: pool.statistics().looking)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await pool.idle()
    assert admission.asked == []


@pytest.mark.parametrize("image_format", [JPEG, SVG])
async def test_leaving_before_admission_leaves_nothing(image_format) -> None:
    """Who waits at the door and goes has had no permit."""
    closed = RecordingAdmission(is_open=False)
    data = pictures.SVG if image_format is SVG else pictures.jpeg()
    async with opened(admission=closed) as pool:
        task = asyncio.create_task(pool.run(data, image_format, QUICK))
        await until(lambda: closed.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert closed.released == 0


async def test_leaving_in_the_queue_gives_the_permit_back_at_once(admission, large) -> None:
    """Admitted, but without a thread yet, the permit is free while the thread before is still busy."""
    async with opened(admission=admission, threads=1) as pool:
        first = asyncio.create_task(pool.run(large, JPEG, SLOW))
        await until(lambda: pool.statistics().running)
        second = asyncio.create_task(pool.run(pictures.jpeg(), JPEG, QUICK))
        await until(lambda: admission.held == 2)
        second.cancel()
        await until(lambda: admission.held == 1)
        assert pool.statistics().running == 1
        first.cancel()


async def test_leaving_while_it_is_drawn_gives_the_permit_back(admission) -> None:
    """A drawing that nobody waits for takes its worker along."""
    renderer = SvgRenderer(timeout_seconds=100, max_pixels=10**6)
    async with opened(renderer, admission) as pool:
        task = asyncio.create_task(pool.run(BOMB, SVG, QUICK))
        await until(lambda: renderer.statistics().worker_pid)
        assert admission.held == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert admission.held == 0
    await renderer.aclose()


async def test_a_drawing_is_admitted_before_it_is_drawn() -> None:
    """With what its worker takes, if that is not there yet."""
    closed = RecordingAdmission(is_open=False)
    async with opened(admission=closed) as pool:
        task = asyncio.create_task(pool.run(pictures.SVG, SVG, QUICK))
        await until(lambda: closed.asked)
        closed.open.set()
        first = await task
        second = await pool.run(pictures.SVG, SVG, QUICK)
    assert first.data == second.data
    assert closed.asked[0] - closed.asked[1] == SVG_WORKER_BYTES


async def test_whoever_is_admitted_after_the_end_is_told(admission) -> None:
    """A permit that comes too late goes back unused."""
    closed = RecordingAdmission(is_open=False)
    async with opened(admission=closed) as pool:
        task = asyncio.create_task(pool.run(pictures.jpeg(), JPEG, QUICK))
        await until(lambda: closed.asked)
        await pool.aclose()
        closed.open.set()
        with pytest.raises(Draining):
            await task
    assert closed.released == 1
