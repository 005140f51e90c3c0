"""What a search has gathered, within bounds."""

import asyncio

import pytest

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.logos.score import Measured, Reason
from imgsvc.model.formats import ImageFormat
from imgsvc.origin.answer import Validators
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.logos.gathered import MOST_HELD_BYTES, Gathered
from imgsvc.services.logos.judging import Picture, Seen, out
from tests.unit.services.logos.test_record import ANALYSIS

MIB = 1 << 20


def seen(side_px: int, size_bytes: int, source: LogoSource = LogoSource.LINK_ICON) -> Seen:
    """Name a candidate of that size with a picture of so many bytes."""
    candidate = Candidate(f"https://acme.test/{source}/{side_px}.png", source)
    picture = Picture(
        bytes(size_bytes), ImageFormat.PNG, "0" * 64, "0" * 64, side_px, side_px, ANALYSIS,
        Validators(url=candidate.url),
    )  # fmt: skip
    return Seen(Measured(candidate, side_px, side_px, ImageFormat.PNG), picture)


def held(gathered: Gathered) -> list[int]:
    """Give the sides of the pictures that are held."""
    return sorted(each.picture.width_px for each in gathered if each.picture)


async def test_losers_go():
    """A picture that is best for no size is let go, and not counted any more; its candidate stays."""
    ledger = TransferLedger(MIB)
    gathered = Gathered(ledger)
    for each in (
        seen(200, 1000),
        seen(190, 1000, LogoSource.MS_TILE),
        out(seen(64, 1).measured.candidate, Reason.BLANK),
    ):
        assert await gathered.add(each)

    await gathered.let_losers_go()

    assert held(gathered) == [200]
    assert len(list(gathered)) == 3
    assert ledger.in_use_bytes == 1000
    gathered.let_go()
    assert ledger.in_use_bytes == 0


async def test_no_more_than_may_be():
    """Beyond the bound the largest go, and not all of them, however often that is looked at and by how many."""
    ledger = TransferLedger(100 * MIB)
    gathered = Gathered(ledger)

    await asyncio.gather(*(gathered.add(seen(side_px, 3 * MIB)) for side_px in (16, 32, 64, 128, 256, 512, 1000)))
    for _ in range(3):
        await gathered.let_losers_go()

    assert 1 <= len(held(gathered)) <= MOST_HELD_BYTES // (3 * MIB)
    assert ledger.in_use_bytes == len(held(gathered)) * 3 * MIB


async def test_without_room():
    """Where there is no room for a picture its candidate is known without it, and the caller is told."""
    gathered = Gathered(TransferLedger(100))

    assert not await gathered.add(seen(64, 200))

    assert held(gathered) == []
    assert not gathered.has_picture("https://acme.test/link-icon/64.png")
    assert not gathered.suffices(32)


@pytest.mark.parametrize(("asked_px", "expected"), [(64, True), (128, True), (129, False)])
async def test_what_suffices(asked_px, expected):
    """One that fills what is asked for is enough."""
    gathered = Gathered(TransferLedger(MIB))
    await gathered.add(seen(128, 10))

    assert gathered.suffices(asked_px) is expected
