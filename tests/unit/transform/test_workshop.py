"""Where work is done: what is lent comes back, whatever the work was."""

import contextlib
import time

import pytest

from imgsvc.errors import MemoryPressure
from imgsvc.settings import TransformSettings
from imgsvc.transform.admission import Admission
from imgsvc.transform.workshop import Workshop
from tests.support import pictures
from tests.unit.transform.bodies import KINDS, RecordingAdmission, descriptors, laid


@contextlib.asynccontextmanager
async def workshop(admission: Admission):
    subject = Workshop(TransformSettings(), None, time.monotonic, admission)
    try:
        yield subject
    finally:
        await subject.aclose()


def wrong(*_: object) -> None:
    """Fail."""
    raise LookupError


@pytest.mark.parametrize("kind", KINDS)
async def test_work_is_lent_a_body_and_a_permit(kind) -> None:
    """Both are given back, also when the work fails; a look needs no permit."""
    admission = RecordingAdmission()
    before = descriptors()
    async with workshop(admission) as subject:
        with laid(kind, b"abc") as body:
            assert await subject.look(body, type) is type(body)
            assert admission.asked == []
            size, waited_seconds = await subject.decode(body, 7, lambda _, switch: switch.killed)
            assert (size, waited_seconds >= 0) == (False, True)
            with pytest.raises(LookupError):
                await subject.decode(body, 8, wrong)
            with pytest.raises(LookupError):
                await subject.look(body, wrong)
    assert (admission.asked, admission.held, admission.released) == ([7, 8], 0, 2)
    assert descriptors() <= before


async def test_what_is_held_for_a_pipe_is_closed_once() -> None:
    """After the work, after a failure, and when it was not admitted."""
    closed: list[str] = []

    def held(name: str) -> contextlib.ExitStack:
        stack = contextlib.ExitStack()
        stack.callback(closed.append, name)
        return stack

    async with workshop(RecordingAdmission()) as subject:
        done, _ = await subject.read_pipe(1, lambda _: "done", 5, held("a"))
        with pytest.raises(LookupError):
            await subject.read_pipe(1, wrong, 5, held("b"))
    async with workshop(RecordingAdmission(error=MemoryPressure("no"))) as subject:
        with pytest.raises(MemoryPressure):
            await subject.read_pipe(1, wrong, 5, held("c"))
    assert (done, closed) == ("done", ["a", "b", "c"])


async def test_statistics_are_of_each_kind_of_thread() -> None:
    """Headers, pixels, pipes."""
    async with workshop(RecordingAdmission()) as subject:
        await subject.look(b"", len)
        await subject.look(b"", len)
        await subject.decode(pictures.SVG, 1, lambda *_: None)
        await subject.idle()
        assert [lane.completed for lane in subject.statistics()] == [2, 1, 0]
