"""Sources that are transformed while they arrive; pixels as from bytes, and nobody left waiting at a pipe."""

import asyncio
import os

import pytest

from imgsvc.errors import CorruptImage, Draining, MemoryPressure, TransformTimeout
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Gravity, Output, Placeholder, TransformSpec
from imgsvc.transform.pool import PIPE_THREADS, Head, TransformPool
from tests.support import pictures
from tests.unit.transform.bodies import RecordingAdmission, Writer, descriptors, opened, until

pytestmark = pytest.mark.slow

SHOWN = TransformSpec(output=Output.WEBP, width=100)
SOURCES = {
    ImageFormat.JPEG: pictures.jpeg(pictures.noise(1200, 900)),
    ImageFormat.PNG: pictures.png(pictures.noise(1200, 900)),
}
SPECS = [
    SHOWN,
    TransformSpec(output=Output.JPEG, rotate=90, height=300),
    TransformSpec(output=Output.PNG, width=50, height=50, gravity=Gravity.ATTENTION),
    TransformSpec(placeholder=Placeholder.COLOR),
]


@pytest.fixture(autouse=True)
def _nothing_stays_open():
    """The pool closes what it is given; the loop and its helpers close with the test."""
    before = descriptors()
    yield
    assert {name for name in descriptors() - before if is_pipe(name)} == set()


def is_pipe(name: str) -> bool:
    return os.readlink(f"/proc/self/fd/{name}").startswith("pipe:")  # noqa: PTH115 - the text is wanted, not a path


async def piped(
    pool: TransformPool, writer: Writer, image_format: ImageFormat, spec=SHOWN, timeout_seconds: float = 20
):
    head = await pool.inspect_head(SOURCES[image_format][:65536])
    assert pool.can_pipe(head, spec)
    return await pool.run_piped(writer.reading_end, head, spec, timeout_seconds=timeout_seconds, source_bytes=9)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("image_format", SOURCES)
async def test_a_piped_source_gives_what_bytes_give(image_format, spec) -> None:
    """To the byte, and it counts as a transform."""
    data = SOURCES[image_format]
    async with opened() as pool:
        writer = Writer(data, piece_bytes=20_000)
        answer = await piped(pool, writer, image_format, spec)
        await writer.ended()
        assert answer.data == (await pool.run(data, image_format, spec)).data
        assert pool.statistics().completed == 2


async def test_a_piped_answer_may_be_bigger() -> None:
    """The source's own bytes have passed by."""
    data = pictures.jpeg(pictures.noise(400, 300), Q=30)
    async with opened() as pool:
        writer = Writer(data)
        answer = await pool.run_piped(
            writer.reading_end, await pool.inspect_head(data), TransformSpec(quality=100), timeout_seconds=100
        )
        await writer.ended()
    assert len(answer.data) > len(data)


@pytest.mark.parametrize("image_format", SOURCES)
async def test_a_sender_that_dies_makes_a_broken_picture(image_format) -> None:
    """An early end is never taken for the end."""
    data = SOURCES[image_format]
    async with opened() as pool:
        writer = Writer(data[: len(data) * 2 // 3])
        with pytest.raises(CorruptImage):
            await piped(pool, writer, image_format)
        await writer.ended()


@pytest.mark.parametrize("image_format", SOURCES)
async def test_after_an_error_nobody_reads(image_format) -> None:
    """A sender that goes on is told at once, even while the error is being handled."""
    data = bytearray(SOURCES[image_format])
    data[100_000:100_200] = bytes(200) if image_format is ImageFormat.PNG else b"\xff\xd9" * 100
    async with opened() as pool:
        writer = Writer(bytes(data) + bytes(10**6))
        try:
            await piped(pool, writer, image_format)
        except CorruptImage:
            await writer.ended()
        await writer.ended()
    assert writer.broken


@pytest.mark.parametrize("image_format", SOURCES)
@pytest.mark.parametrize("how", ["cancelled", "deadline", "closed"])
async def test_a_stalled_sender_holds_nobody(image_format, how) -> None:
    """Whoever leaves, is told of the deadline or is sent away is free, and soon so is the thread."""
    data = SOURCES[image_format]
    admission = RecordingAdmission()
    async with opened(admission=admission) as pool:
        writer = Writer(data[: len(data) // 2], closes=False)
        task = asyncio.create_task(piped(pool, writer, image_format, timeout_seconds=0.2 if how == "deadline" else 100))
        await until(lambda: admission.held or admission.released)
        await writer.ended()
        if how == "cancelled":
            task.cancel()
        elif how == "closed":
            await pool.aclose()
        with pytest.raises((asyncio.CancelledError, TransformTimeout, Draining)) as raised:
            await task
        await pool.idle()
        assert admission.held == 0
        with pytest.raises(BrokenPipeError):
            os.write(writer.writing_end, b"x")
        os.close(writer.writing_end)
    expected = {"cancelled": asyncio.CancelledError, "deadline": TransformTimeout, "closed": Draining}
    assert raised.type is expected[how]


async def test_a_reader_that_is_killed_tells_a_busy_sender() -> None:
    """Who has more to send than anybody will read is not left waiting."""
    admission = RecordingAdmission()
    async with opened(admission=admission) as pool:
        writer = Writer(pictures.png(pictures.noise(3000, 3000), compression=0))
        task = asyncio.create_task(piped(pool, writer, ImageFormat.PNG, TransformSpec(output=Output.PNG, blur=50.0)))
        await until(lambda: admission.held)
        task.cancel()
        await pool.idle()
        await writer.ended()
    assert writer.broken


@pytest.mark.parametrize("refusal", [MemoryPressure("no"), None])
async def test_without_admission_the_pipe_is_closed(refusal) -> None:
    """Refused, or gone while waiting: the sender is told, and no thread has been used."""
    admission = RecordingAdmission(is_open=refusal is not None, error=refusal)
    async with opened(admission=admission) as pool:
        writer = Writer(SOURCES[ImageFormat.JPEG])
        task = asyncio.create_task(piped(pool, writer, ImageFormat.JPEG))
        await until(lambda: admission.asked)
        if refusal is None:
            assert pool.free_pipes == PIPE_THREADS - 1
            task.cancel()
        with pytest.raises((asyncio.CancelledError, MemoryPressure)):
            await task
        await writer.ended()
        assert (pool.free_pipes, pool.statistics().completed) == (PIPE_THREADS, 0)
    assert writer.broken


async def test_pipes_have_threads_of_their_own_and_no_more() -> None:
    """As many as there are may drip at once; the rest of the pool does not notice, and no more are taken on."""
    async with opened(threads=1) as pool:
        data = SOURCES[ImageFormat.JPEG]
        head = await pool.inspect_head(data)
        writers = [Writer(data[:100_000], closes=False) for _ in range(PIPE_THREADS)]
        tasks = [asyncio.create_task(piped(pool, writer, ImageFormat.JPEG)) for writer in writers]
        await until(lambda: pool.statistics().piping == PIPE_THREADS)
        assert (pool.free_pipes, pool.can_pipe(head, SHOWN)) == (0, False)
        assert (await pool.run(data, ImageFormat.JPEG, SHOWN)).width == 100
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pool.idle()
        assert pool.can_pipe(head, SHOWN)
        for writer in writers:
            await writer.ended()
            os.close(writer.writing_end)


async def test_an_unknown_head_is_the_caller_s_mistake() -> None:
    """It is said so, and the pipe is closed even then."""
    async with opened() as pool:
        writer = Writer(SOURCES[ImageFormat.JPEG])
        with pytest.raises(ValueError, match="nothing is known"):
            await pool.run_piped(writer.reading_end, Head(ImageFormat.JPEG, None), SHOWN, timeout_seconds=1)
        await writer.ended()
    assert writer.broken
