"""From a page's markup to its logo, over recorded-style pages."""

import pytest

from imgsvc.logos.discovery import MAX_CANDIDATES
from imgsvc.logos.score import winner
from tests.unit.logos.pages import NAMES, Recorded


@pytest.mark.parametrize("name", NAMES)
def test_winner(name):
    """The picture that a person takes for the logo wins; where all are rejected none does."""
    recorded = Recorded.load(name)

    best = winner(recorded.measured(), recorded.asked_px, recorded.scheme)

    assert (best.candidate.url if best else None) == recorded.facts["winner"]


@pytest.mark.parametrize("name", NAMES)
def test_discovery(name):
    """Every measured picture is found, no share image or bystander is, and there are never too many."""
    recorded = Recorded.load(name)

    own = [candidate.url for candidate in recorded.own()]
    everything = {candidate.url for candidate in recorded.everything()}

    assert set(recorded.facts["measured"]) <= everything
    assert everything.isdisjoint(recorded.facts.get("never", []))
    assert len(own) == len(set(own)) == recorded.facts.get("count", len(own)) <= MAX_CANDIDATES


def test_there_are_enough():
    """The claim rests on some forty pages, most of which hold several pictures to choose from."""
    assert len(NAMES) >= 40
    assert sum(len(Recorded.load(name).facts["measured"]) >= 3 for name in NAMES) >= 25
