"""The console's arithmetic, where it runs: in the browser."""

import pytest
import pytest_asyncio

from tests.support.console import opened
from tests.support.service import running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser, tmp_path):
    async with running_service(tmp_path, 1) as service, opened(browser, service.base_url) as page:
        yield page


async def run(page, module: str, expression: str, given=None):
    """Evaluate an expression over what a module exports."""
    return await page.evaluate(
        f"async given => {{ const m = await import('/console/{module}.js'); return {expression} }}", given
    )


async def test_labels_do_not_touch(page):
    """Labels keep their places where there is room, else move just as far as they must, and never below the floor."""
    for given, expected in (
        ([10, 40, 80], [10, 40, 80]), ([10, 12, 14], [10, 24, 38]), ([60, 80, 82], [60, 80, 94]),
        ([90, 92, 95], [72, 86, 100]), ([], []),
    ):  # fmt: skip
        assert await run(page, "memory", "m.spread(given, 14, 100)", given) == expected


async def test_growth_is_of_the_last_minute(page):
    """Counters are compared with those of a minute ago, or the oldest there are; after a restart with nothing."""
    steps = [[0, 5], [30_000, 8], [60_000, 9], [90_000, 20], [91_000, 3], [92_000, 4]]
    expression = """(() => {
        const minute = new m.Minute();
        return given.map(([now, n]) => minute.grown(now, { n })).map(({ growth, seconds }) => [growth.n, seconds]);
    })()"""
    assert await run(page, "rates", expression, steps) == [[0, 0], [3, 30], [4, 60], [12, 60], [0, 0], [1, 1]]


async def test_answers_are_added_up_by_tier(page):
    """Routes of the service's own care do not count; what no tier answered is other."""
    latencies = {
        "/api/cache/images": {"memory": {"count": 3}, "origin": {"count": 1}, "none": {"count": 2}},
        "/api/logo": {"memory": {"count": 4}}, "/api/health": {"none": {"count": 99}}, "/": {"none": {"count": 9}},
        "/console/{name}": {"none": {"count": 9}}, "/metrics": {"none": {"count": 9}},
    }  # fmt: skip
    counts = await run(page, "rates", "m.answersByTier(given)", latencies)
    assert counts == {"memory": 7, "store": 0, "origin": 1, "generated": 0, "other": 2}


async def test_server_timing(page):
    """Names and milliseconds in the order of the header; none without one."""
    given = "memory;dur=0.02, store;dur=1.5;desc=x, queue"
    parts = await run(page, "asking", "m.serverTiming(given)", given)
    assert parts == [{"name": "memory", "ms": 0.02}, {"name": "store", "ms": 1.5}, {"name": "queue", "ms": 0}]
    assert await run(page, "asking", "m.serverTiming(null)") == []


async def test_figures(page):
    """Sizes in binary units, durations in the two largest, never more than three digits."""
    sizes = [0, 999, 1000, 1024, 153_600, 536_870_912, 10 * 1024**3]
    written = ["0 B", "999 B", "0.98 KiB", "1.00 KiB", "150 KiB", "512 MiB", "10.0 GiB"]
    assert await run(page, "format", "given.map(m.bytes)", sizes) == written
    spans = [0.4, 59, 61, 3_600, 90_061]
    assert await run(page, "format", "given.map(m.duration)", spans) == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "1 h 0 min",
        "1 d 1 h",
    ]
    assert await run(page, "format", "[0, 0.004, 0.5, 1].map(m.percent)") == ["0 %", "0.4 %", "50 %", "100 %"]
