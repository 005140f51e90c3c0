"""How much time is left at the end."""

from types import SimpleNamespace

from imgsvc.app import serving
from imgsvc.app.ending import Ending
from imgsvc.services.health import Phase
from imgsvc.settings import Settings


def test_all_of_it_until_it_runs():
    """Nothing is spent before; afterwards it runs, and a little is always left for what is being written."""
    now = 100.0
    left = Ending(10, lambda: now)
    left.begin()
    now += 50
    before = left.left_seconds()
    left.let_time_run()
    now += 4
    during = left.left_seconds()
    now += 100

    assert (before, during, left.left_seconds()) == (10, 6, Ending.LEAST_SECONDS)
    assert (left.has_begun, Ending(10).has_begun) == (True, False)


async def test_the_delay_takes_nothing_from_background_writes():
    """They have the whole time-out after the delay, during which nothing is begun any more that nobody waits for."""
    now = 100.0
    ending = Ending(5, lambda: now)
    opened = SimpleNamespace(ending=ending, services=SimpleNamespace(health=SimpleNamespace(phase=Phase.READY)))
    seen = []

    async def pause(seconds: float) -> None:
        nonlocal now
        now += seconds
        seen.append((seconds, ending.has_begun, opened.services.health.phase))

    await serving._drain(opened, Settings.from_env({"IMGSVC_DRAIN_DELAY": "6"}), pause)
    left_seconds = ending.left_seconds()
    now += 2

    assert seen == [(6, True, Phase.DRAINING)]
    assert (left_seconds, ending.left_seconds()) == (5, 3)
