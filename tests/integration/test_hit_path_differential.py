"""
The hit path says what the slow path says, byte by byte.

Two services with one past are told the same: what browsers send, what RFC 9110 allows, and what it does not, cut and
mutated in every way. The one has the hit path, the other has not. Nothing may differ but names of requests and times
spent, and those only in their digits. The clock stands still, and is moved by hand.

A failure prints what was sent, as short as it could be made, and both answers from where they differ.
"""

import json
import re

import pytest

from imgsvc.services.health import Phase
from tests.support.duel.targets import HOST, SIGNED_SECONDS, fail, serve_pictures
from tests.support.duel.twins import Twins, twins
from tests.support.duel.verdicts import OWN_NAME
from tests.support.wire import Serving

pytestmark = [pytest.mark.early, pytest.mark.timeout(900)]

EACH = 2_000
"""Requests to each service between two events of its life."""

LEAST_SHARE = 0.25
"""Of the answers of pictures, so many must be the hit path's own."""


async def _nothing(_: Twins) -> None:
    pass


async def _a_second(twins: Twins) -> None:
    twins.clock.shift(1)


async def _part_of_a_second(twins: Twins) -> None:
    twins.clock.shift(0.875)


async def _end_of_signatures(twins: Twins) -> None:
    twins.clock.shift(SIGNED_SECONDS)


async def _soft_purge(twins: Twins) -> None:
    await twins.purge(tags=[HOST])


async def _hard_purge_of_what_changed(twins: Twins) -> None:
    serve_pictures(twins.origin, seed=2)
    await twins.purge(tags=[HOST], hard=True)


async def _eviction(twins: Twins) -> None:
    for memory in twins.each("memory"):
        memory.evict(memory.statistics().bytes // 2, "pressure")


async def _end_of_freshness_and_of_the_source(twins: Twins) -> None:
    fail(twins.origin, "/photo.jpg", "/short.png")
    twins.clock.shift(20_000)


async def _draining(twins: Twins) -> None:
    for serving in twins.servings:
        serving.opened.ending.begin()
        serving.opened.services.health.phase = Phase.DRAINING


LIFE = (
    _nothing, _part_of_a_second, _a_second, _soft_purge, _hard_purge_of_what_changed, _eviction, _end_of_signatures,
    _end_of_freshness_and_of_the_source, _draining,
)  # fmt: skip


async def test_a_life(tmp_path):
    """Whatever happens to a service, and whatever it is asked meanwhile, the two paths answer alike."""
    async with twins(tmp_path) as both:
        for event in LIFE:
            await event(both)
            await both.survey()
            await both.talk(event.__name__, EACH)

        assert both.share_of_the_hit_path() >= LEAST_SHARE


@pytest.mark.parametrize(
    "env",
    [
        {"IMGSVC_DELIVERY": "redirect", "IMGSVC_CDN_BASE_URL": "https://cdn.test"},
        {"IMGSVC_CDN_BASE_URL": "https://cdn.test/base", "IMGSVC_WIDTH_LADDER": "1"},
        {"IMGSVC_MIN_TTL": "0", "IMGSVC_MAX_TTL": "0"},
    ],
)
async def test_settings(tmp_path, env):
    """Whatever the operator wants, redirects and answers that are never fresh among it, the two paths answer alike."""
    async with twins(tmp_path, **env) as both:
        await both.survey()
        await both.talk(str(env), EACH // 5)


async def test_figures(tmp_path):
    """Both count the same, log the same, show the operator the same, and know how much they sent."""
    async with twins(tmp_path) as both:
        for event in (_nothing, _eviction, _soft_purge, _end_of_signatures, _end_of_freshness_and_of_the_source):
            await event(both)
            await both.survey()
            await both.talk(f"figures {event.__name__}", EACH // 20, talkers=1)
            slow, fast = (figures(serving) for serving in both.servings)
            assert slow == fast
        assert both.answered[0] != both.answered[1]
        # What no counter has, such as "100 Continue", neither has.
        sent = [serving.opened.services.traffic.sent_bytes for serving in both.servings]
        received = both.duel.received_bytes
        assert received[0] - sent[0] == received[1] - sent[1]


def figures(serving: Serving) -> dict[str, object]:
    """Collect what is told of what was answered, but for times, and for names that nobody gave."""
    services, memory = serving.opened.services, serving.opened.owners["memory"].statistics()
    return {
        "requests": services.traffic.requests(),
        "cached": services.traffic.cached(),
        "aborted": services.traffic.aborted(),
        "times": {(times.route, times.tier): sum(times.counts) for times in services.traffic.times()},
        "memory": (memory.hits, memory.misses, memory.entries, memory.bytes),
        # The time spent that a head names may have a digit more.
        "lines": [without_chance(json.loads(line) | {"bytes": 0}) for line in serving.log.lines],
        "recent": [without_chance(dict(entry)) for entry in services.recent.entries()],
    }


def without_chance(entry: dict[str, object]) -> dict[str, object]:
    """Leave out of a log's entry what differs each time."""
    name = "own" if re.fullmatch(OWN_NAME, str(entry["request_id"])) else entry["request_id"]
    return entry | {"ms": 0, "request_id": name}
