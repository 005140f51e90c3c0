"""Cards, drawn in the pool."""

import pytest

from imgsvc.errors import CorruptImage, Draining, MemoryPressure
from imgsvc.transform.cards import CARD_BYTES
from tests.unit.transform.bodies import RecordingAdmission, opened
from tests.unit.transform.drawn_cards import card, drawn


async def test_a_card_is_drawn_with_a_permit() -> None:
    """It is the one that a thread of its own draws; the permit is for what that takes, and comes back."""
    admission = RecordingAdmission()
    async with opened(admission=admission) as pool:
        data = await pool.card(card(), None)

    assert data == drawn(card())
    assert (admission.asked, admission.released) == ([CARD_BYTES], 1)


async def test_a_broken_emblem_gives_its_permit_back() -> None:
    """What libvips cannot read is an error of ours to know, not of libvips."""
    admission = RecordingAdmission()
    async with opened(admission=admission) as pool:
        with pytest.raises(CorruptImage):
            await pool.card(card(), b"nothing")

    assert admission.released == 1


async def test_without_memory_nothing_is_drawn() -> None:
    """Who is not admitted is told so."""
    async with opened(admission=RecordingAdmission(error=MemoryPressure("full"))) as pool:
        with pytest.raises(MemoryPressure):
            await pool.card(card(), None)


async def test_a_closed_pool_draws_nothing() -> None:
    """After the end there are no threads."""
    async with opened() as pool:
        await pool.aclose()
        with pytest.raises(Draining):
            await pool.card(card(), None)
