"""Leases where replicas share nothing."""

from itertools import islice

import pytest

from imgsvc.cache.leases import Leases, LeaseStatistics, _pauses_seconds
from imgsvc.settings import CacheSettings, SettingsError


async def test_alone():
    """With nobody to share with every lease is granted, and nobody is waited for."""
    leases = Leases(CacheSettings())
    first, second = await leases.claim("work", 60), await leases.claim("work", 60)
    assert first is not None
    assert second is not None
    assert await leases.wait("work", 60)
    for lease in (first, second, first):
        await lease.release()
    assert leases.statistics() == LeaseStatistics(claimed=2, denied=0, failed=0)
    await leases.aclose()


def test_pauses():
    """Who waits asks soon at first, then less and less often, and never seldom."""
    pauses = list(islice(_pauses_seconds(), 8))
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.02, 0.25)
    assert sum(pauses[:4]) < 0.5


def test_no_url_of_redis():
    """A URL that is none of Redis is a settings error."""
    with pytest.raises(SettingsError, match="IMGSVC_REDIS_URL"):
        Leases(CacheSettings.from_env({"IMGSVC_REDIS_URL": "http://127.0.0.1"}))
