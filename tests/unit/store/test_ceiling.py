"""The numbers of a folder's ceiling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.store.ceiling import BLOCK_BYTES, DEFAULT_BYTES, HIGH_PERCENT, LOW_PERCENT, Oldest, Seen, Tally
from imgsvc.store.objectfile import HEAD_BYTES

GIB = 1024**3


def counted(max_bytes: int | None, used_bytes: int = 0, free_bytes: int | None = 0) -> Tally:
    tally = Tally(max_bytes)
    tally.begin_count()
    tally.counted(used_bytes, 1 if used_bytes else 0, free_bytes, BLOCK_BYTES)
    return tally


@given(st.lists(st.integers(0, 50)), st.integers(1, 10))
def test_oldest(times: list[int], limit: int):
    """As many as wanted of the least recently used are kept, the oldest first, equal times among them."""
    oldest = Oldest(limit)
    for number, time_ns in enumerate(times):
        oldest.offer(Seen(time_ns, f"a/{number}", 1))
    kept = oldest.in_order()
    assert [seen.last_use_ns for seen in kept] == sorted(times)[:limit]
    assert len({seen.path for seen in kept}) == min(limit, len(times))


@pytest.mark.parametrize(
    ("max_bytes", "used_bytes", "free_bytes", "ceiling_bytes"),
    [
        (5000, 0, 10, 5000),
        (None, 0, 6 * GIB, 3 * GIB),
        (None, 4 * GIB, 2 * GIB, 3 * GIB),
        (None, 0, 100 * GIB, DEFAULT_BYTES),
        (None, 0, None, DEFAULT_BYTES),
    ],
    ids=["said", "half-of-free", "with-what-is-there", "ten-gib", "unknown"],
)
def test_ceiling(max_bytes: int | None, used_bytes: int, free_bytes: int | None, ceiling_bytes: int):
    """Unless said, it is 10 GiB, or half of what is free or taken by objects; less of that later moves nothing."""
    tally = counted(max_bytes, used_bytes, free_bytes)
    assert tally.capacity_bytes == ceiling_bytes
    tally.counted(used_bytes, 1, 1, BLOCK_BYTES)
    assert tally.capacity_bytes == ceiling_bytes


def test_ceiling_rises():
    """One that was worked out on a disk that was full rises with what is free later; one that was said stays."""
    tally, said = counted(None, free_bytes=0), counted(5000)
    assert tally.capacity_bytes == 0
    for each in (tally, said):
        each.counted(0, 0, 6 * GIB, BLOCK_BYTES)
    assert (tally.capacity_bytes, said.capacity_bytes) == (3 * GIB, 5000)


def test_nothing_before_the_first_count():
    """Nobody gets room in a folder of which nobody knows how full it is."""
    tally = Tally(10_000)
    assert not tally.take(1)
    tally.counted(0, 0, None, BLOCK_BYTES)
    assert tally.take(1)


def test_footprint():
    """A file takes whole blocks, its head included, and those of the file system when they are larger."""
    tally = Tally()
    assert tally.footprint_bytes(1) == HEAD_BYTES + BLOCK_BYTES
    assert tally.footprint_bytes(BLOCK_BYTES) == HEAD_BYTES + BLOCK_BYTES
    tally.counted(0, 0, None, 65536)
    assert tally.footprint_bytes(1) == 65536


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 3), st.sampled_from(["write", "fail", "delete"]))),
)
def test_never_more_than_the_ceiling(ceiling_bytes: int, steps: list[tuple[int, int, str]]):
    """Whatever is written, replaced, deleted or fails, objects and writes under way stay below the ceiling."""
    tally, sizes = counted(ceiling_bytes), {}
    for size_bytes, name, step in steps:
        if step == "delete":
            if name in sizes:
                tally.changed(sizes.pop(name), None)
        elif tally.take(size_bytes):
            assert sum(sizes.values()) + tally.reserved_bytes <= ceiling_bytes
            if step == "write":
                tally.changed(sizes.get(name), size_bytes)
                sizes[name] = size_bytes
            tally.give_back(size_bytes)
        assert (tally.used_bytes, tally.entries) == (sum(sizes.values()), len(sizes))
        assert tally.used_bytes <= ceiling_bytes
        assert tally.reserved_bytes == 0


@given(
    st.dictionaries(st.integers(0, 9), st.integers(1, 100)),
    st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(1, 100))),
)
def test_counting_beside_changes(before: dict[int, int], changes: list[tuple[int, int | None]]):
    """A count in whose middle objects come and go gives no less than there is."""
    tally, sizes = counted(10_000, sum(before.values())), dict(before)
    tally.begin_count()
    found_bytes = found = 0
    for step in range(10):  # one name is looked at, then one change is made
        if step in sizes:
            found_bytes, found = found_bytes + sizes[step], found + 1
        for name, size_bytes in changes[step : step + 1]:
            if size_bytes is None and name not in sizes:
                continue
            tally.changed(sizes.pop(name, None), size_bytes)
            if size_bytes is not None:
                sizes[name] = size_bytes
    tally.counted(found_bytes, found, None, BLOCK_BYTES)
    assert tally.used_bytes >= sum(sizes.values())
    assert tally.entries >= len(sizes)


@given(st.integers(100, 10_000), st.integers(0, 12_000), st.integers(0, 12_000))
def test_excess(ceiling_bytes: int, used_bytes: int, wanted_bytes: int):
    """Below the high mark nothing has to go, above it what brings the rest to the low one, and room for who waits."""
    excess_bytes = counted(ceiling_bytes, used_bytes).excess_bytes(wanted_bytes)
    left_bytes = used_bytes - excess_bytes
    assert 0 <= excess_bytes <= used_bytes
    if used_bytes + wanted_bytes <= ceiling_bytes * HIGH_PERCENT // 100:
        assert excess_bytes == 0
    else:
        assert left_bytes <= ceiling_bytes * LOW_PERCENT // 100
        assert left_bytes + min(wanted_bytes, ceiling_bytes) <= ceiling_bytes


def test_deleting_what_another_process_wrote():
    """What this process did not count cannot make the sum negative when it is deleted."""
    tally = counted(1000)
    tally.changed(500, None)
    assert (tally.used_bytes, tally.entries) == (0, 0)
