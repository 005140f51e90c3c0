"""From what was seen to entries, and pictures with names."""

from msgspec.structs import replace

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.logos.score import Measured, Reason
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme
from imgsvc.origin.answer import Validators
from imgsvc.services.logos.judging import Picture, Seen
from imgsvc.services.logos.writing import entries_of
from tests.unit.services.logos.test_record import ANALYSIS, Entry, kept, measured, record


def seen(name: str, side_px: int = 128, analysis=ANALYSIS, **facts) -> Seen:
    """Name a candidate that was seen, with its picture."""
    candidate = Candidate(f"https://acme.test/{name}?token=t", facts.pop("source", LogoSource.LINK_ICON), **facts)
    picture = Picture(
        b"x", ImageFormat.PNG, name[0] * 64, "0" * 64, side_px, side_px, analysis,
        Validators(url=f"https://cdn.test/{name}?token=t", etag='"1"'),
    )  # fmt: skip
    return Seen(Measured(candidate, side_px, side_px, ImageFormat.PNG), picture)


def test_the_best_first_with_the_shortest_name():
    """Entries come in the order of their points; a second picture found likewise has its digest in its name."""
    entries, pictures = entries_of("acme.test", [seen("b", 64), seen("a", 128)], None)

    assert [entry.measured.width_px for entry in entries] == [128, 64]
    assert [picture.kept.key for picture in pictures] == [
        "images/logos/acme_test_link-icon_86b31839.png", "images/logos/acme_test_link-icon-bbbbbbbb_86b31839.png",
    ]  # fmt: skip


def test_the_rejected_have_no_picture():
    """What is out is written down, and nothing of it kept."""
    entries, pictures = entries_of("acme.test", [Seen(measured(rejected=Reason.BLANK))], None)

    assert (len(entries), entries[0].kept, pictures) == (1, None, [])


def test_a_token_is_not_written_down():
    """Of an operator's own service neither address says what it was asked with."""
    entries, pictures = entries_of(
        "acme.test", [seen("a", source=LogoSource.SERVICE, shown="https://acme.test/")], None
    )

    assert (entries[0].measured.candidate.url, pictures[0].kept.url) == ("https://acme.test/", "")
    assert "token" in entries_of("acme.test", [seen("a")], None)[1][0].kept.url


def test_an_earlier_verdict_stands_within_the_band():
    """A contrast of 2.1 is lost where it was before, and reads where nothing is remembered or it read."""
    nearly = replace(ANALYSIS, contrast_dark=2.1)
    lost = record(Entry(measured(), kept(lost_on=frozenset((Theme.DARK,)))))
    reads = record(Entry(measured(), kept(lost_on=frozenset())))

    verdicts = [entries_of("acme.test", [seen("a", analysis=nearly)], before)[1][0].kept.lost_on
                for before in (lost, reads, None)]  # fmt: skip

    assert verdicts == [frozenset((Theme.DARK,)), frozenset(), frozenset()]
