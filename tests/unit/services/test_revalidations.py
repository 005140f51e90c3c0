"""Asking sources behind answers: bounded, and quiet after failures."""

import asyncio

from imgsvc.services.revalidations import LIMIT, REST_SECONDS, Revalidations
from tests.support.blobs import SOURCE
from tests.support.spine import png
from tests.support.spine_parts import HOUR, Clock


class Asked:
    """Counts questions, and answers as it is told; the real ones are asked in test_validation."""

    def __init__(self) -> None:
        self.count = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer: bool | Exception = False

    async def ask_to_the_end(self, _source) -> bool:
        self.count += 1
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_after_a_failure_it_rests():
    """For some seconds nothing is begun for that source; then again."""
    asked, clock = Asked(), Clock()
    revalidations = Revalidations(asked, lambda: True, clock)
    asked.answer = True
    for seconds in (0, 0, REST_SECONDS - 0.1, 0.2):
        clock.forward(seconds)
        revalidations.begin(SOURCE)
        await revalidations.idle()

    assert asked.count == 2
    assert revalidations.statistics().failed == 2


async def test_after_a_good_answer_it_does_not():
    """What is stale again at once is asked for again at once."""
    asked = Asked()
    revalidations = Revalidations(asked, lambda: True, Clock())
    for _ in range(3):
        revalidations.begin(SOURCE)
        await revalidations.idle()

    assert asked.count == 3


async def test_an_unforeseen_fault_is_logged(caplog):
    """It costs one question, and says so."""
    asked = Asked()
    asked.answer = ZeroDivisionError("oops")
    revalidations = Revalidations(asked, lambda: True, Clock())
    revalidations.begin(SOURCE)
    await revalidations.idle()

    assert "unforeseen" in caplog.text
    assert revalidations.statistics().failed == 1


async def test_too_many_are_refused(parts, origin):
    """Beyond the limit sources are not asked; their next stale answer tries again."""
    asked = Asked()
    asked.gate.clear()
    revalidations = Revalidations(asked, lambda: True, Clock())
    for n in range(LIMIT + 3):
        revalidations.begin(parts.source(f"/{n}.png"))
    statistics = revalidations.statistics()
    await revalidations.aclose()

    assert (statistics.running, statistics.started, statistics.refused) == (LIMIT, LIMIT, 3)
    assert revalidations.statistics().running == 0


async def test_the_end_gives_up_what_is_asked(parts, origin):
    """A source that does not answer does not hold up the end, and nothing of it stays."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    origin.stall_before_head("/a.png")
    parts.clock.forward(HOUR)
    await parts.ask("/a.png")
    await origin.until_hits("/a.png", 2)
    await parts.revalidations.aclose()

    assert parts.revalidations.statistics().running == 0
    assert parts.flights.statistics().in_flight == 0
