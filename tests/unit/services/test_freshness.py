"""Freshness as RFC 9111 and RFC 5861 have it: when a source is asked again, with what, and what is answered then."""

import pytest
from msgspec.structs import replace

from imgsvc.services.answers import Tier
from tests.support.spine import ask_at, png, spine
from tests.support.spine_parts import HOUR, START

pytestmark = pytest.mark.slow

BLUE = (0, 0, 255)
DAY = 24 * HOUR
WEEK = 7 * DAY
MODIFIED = "Tue, 15 Nov 2022 08:12:31 GMT"


LIFETIMES = [
    # RFC 9111 §4.2.1: s-maxage, then max-age, then Expires; then the operator's least (an hour here).
    ({}, HOUR),
    ({"Cache-Control": "max-age=7200"}, 2 * HOUR),
    ({"Cache-Control": "max-age=7200, s-maxage=10800"}, 3 * HOUR),
    ({"Cache-Control": "max-age=60"}, HOUR),
    ({"Cache-Control": "s-maxage=60, max-age=7200"}, HOUR),
    ({"Expires": "Fri, 15 Jan 2027 10:00:00 GMT", "Date": "Fri, 15 Jan 2027 08:00:00 GMT"}, 2 * HOUR),
    ({"Cache-Control": "max-age=7200", "Expires": "0"}, 2 * HOUR),
    ({"Expires": "0"}, HOUR),
    # §4.2.3: what the answer has been under way, or in caches, is no longer there.
    ({"Cache-Control": "max-age=10800", "Age": "3600"}, 2 * HOUR),
    ({"Cache-Control": "max-age=7200", "Age": "7200"}, HOUR),
    # §5.2.2.4 and the operator's word: no-cache is no lifetime, and the least is the least.
    ({"Cache-Control": "no-cache"}, HOUR),
    ({"Cache-Control": "max-age=0, must-revalidate"}, HOUR),
    # §4.2.1: of several the first; nonsense is nothing.
    ({"Cache-Control": "max-age=7200, max-age=60"}, 2 * HOUR),
    ({"Cache-Control": "max-age=soon"}, HOUR),
    ({"Cache-Control": "max-age=-5"}, HOUR),
]


@pytest.mark.parametrize(("headers", "lifetime"), LIFETIMES)
async def test_fresh_until_and_not_at_the_end(parts, origin, headers, lifetime):
    """Until its lifetime is over a picture is a hit; then it is answered stale, and its source is asked once."""
    origin.serve("/a.png", png(), headers=headers)
    await ask_at(parts, 0)
    before = await ask_at(parts, lifetime - 1)
    at_end = await ask_at(parts, lifetime)

    assert (before.hit, before.stale, at_end.hit, at_end.stale) == (True, False, True, True)
    assert origin.hits("/a.png") == 2
    assert before.blob.max_age_seconds == lifetime


@pytest.mark.parametrize(
    ("etag", "modified", "asked"),
    [
        ('"v1"', None, {"If-None-Match": '"v1"'}),
        ('W/"v1"', None, {"If-None-Match": 'W/"v1"'}),
        (None, MODIFIED, {"If-Modified-Since": MODIFIED}),
        ('"v1"', MODIFIED, {"If-None-Match": '"v1"', "If-Modified-Since": MODIFIED}),
    ],
)
async def test_asked_with_the_sources_own_validators(parts, origin, etag, modified, asked):
    """The question is conditional; "not modified" transfers no body, decodes nothing, and makes all variants fresh."""
    headers = ({"ETag": etag} if etag else {}) | ({"Last-Modified": modified} if modified else {})
    origin.serve("/a.png", png(), headers=headers)
    first = await ask_at(parts, 0)
    await ask_at(parts, 0, "w=20&f=png")
    origin.serve("/a.png", b"", status=304, headers=headers)
    made = parts.transforms.statistics().completed
    stale = await ask_at(parts, HOUR)
    again = await ask_at(parts, HOUR + 1)
    other = await ask_at(parts, HOUR + 1, "w=20&f=png")

    sent = origin.requests[-1].headers
    assert {name: sent[name] for name in ("If-None-Match", "If-Modified-Since") if name in sent} == asked
    assert (stale.stale, again.stale, other.stale) == (True, False, False)
    assert again.blob.data is first.blob.data
    assert (again.blob.meta.fetched_at, again.blob.meta.fresh_until) == (START + HOUR, START + 2 * HOUR)
    assert again.blob.meta.last_modified == first.blob.meta.last_modified
    assert parts.transforms.statistics().completed == made
    assert parts.validation.statistics().not_modified == 1
    assert origin.hits("/a.png") == 2


async def test_not_modified_with_another_lifetime(parts, origin):
    """What a source says anew counts from then on; what it leaves unsaid holds as it was (RFC 9111 §3.2)."""
    origin.conditional("/a.png", png(), etag='"v1"', headers={"Cache-Control": "max-age=7200"})
    await ask_at(parts, 0)
    origin.serve("/a.png", b"", status=304, headers={"ETag": '"v1"'})
    await ask_at(parts, 2 * HOUR)
    unsaid = await ask_at(parts, 4 * HOUR - 1)
    origin.serve("/a.png", b"", status=304, headers={"ETag": '"v1"', "Cache-Control": "max-age=36000"})
    await ask_at(parts, 4 * HOUR)
    said = await ask_at(parts, 14 * HOUR - 1)

    assert (unsaid.stale, unsaid.blob.max_age_seconds) == (False, 2 * HOUR)
    assert (said.stale, said.blob.max_age_seconds) == (False, 10 * HOUR)


async def test_without_validators_all_is_sent_again(parts, origin):
    """The same bytes once more are the same picture: nothing is made anew, and it does not become younger."""
    origin.serve("/a.png", png())
    first = await ask_at(parts, 0)
    await ask_at(parts, HOUR)
    again = await ask_at(parts, HOUR + 1)

    assert not {"If-None-Match", "If-Modified-Since"} & set(origin.requests[-1].headers)
    assert (again.stale, again.blob.data) == (False, first.blob.data)
    assert again.blob.meta.last_modified == first.blob.meta.last_modified
    assert parts.validation.statistics().replaced == 1


async def test_a_changed_picture_replaces_the_old_one(parts, origin):
    """The stale answer is the old picture, the next one the new, in every size."""
    origin.conditional("/a.png", png(), etag='"v1"')
    first = await ask_at(parts, 0)
    await ask_at(parts, 0, "w=20&f=png")
    origin.conditional("/a.png", png(BLUE), etag='"v2"')
    stale = await ask_at(parts, HOUR)
    new = await ask_at(parts, HOUR + 1)
    other = await ask_at(parts, HOUR + 1, "w=20&f=png")
    parts.forget_memory()
    stored = await ask_at(parts, HOUR + 1)

    assert stale.blob.data is first.blob.data
    assert first.blob.meta.source_sha256 not in {new.blob.meta.source_sha256, other.blob.meta.source_sha256}
    assert (new.stale, other.stale, stored.hit, stored.blob.data) == (False, False, True, new.blob.data)
    assert origin.hits("/a.png") == 2


async def test_a_new_size_of_a_stale_picture_waits_for_its_source(parts, origin):
    """What is made anew is made of what the source has now; when it has not changed that is what the store has."""
    origin.conditional("/a.png", png(), etag='"v1"')
    await ask_at(parts, 0)
    unchanged = await ask_at(parts, HOUR, "w=20&f=png")
    origin.conditional("/a.png", png(BLUE), etag='"v2"')
    changed = await ask_at(parts, 2 * HOUR, "w=30&f=png")

    assert (unchanged.tier, unchanged.stale) == (Tier.STORE, False)
    assert (changed.tier, changed.stale) == (Tier.ORIGIN, False)
    assert origin.hits("/a.png") == 3


async def test_many_stale_answers_ask_once(parts, origin):
    """While a source is being asked the next stale answers only answer."""
    origin.serve("/a.png", png())
    await ask_at(parts, 0)
    gate = origin.gate("/a.png", png())
    parts.clock.forward(HOUR)
    answers = [await parts.ask("/a.png") for _ in range(50)]
    await origin.until_hits("/a.png", 2)
    gate.set()
    await parts.revalidated()

    assert all(answer.stale for answer in answers)
    assert origin.hits("/a.png") == 2
    assert parts.revalidations.statistics().started == 1


async def test_what_is_known_survives_a_restart(tmp_path, origin):
    """Validators and times lie in the store: another process asks with them, and answers meanwhile."""
    origin.conditional("/a.png", png(), etag='"v1"')
    async with spine(tmp_path, origin) as parts:
        first = await ask_at(parts, 0)
    async with spine(tmp_path, origin) as parts:
        stale = await ask_at(parts, HOUR)
        again = await ask_at(parts, HOUR + 1)

    assert origin.requests[-1].headers["If-None-Match"] == '"v1"'
    assert (stale.tier, stale.stale, stale.blob.data) == (Tier.STORE, True, first.blob.data)
    assert again.stale is False


async def test_no_lifetime_at_all_asks_behind_each_answer(tmp_path, origin):
    """Where the operator sets no least, a source without a lifetime is asked each time, and nobody waits for that."""
    origin.conditional("/a.png", png(), etag='"v1"', headers={"Cache-Control": "no-cache"})
    async with spine(tmp_path, origin, IMGSVC_MIN_TTL="0") as parts:
        answers = [await ask_at(parts, seconds) for seconds in range(4)]

    assert [answer.stale for answer in answers] == [False, True, True, True]
    assert origin.hits("/a.png") == 4


async def test_short_of_memory_sources_are_not_asked_behind(parts, origin):
    """What is stale is still answered; asking can wait."""
    origin.serve("/a.png", png())
    await ask_at(parts, 0)
    parts.rss.bytes = parts.settings.memory.guard_threshold_bytes
    parts.clock.forward(5)
    parts.monitor.sample()

    assert (await ask_at(parts, HOUR)).stale
    assert origin.hits("/a.png") == 1
    assert parts.revalidations.statistics().refused == 1


async def test_an_old_picture_that_changed_is_no_hit(parts, origin):
    """What came while the client waited was not there before."""
    origin.serve("/a.png", png())
    await ask_at(parts, 0, "f=original")
    unchanged = await ask_at(parts, HOUR + DAY, "f=original")
    origin.serve("/a.png", png(BLUE))
    changed = await ask_at(parts, 2 * (HOUR + DAY), "f=original")

    assert (unchanged.hit, unchanged.tier, unchanged.trace.asked_first) == (True, Tier.STORE, True)
    assert (changed.hit, changed.tier, changed.blob.data) == (False, Tier.ORIGIN, png(BLUE))


async def test_the_same_bytes_once_more_are_made_into_nothing(parts, origin):
    """A source without validators that is asked first costs a fetch for all sizes, and no transform."""
    origin.serve("/a.png", png())
    for width in range(10, 15):
        await ask_at(parts, 0, f"w={width}&f=png")
    made = parts.persister.statistics().written
    answers = [await ask_at(parts, HOUR + DAY, f"w={width}&f=png") for width in range(10, 15)]

    assert {(answer.hit, answer.stale) for answer in answers} == {(True, False)}
    assert origin.hits("/a.png") == 2
    assert parts.persister.statistics().written == made + 2  # original and record


async def test_who_may_answer_stale_pictures_for_longer_does(parts, origin):
    """The day of stale answers is a question's own: another has a week, from memory as from the store."""
    patient = replace(parts.request("/a.png"), stale_seconds=WEEK)
    origin.serve("/a.png", png())
    await ask_at(parts, 0)
    origin.reset_before_head("/a.png")
    parts.clock.now = START + HOUR + WEEK - 60
    of_memory = await parts.images.get(patient)
    await parts.revalidated()
    parts.forget_memory()
    of_store = await parts.images.get(patient)
    of_store.let_go()

    assert (of_memory.stale, of_memory.tier) == (True, Tier.MEMORY)
    assert (of_store.stale, of_store.tier, of_store.trace.asked_first) == (True, Tier.STORE, False)
