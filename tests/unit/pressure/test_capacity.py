"""What is left for the cache."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.pressure.capacity import (
    SMALLEST_CACHE_BYTES,
    cache_capacity_bytes,
    smallest_budget_bytes,
)
from imgsvc.settings import MIB, MemorySettings


@pytest.mark.parametrize(
    ("budget", "base", "gate", "metadata", "transfer", "capacity"),
    [
        (500, 90, 75, 0, 0, 165),
        (500, 90, 75, 20, 40, 105),
        (500, 90, 75, 100, 49, 16),
        (500, 90, 75, 100, 50, 16),
        (64, 90, 10, 0, 0, 16),
    ],
)
def test_capacity(budget, base, gate, metadata, transfer, capacity):
    """66 % of the budget less all else that is held, and never under 16 MiB."""
    sizes = (n * MIB for n in (budget, base, gate, metadata, transfer))
    assert cache_capacity_bytes(*sizes) == capacity * MIB


def test_the_default_budget():
    """With the default budget and a process of 90 MB, about 160 MiB are left."""
    settings = MemorySettings()
    capacity = cache_capacity_bytes(settings.budget_bytes, 90_000_000, settings.gate_capacity_bytes, 0, 0)
    assert capacity / MIB == pytest.approx(170, abs=10)


@given(st.integers(0, 2048 * MIB))
def test_the_smallest_budget(base):
    """It leaves room for the floor, in whole MiB; one MiB less does not."""
    budget = smallest_budget_bytes(base)

    def left(budget: int) -> int:
        gate = MemorySettings(budget_bytes=budget).gate_capacity_bytes
        return budget * 66 // 100 - base - gate

    assert budget % MIB == 0
    assert left(budget) >= SMALLEST_CACHE_BYTES > left(budget - MIB)
