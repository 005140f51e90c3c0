"""How a kept picture stands: a table."""

import pytest

from imgsvc.services.standing import Standing, judged, standing_at
from tests.support.blobs import meta_of
from tests.unit.services.test_records import record

DAY = 86400
META = meta_of(b"x", fetched_at=1000, lifetime_seconds=1000)


@pytest.mark.parametrize(
    ("now", "standing"),
    [
        (1000, Standing.FRESH),
        (1999.9, Standing.FRESH),
        (2000, Standing.STALE),
        (2000 + DAY - 1, Standing.STALE),
        (2000 + DAY, Standing.OLD),
        (2000 + 100 * DAY, Standing.OLD),
        (940, Standing.FRESH),  # another's clock may be a minute ahead
        (939, Standing.STALE),
    ],
)
def test_by_its_own_end(now, standing):
    """Fresh until its end, then a day stale, then old; and stale when it was fetched in the future."""
    assert standing_at(META, now) is standing


@pytest.mark.parametrize(("now", "standing"), [(2000 + 7 * DAY - 1, Standing.STALE), (2000 + 7 * DAY, Standing.OLD)])
def test_for_longer(now, standing):
    """Who may answer stale pictures for longer does, by the picture's own end as by its source's record."""
    same = record(sha256=META.source_sha256, fetched_at=1000, fresh_until=2000)

    assert standing_at(META, now, 7 * DAY) is standing
    assert judged(META, same, now, 7 * DAY)[0] is standing


def test_without_a_record_it_is_gone():
    """A variant whose source nobody knows, or whose source has other bytes by now, is nothing."""
    assert judged(META, None, 1500)[0] is Standing.GONE
    assert judged(META, record(sha256="00" * 32), 1500)[0] is Standing.GONE


def test_a_record_renews_it():
    """The source's own times count, and the picture's metadata has them."""
    known = record(sha256=META.source_sha256, fetched_at=5000, fresh_until=6000)
    standing, meta = judged(META, known, 5500)

    assert (standing, meta.fetched_at, meta.fresh_until) == (Standing.FRESH, 5000, 6000)
    assert judged(META, record(sha256=META.source_sha256, fetched_at=1000, fresh_until=2000), 1500)[1] is META
