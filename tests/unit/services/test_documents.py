"""Documents of any kind: remembered, read, written behind, taken out; the later word counts."""

import asyncio

import pytest
from msgspec.structs import replace

from imgsvc.model.purge import Instructions
from imgsvc.opengraph.data import ShareData
from imgsvc.services.documents import REMEMBERED_BYTES, TRUSTED_SECONDS, WEIGHT_PER_BYTE, Documents, Known
from imgsvc.services.opengraph.document import PageDocument, document_key
from tests.support.blobs import meta_of
from tests.support.spine import until

URL = "https://a.test/"


def documents_of(parts) -> Documents:
    return Documents(
        parts.shelf, parts.marks, key_of=document_key, parse=PageDocument.parse, known=Known, clock=parts.clock
    )  # fmt: skip


@pytest.fixture
def documents(parts) -> Documents:
    return documents_of(parts)


@pytest.fixture
def document(parts) -> PageDocument:
    now = parts.clock.now
    return PageDocument(
        url=URL, final_url=URL, data=ShareData(title="first"), fetched_at=now, tried_at=now, fresh_until=now + 1000
    )  # fmt: skip


def later(document: PageDocument, seconds: float = 5, title: str = "later") -> PageDocument:
    return replace(document, tried_at=document.tried_at + seconds, data=ShareData(title=title))


def title_of(known: Known | None) -> str | None:
    return known.record.data.title if known else None


async def test_kept_and_found(parts, documents, document):
    """What is kept is known at once here, and to others by the store."""
    kept = documents.keep(document)
    other = documents_of(parts)
    await parts.stored()

    assert documents.known(URL).record == kept.record == document
    assert other.known(URL) is None
    assert (await other.look(URL)).record == document
    assert other.known(URL).record == document
    assert await other.look(f"{URL}other") is None


async def test_trusted_for_a_minute(parts, documents, document):
    """What was read is believed for a while, counted from when it was read, and not if the clock goes back."""
    documents.keep(document)

    parts.clock.forward(TRUSTED_SECONDS - 1)
    assert documents.known(URL) is not None
    parts.clock.forward(1)
    assert documents.known(URL) is None
    parts.clock.forward(-TRUSTED_SECONDS - 1)
    assert documents.known(URL) is None


async def test_the_later_word_counts(parts, documents, document):
    """What was begun earlier neither is kept over what was begun later, here nor of what another replica wrote."""
    documents.keep(later(document))
    assert title_of(documents.keep(document)) == "later"
    await parts.stored()
    other = documents_of(parts)
    other.keep(later(document, 9, "latest"))
    await parts.stored()
    parts.clock.forward(TRUSTED_SECONDS)

    assert title_of(documents.known(URL)) is None
    assert title_of(await documents.look(URL)) == "latest"

    parts.clock.forward(TRUSTED_SECONDS)
    await parts.store.put(document_key(URL), document.to_json(), meta_of(document.to_json()))
    assert title_of(await documents.look(URL)) == "latest"


async def test_what_is_of_the_moment(parts, documents, document):
    """It is remembered here and not written."""
    documents.keep(document, is_stored=False)
    await parts.stored()

    assert documents.known(URL) is not None
    assert await parts.keys("") == []


@pytest.mark.parametrize("fault", ["get", "gone"])
async def test_a_store_that_fails_or_has_not(parts, documents, document, fault):
    """What is remembered stands, and is believed for another while."""
    documents.keep(document, is_stored=False)
    parts.store.failing |= {fault}
    parts.clock.forward(TRUSTED_SECONDS)

    assert title_of(await documents.look(URL)) == "first"
    assert documents.known(URL) is not None


@pytest.mark.parametrize("meanwhile", ["keep", "forget", "flush"])
async def test_what_happens_while_the_store_is_asked(parts, documents, document, meanwhile):
    """What is kept or forgotten meanwhile is newer than what the store then says."""
    documents.keep(document)
    await parts.stored()
    parts.clock.forward(TRUSTED_SECONDS)
    parts.store.gates["get"] = asyncio.Event()
    asking = asyncio.create_task(documents.look(URL))
    await until(lambda: parts.store.reads(document_key(URL)) == 1)
    if meanwhile == "keep":
        documents.keep(later(document), is_stored=False)
    elif meanwhile == "forget":
        documents.forget(URL)
    else:
        documents.flush()
    parts.open_gates()

    assert title_of(await asking) == ("later" if meanwhile == "keep" else None)


async def test_removed(parts, documents, document):
    """What is removed is gone here and from the store, also while it waits to be written."""
    documents.keep(document)
    await documents.remove(URL)
    await parts.stored()

    assert await documents.look(URL) is None
    assert await parts.keys("") == []


async def test_forgotten_and_flushed(parts, documents, document):
    """What is forgotten is read anew; what is flushed is, too."""
    for forget in (lambda: documents.forget(URL), documents.flush):
        documents.keep(document)
        await parts.stored()
        forget()

        assert documents.known(URL) is None
        assert title_of(await documents.look(URL)) == "first"


@pytest.mark.parametrize("hard", [True, False])
async def test_purges(parts, documents, document, hard):
    """A hard purge leaves nothing, a soft one what is stale since; what is kept afterwards is not meant."""
    documents.keep(document)
    parts.clock.forward(10)
    await parts.purges.purge(Instructions(domains=("a.test",), hard=hard))
    known = documents.known(URL)

    assert (known is None) if hard else not known.record.is_fresh(parts.clock.now)
    parts.clock.forward(1)
    now = parts.clock.now
    documents.keep(replace(document, fetched_at=now, tried_at=now, fresh_until=now + 10))
    assert documents.known(URL).record.is_fresh(now)


async def test_memory_is_bounded(documents, document):
    """Documents are weighed; the longest unused go first, and one that is too heavy is not remembered at all."""
    text = "x" * 50_000
    heavy = [replace(document, url=f"{URL}{n}", data=ShareData(title=text)) for n in range(100)]
    for each in heavy:
        documents.keep(each, is_stored=False)
    known = [each.url for each in heavy if documents.known(each.url)]

    assert known == [each.url for each in heavy[-len(known) :]]
    assert len(known) * 50_000 * WEIGHT_PER_BYTE < REMEMBERED_BYTES < (len(known) + 2) * 50_500 * WEIGHT_PER_BYTE
    huge = replace(document, data=ShareData(title="x" * (REMEMBERED_BYTES // WEIGHT_PER_BYTE)))
    assert documents.keep(huge, is_stored=False).record == huge
    assert documents.known(URL) is None
