"""Announcements where replicas share nothing."""

import asyncio

import pytest

from imgsvc.cache.announcements import Announcements, AnnouncementStatistics
from imgsvc.settings import CacheSettings, SettingsError
from tests.unit.cache.work import settle


async def test_alone():
    """With nobody to tell nothing is announced, heard or joined; who listens waits until it is cancelled."""

    async def unexpected(*_: str) -> None:
        pytest.fail("called")

    announcements = Announcements(CacheSettings(), "tests")
    listening = asyncio.create_task(announcements.listen(unexpected, unexpected))
    await settle()
    assert not await announcements.announce("text")
    await settle()
    assert not announcements.is_live
    assert not listening.done()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert announcements.statistics() == AnnouncementStatistics(
        live=False, announced=0, failed=0, heard=0, joined=0, lost=0
    )
    await announcements.aclose()


def test_no_url_of_redis():
    """A URL that is none of Redis is a settings error."""
    with pytest.raises(SettingsError, match="IMGSVC_REDIS_URL"):
        Announcements(CacheSettings.from_env({"IMGSVC_REDIS_URL": "http://127.0.0.1"}), "tests")
