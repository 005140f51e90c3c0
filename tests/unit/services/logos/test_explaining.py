"""A search, explained."""

import json

from imgsvc.logos.domain import Domain
from imgsvc.logos.score import Reason
from imgsvc.services.logos.answers import Subject
from imgsvc.services.logos.explaining import explained
from tests.unit.services.logos.test_record import Entry, kept, measured, record

ACME = Subject(Domain("acme.test", "acme.test"))


def test_every_candidate():
    """Chosen, beaten and rejected candidates are all told of, and JSON can write it."""
    entries = (
        Entry(measured("a", 180), kept("a")),
        Entry(measured("b", 32)),
        Entry(measured("c", rejected=Reason.BLANK)),
    )

    told = json.loads(json.dumps(explained(ACME, record(*entries), 100)))

    assert [each["chosen"] for each in told["candidates"]] == [True, False, False]
    assert [each["rejected"] for each in told["candidates"]] == [None, None, "blank"]
    assert told["candidates"][0]["score"] == sum(told["candidates"][0]["points"].values())
    assert (told["chosen"], told["searched"]) == ("https://acme.test/a.png", "2027-01-15T08:00:00Z")


def test_nothing_to_search():
    """A company without a domain has no candidates."""
    assert explained(Subject(None, "Acme"), None, 128)["candidates"] == []
