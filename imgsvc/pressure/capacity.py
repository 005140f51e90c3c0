"""How large the memory cache may be so that a full one leaves the process healthy."""

from itertools import count

from imgsvc.settings import MIB

HEALTHY_PERCENT = 66
"""All that is held together stays below this share of the budget; the allocator's residue fits between it and 75 %."""

GATE_PERCENT = 15
"""The share of the budget that ``MemorySettings.gate_capacity_bytes`` sets aside for decodes."""

SMALLEST_CACHE_BYTES = 16 * MIB


def cache_capacity_bytes(
    budget_bytes: int, base_bytes: int, gate_bytes: int, metadata_in_use_bytes: int, transfer_in_use_bytes: int
) -> int:
    """
    Give what is left of 66 % of the budget, 16 MiB at the least.

    Args:
        budget_bytes: what the process may use.
        base_bytes: its resident size after one warm-up transform, with every library loaded and nothing held.
        gate_bytes: what decodes may need together.
        metadata_in_use_bytes: what the metadata cache holds.
        transfer_in_use_bytes: what bodies under way hold.
    """
    others_bytes = base_bytes + gate_bytes + metadata_in_use_bytes + transfer_in_use_bytes
    return max(SMALLEST_CACHE_BYTES, budget_bytes * HEALTHY_PERCENT // 100 - others_bytes)


def smallest_budget_bytes(base_bytes: int) -> int:
    """
    Give the smallest budget, in whole MiB, with which 16 MiB of cache still leave an idle process healthy.

    With less, :func:`cache_capacity_bytes` gives its floor though there is no room for it.
    """
    needed_bytes = base_bytes + SMALLEST_CACHE_BYTES
    first_mib = needed_bytes * 100 // (HEALTHY_PERCENT - GATE_PERCENT) // MIB
    return next(mib * MIB for mib in count(first_mib) if _without_gate_bytes(mib * MIB) >= needed_bytes)


def _without_gate_bytes(budget_bytes: int) -> int:
    return budget_bytes * HEALTHY_PERCENT // 100 - budget_bytes * GATE_PERCENT // 100
