"""The ledger of transfers: sums, refusals, threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from imgsvc.pressure.transfers import TransferLedger, TransferStatistics


def test_take_and_give_back():
    """What fits is counted, to the last byte; what does not is not, and nobody waits."""
    ledger = TransferLedger(100)
    assert ledger.take(60) is True
    assert ledger.take(41) is False
    assert ledger.take(40) is True
    assert ledger.take(1) is False
    ledger.give_back(60)
    assert ledger.in_use_bytes == 40
    assert ledger.statistics() == TransferStatistics(in_use_bytes=40, capacity_bytes=100, peak_bytes=100, refused=2)


def test_regardless():
    """What is held already is counted above the capacity, and then nothing more fits."""
    ledger = TransferLedger(100)
    ledger.take_regardless(150)
    assert ledger.take(1) is False
    ledger.give_back(150)
    assert ledger.take(100) is True
    assert ledger.statistics().peak_bytes == 150


def test_giving_back_too_much():
    """More than was taken is a mistake in the program, and changes nothing."""
    ledger = TransferLedger(100)
    ledger.take(10)
    with pytest.raises(ValueError, match="11 bytes given back, 10 were taken"):
        ledger.give_back(11)
    assert ledger.in_use_bytes == 10


def test_threads():
    """Threads that take and give back at once leave nothing behind and never exceed the capacity."""
    ledger = TransferLedger(5)

    def work(_) -> int:
        taken = 0
        for _ in range(2000):
            if ledger.take(2):
                taken += 1
                ledger.give_back(2)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(work, range(4)))
    counted = ledger.statistics()
    assert (counted.in_use_bytes, taken + counted.refused) == (0, 8000)
    assert counted.peak_bytes <= 5
