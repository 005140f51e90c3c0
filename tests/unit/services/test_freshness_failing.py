"""What is kept when a source fails, and when it says that the picture is gone."""

import pytest

from imgsvc.errors import OriginStatus, SourceNotFound
from imgsvc.services.answers import Tier
from tests.support.spine import ask_at, png
from tests.support.spine_parts import HOUR
from tests.unit.services.test_freshness import BLUE, DAY, WEEK

pytestmark = pytest.mark.slow


def _bad_pixels() -> bytes:
    """Make a picture whose header is good and whose pixels are not."""
    data = bytearray(png(BLUE))
    middle = data.index(b"IDAT") + 10
    data[middle : middle + 6] = b"\0" * 6
    return bytes(data)


FAILURES = {
    "500": lambda origin: origin.serve("/a.png", b"", status=500),
    "503": lambda origin: origin.serve("/a.png", b"", status=503),
    "403": lambda origin: origin.serve("/a.png", b"", status=403),
    "reset": lambda origin: origin.reset_before_head("/a.png"),
    "half": lambda origin: origin.reset_mid_body("/a.png", png(BLUE)),
    "html": lambda origin: origin.serve("/a.png", b"<html>sorry</html>"),
    "truncated": lambda origin: origin.serve("/a.png", png(BLUE)[:-30]),
    "bad pixels": lambda origin: origin.serve("/a.png", _bad_pixels()),
    "unasked 304": lambda origin: origin.serve("/a.png", b"", status=304),
    "forbidden": lambda origin: origin.serve("/a.png", b"", status=302, headers={"Location": "ftp://x/"}),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_source_that_fails_keeps_its_last_good_picture(parts, origin, failure):
    """For a week after its end: behind the answer for a day, then asked first; in sizes not made yet too."""
    origin.serve("/a.png", png())
    first = await ask_at(parts, 0)
    FAILURES[failure](origin)
    answers = [await ask_at(parts, HOUR + seconds) for seconds in (0, DAY - 1, DAY, WEEK - 1)]
    other = await ask_at(parts, HOUR + WEEK - 1, "w=20&f=png")

    assert [(answer.stale, answer.blob.data) for answer in answers] == [(True, first.blob.data)] * 4
    assert other.stale
    assert other.blob.meta.source_sha256 == first.blob.meta.source_sha256
    assert origin.hits("/a.png") > 2


async def test_after_a_week_a_failure_is_a_failure(parts, origin):
    """Then nobody knows any more what the picture is."""
    origin.serve("/a.png", png())
    await ask_at(parts, 0)
    origin.serve("/a.png", b"", status=500)

    with pytest.raises(OriginStatus):
        await ask_at(parts, HOUR + WEEK)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("seconds", [HOUR, HOUR + DAY])
async def test_not_found_ends_it(parts, origin, status, seconds):
    """A source that has no such picture any more loses what was kept of it, everywhere, and is not asked again soon."""
    origin.serve("/a.png", png())
    await ask_at(parts, 0)
    await ask_at(parts, 0, "w=20&f=png")
    origin.serve("/a.png", b"", status=status)
    if seconds == HOUR:  # one more answer, at once
        assert (await ask_at(parts, seconds)).stale

    for query in ("w=10&f=png", "w=20&f=png", "w=30&f=png"):
        with pytest.raises(SourceNotFound):
            await ask_at(parts, seconds, query)
    assert await parts.keys() == []
    assert origin.hits("/a.png") == 2


@pytest.mark.parametrize("directive", ["no-store", "private"])
@pytest.mark.parametrize("status", [200, 304])
async def test_what_may_not_be_kept_any_more_is_not(parts, origin, directive, status):
    """A source that comes to forbid it has nothing kept from then on, and each client its own fetch."""
    origin.serve("/a.png", png(), headers={"ETag": '"v1"'})
    await ask_at(parts, 0)
    body = png() if status == 200 else b""
    origin.serve("/a.png", body, status=status, headers={"ETag": '"v1"', "Cache-Control": directive})
    await ask_at(parts, HOUR)
    origin.serve("/a.png", png(), headers={"Cache-Control": directive})
    later = [await ask_at(parts, HOUR + 1) for _ in range(2)]

    assert [(answer.tier, answer.blob.shareable) for answer in later] == [(Tier.ORIGIN, False)] * 2
    assert await parts.keys() == []
