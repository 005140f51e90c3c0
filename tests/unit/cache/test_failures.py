"""Remembered failures."""

import pytest

from imgsvc import errors
from imgsvc.cache.failures import RememberedFailures
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import ImgsvcError, NotAnImage, OriginError, OriginTimeout, SourceNotFound
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
    await failures.remember("s", kind("What went wrong.", param="url"))
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
        await failures.remember("s", kind("x"))
        assert await failures.recall("s") is None


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
    ],
    ids=str,
)
async def test_nonsense_in_a_shared_cache(
    failures: RememberedFailures, metadata: MetadataCache, clock: Clock, change: dict[str, object]
):  # fmt: skip
    """Whatever somebody wrote into a shared cache, nothing but our own remembered errors comes out."""
    record = {"class": "OriginTimeout", "detail": "Slow.", "param": None, "until": clock.now + 50}
    await metadata.set("failure:s", record, 60)
    assert isinstance(await failures.recall("s"), OriginTimeout)
    await metadata.set("failure:s", record | change, 60)
    assert await failures.recall("s") is None


async def test_clock_of_another_replica(failures: RememberedFailures, metadata: MetadataCache, clock: Clock):
    """A replica whose clock is ahead makes no error live longer than its kind does."""
    record = {"class": "OriginTimeout", "detail": "Slow.", "param": None, "until": clock.now + 5000}
    await metadata.set("failure:s", record, 60)
    assert (await failures.recall("s")).retry_after_seconds == 60
