"""Remembered failures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc import errors
from imgsvc.cache.failures import MAX_BACK_OFF_SECONDS, RememberedFailures
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import CircuitOpen, ImgsvcError, NotAnImage, OriginError, OriginStatus, OriginTimeout, SourceNotFound
from imgsvc.settings import CacheSettings


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metadata(clock: Clock) -> MetadataCache:
    return MetadataCache(CacheSettings(), 100_000, clock=clock)


@pytest.fixture
def failures(metadata: MetadataCache, clock: Clock) -> RememberedFailures:
    return RememberedFailures(metadata, clock)


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ImgsvcError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_every_kind(failures: RememberedFailures, kind: type[ImgsvcError]):
    """Each error is remembered as itself exactly when its class says so."""
    assert await failures.remember("s", kind("What went wrong.", param="url")) == kind.remember_seconds
    recalled = await failures.recall("s")
    if kind.remember_seconds == 0:
        assert recalled is None
    else:
        assert type(recalled) is kind
        assert (recalled.detail, recalled.param) == ("What went wrong.", "url")
        assert recalled.retry_after_seconds == kind.remember_seconds


async def test_time_left(failures: RememberedFailures, clock: Clock):
    """What is left of its time is told, rounded up, at least a second; then it is over."""
    await failures.remember("s", OriginTimeout("Slow."))
    clock.now += 20.5
    assert (await failures.recall("s")).retry_after_seconds == 40
    clock.now += 39.4
    assert (await failures.recall("s")).retry_after_seconds == 1
    clock.now += 0.2
    assert await failures.recall("s") is None


async def test_forget(failures: RememberedFailures):
    """A source that is well again is asked again; other names are not touched."""
    await failures.remember("s", SourceNotFound("Gone."))
    await failures.remember("t", SourceNotFound("Gone."))
    await failures.forget("s")
    assert await failures.recall("s") is None
    assert await failures.recall("t") is not None


async def test_latest_counts(failures: RememberedFailures):
    """A later failure takes the place of an earlier one."""
    await failures.remember("s", OriginTimeout("Slow."))
    await failures.remember("s", NotAnImage("Text."))
    assert isinstance(await failures.recall("s"), NotAnImage)


async def test_foreign_class_is_not_remembered(failures: RememberedFailures):
    """A class that could not be read back is not written, even one that calls itself by a name of ours."""

    class Own(OriginError):
        pass

    impostor = type("OriginTimeout", (OriginError,), {})
    for kind in (Own, impostor):
        assert await failures.remember("s", kind("x")) == 0
        assert await failures.recall("s") is None
    assert failures.statistics().remembered == 0


@pytest.mark.parametrize(
    "change",
    [
        {"class": "SystemExit"},
        {"class": "ClassVar"},
        {"class": "ImgsvcError"},
        {"class": "StoreError"},
        {"class": "__doc__"},
        {"class": None},
        {"class": ["OriginTimeout"]},
        {"detail": 5},
        {"detail": None},
        {"param": []},
        {"until": "soon"},
        {"until": None},
        {"until": 0},
        {"until": float("inf")},
        {"until": float("nan")},
        {"at": "now"},
        {"at": None},
        {"at": 0},
        {"at": float("nan")},
    ],
    ids=str,
)
async def test_nonsense_in_a_shared_cache(
    failures: RememberedFailures, metadata: MetadataCache, clock: Clock, change: dict[str, object]
):  # fmt: skip
    """Whatever somebody wrote into a shared cache, nothing but our own remembered errors comes out."""
    record = remembered(clock)
    await metadata.set("failure:s", record, 60)
    assert isinstance(await failures.recall("s"), OriginTimeout)
    await metadata.set("failure:s", record | change, 60)
    assert await failures.recall("s") is None


@pytest.mark.parametrize("until", [5000, 10**400])
async def test_clock_of_another_replica(
    failures: RememberedFailures, metadata: MetadataCache, clock: Clock, until: int
):  # fmt: skip
    """A replica whose clock is ahead, or that counts wrong, makes no error live longer than its kind ever does."""
    for kind, longest_seconds in (("OriginTimeout", 1800), ("SourceNotFound", 900)):
        await metadata.set("failure:s", remembered(clock) | {"class": kind, "until": int(clock.now) + until}, 60)
        assert (await failures.recall("s")).retry_after_seconds == longest_seconds


async def test_back_off(failures: RememberedFailures, clock: Clock):
    """A source that fails at each attempt is left alone for twice as long each time, half an hour at the most."""
    lifetimes = []
    for _ in range(8):
        lifetimes.append(await failures.remember("s", OriginTimeout("Slow.")))
        assert (await failures.recall("s")).retry_after_seconds == lifetimes[-1]
        clock.now += lifetimes[-1]
        assert await failures.recall("s") is None
    assert lifetimes == [60, 120, 240, 480, 960, 1800, 1800, 1800]


async def test_back_off_over_kinds_of_failures(failures: RememberedFailures):
    """A source may fail in another way each time; a name of its own backs off for itself."""
    assert await failures.remember("s", OriginTimeout("Slow.")) == 60
    assert await failures.remember("s", OriginStatus("503.")) == 120
    assert await failures.remember("t", OriginStatus("503.")) == 60


async def test_end_of_a_row(failures: RememberedFailures, clock: Clock):
    """A success ends the row, and so does an answer, however useless, or that nobody asked for a while."""
    await failures.remember("s", OriginTimeout("Slow."))
    await failures.forget("s")
    assert await failures.remember("s", OriginTimeout("Slow.")) == 60

    for _ in range(2):
        assert await failures.remember("s", SourceNotFound("Gone.")) == 900
    assert await failures.remember("s", OriginTimeout("Slow.")) == 60

    clock.now += 60 + 2 * 60 - 1
    assert await failures.remember("s", OriginTimeout("Slow.")) == 120
    clock.now += 120 + 2 * 120
    assert await failures.remember("s", OriginTimeout("Slow.")) == 60


async def test_open_circuit_is_not_a_failure(failures: RememberedFailures):
    """That nothing was sent is neither remembered nor takes the place of what was."""
    await failures.remember("s", OriginTimeout("Slow."))
    assert await failures.remember("s", CircuitOpen("Left alone.")) == 0
    assert isinstance(await failures.recall("s"), OriginTimeout)
    assert await failures.remember("s", OriginTimeout("Slow.")) == 120


async def test_newer_than(failures: RememberedFailures, clock: Clock):
    """What was remembered before a purge, or just then, is not recalled after it; what came later is."""
    await failures.remember("s", OriginTimeout("Slow."))
    assert await failures.recall("s", newer_than=clock.now - 0.1) is not None
    assert await failures.recall("s", newer_than=clock.now) is None
    assert await failures.recall("s", newer_than=clock.now + 1) is None


async def test_statistics(failures: RememberedFailures, clock: Clock):
    """What was remembered is counted, and how often that spared a source a request."""
    await failures.remember("s", OriginTimeout("Slow."))
    await failures.recall("t")
    for _ in range(2):
        await failures.recall("s")
    clock.now += 60
    await failures.recall("s")
    statistics = failures.statistics()
    assert (statistics.remembered, statistics.recalled) == (1, 2)


@given(count=st.integers() | st.floats() | st.none() | st.text() | st.booleans() | st.just(10**400))
async def test_count_in_a_shared_cache(count: object):
    """Whatever count somebody wrote there, the next failure is remembered for a time that it could have."""
    clock = Clock()
    metadata = MetadataCache(CacheSettings(), 100_000, clock=clock)
    failures = RememberedFailures(metadata, clock)
    await metadata.set("failure:s", remembered(clock) | {"count": count}, 60)
    lifetime_seconds = await failures.remember("s", OriginTimeout("Slow."))
    assert lifetime_seconds in {60, 120, 240, 480, 960, MAX_BACK_OFF_SECONDS}


def remembered(clock: Clock) -> dict[str, object]:
    """Give what is in the cache for a failure of just now."""
    return {
        "class": "OriginTimeout", "detail": "Slow.", "param": None,
        "at": clock.now, "until": clock.now + 60, "count": 1,
    }  # fmt: skip
