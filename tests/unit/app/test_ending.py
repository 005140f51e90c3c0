"""How much time is left at the end."""

from imgsvc.app import ending
from imgsvc.app.ending import Ending


def test_all_of_it_until_it_begins(monkeypatch):
    """Nothing is spent before; afterwards it runs, and a little is always left for what is being written."""
    now = 100.0
    monkeypatch.setattr(ending.time, "monotonic", lambda: now)
    left = Ending(10)
    before = left.left_seconds()
    left.begin()
    now += 4
    during = left.left_seconds()
    now += 100

    assert (before, during, left.left_seconds()) == (10, 6, Ending.LEAST_SECONDS)
    assert (left.has_begun, Ending(10).has_begun) == (True, False)
