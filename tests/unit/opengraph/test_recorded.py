"""From a page's markup to what it shares, over recorded-style pages: every field of every answer."""

import json

import pytest
from msgspec.structs import asdict

from imgsvc.services.opengraph.document import PageDocument, shown
from tests.unit.opengraph.pages import NAMES, PLACE, Recorded, read

WHOLE = 1 << 20


def answered(recorded: Recorded, chunk_bytes: int) -> dict:
    """Give the answer about a page that arrives in pieces of *chunk_bytes*."""
    answer = recorded.answer
    data = read(
        recorded.markup, url=answer["finalUrl"], content_type=recorded.content_type, chunk_bytes=chunk_bytes
    )  # fmt: skip
    document = PageDocument(
        url=answer["url"], final_url=answer["finalUrl"], data=data, fetched_at=0, tried_at=0, fresh_until=0
    )  # fmt: skip
    told = json.loads(json.dumps(shown(document, ""), default=asdict))
    return {key: value for key, value in told.items() if key not in ("fetchedAt", "source")}


@pytest.mark.parametrize("name", NAMES)
def test_answer(name):
    """The whole answer is the one that was written by hand."""
    recorded = Recorded.load(name)

    assert answered(recorded, WHOLE) == recorded.answer


@pytest.mark.parametrize("chunk_bytes", [1, 997])
@pytest.mark.parametrize("name", NAMES)
def test_in_pieces(name, chunk_bytes):
    """However the network cuts a page, it says the same."""
    recorded = Recorded.load(name)

    assert answered(recorded, chunk_bytes) == answered(recorded, WHOLE)


def test_there_are_enough():
    """The claim rests on some fifty pages, each with its answer."""
    assert len(NAMES) >= 50
    assert {path.stem for path in PLACE.glob("*.json")} == set(NAMES)
