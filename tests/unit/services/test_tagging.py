"""Words that come with later requests."""

import pytest

from imgsvc.model.keys import record_key
from imgsvc.model.source import Source
from imgsvc.services.answers import ImageRequest
from imgsvc.services.records import SourceRecord
from tests.support.spine import png


def tagged(parts, query: str, *words: str) -> ImageRequest:
    plain = parts.request("/a.png", query)
    return ImageRequest(plain.source, plain.spec, frozenset(words))


async def asked(parts, request: ImageRequest):
    """Ask, and have what came with it noted."""
    served = parts.tagging.note(request, await parts.images.get(request))
    await parts.tagging.idle()
    await parts.stored()
    return served


async def test_the_first_request_brings_them(parts, origin):
    """Words of the request that has a source fetched are in its record and in what is made of it."""
    origin.serve("/a.png", png())
    served = await asked(parts, tagged(parts, "w=10&f=png", "b", "a"))

    assert served.blob.meta.tags == "a b"
    assert dict(served.blob.headers)["Cache-Tag"].endswith(",a,b")
    assert dict(served.blob.headers)["Surrogate-Key"].endswith(" a b")
    assert parts.tagging.statistics().tagged == 0


async def test_later_requests_add_theirs(parts, origin):
    """Record and memory have them afterwards, in every size; the store's record too."""
    origin.serve("/a.png", png())
    await asked(parts, tagged(parts, "w=10&f=png", "a"))
    await asked(parts, tagged(parts, "w=20&f=png"))
    served = await asked(parts, tagged(parts, "w=20&f=png", "b"))
    sizes = [parts.images.lookup(tagged(parts, f"w={width}&f=png")).blob.meta.tags for width in (10, 20)]
    source = parts.source("/a.png")
    stored = SourceRecord.parse((await parts.store.get(record_key(source))).data, source)

    assert dict(served.blob.headers)["Cache-Tag"].endswith(",a,b")  # for a cache in front that keeps this one
    assert sizes == ["a b", "a b"]
    assert stored.tags == "a b"
    assert parts.tagging.statistics().tagged == 1


async def test_words_that_are_there_cost_nothing(parts, origin):
    """Nothing is begun for them."""
    origin.serve("/a.png", png())
    request = tagged(parts, "w=10&f=png", "a")
    served = await asked(parts, request)
    parts.store.asked.clear()
    parts.tagging.note(request, served)

    assert parts.tagging.statistics().running == 0
    assert parts.store.asked == []


@pytest.mark.parametrize("url", ["s3://images/logos/a_b_google_00000000.png", "http://x.test/unknown.png"])
async def test_nothing_is_known_of_it(parts, origin, url):
    """Stored objects and sources without a record have no words."""
    origin.serve("/a.png", png())
    served = await parts.ask("/a.png")
    request = ImageRequest(
        Source(url) if url.startswith("http") else Source.stored(url[5:]), parts.request("/a.png").spec
    )
    parts.tagging.note(ImageRequest(request.source, request.spec, frozenset(("a",))), served)
    await parts.tagging.idle()

    assert parts.tagging.statistics().tagged == 0
