"""What is written down of a logo, and read back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.logos.keys import logo_key
from imgsvc.logos.score import Measured, Reason
from imgsvc.model.colours import Colour
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme
from imgsvc.services.logos.record import EVERY_PX, Entry, Kept, LogoRecord
from imgsvc.vision.analysis import Analysis

NOW = 1_800_000_000.0

ANALYSIS = Analysis(
    brightness=0.1, transparent_share=0.5, has_transparency=True, dominant_colour=Colour(0, 0, 0), chroma=0.0,
    is_monochrome=True, contrast_light=21.0, contrast_dark=1.1, is_blank=False,
)  # fmt: skip


def measured(name: str = "a", side_px: int = 128, **facts) -> Measured:
    """Name a candidate that was measured."""
    source, scheme = facts.pop("source", LogoSource.LINK_ICON), facts.pop("scheme", None)
    candidate = Candidate(f"https://acme.test/{name}.png", source, scheme=scheme)
    return Measured(candidate, side_px, side_px, ImageFormat.PNG, **facts)


def kept(name: str = "a", **facts) -> Kept:
    """Name a picture that is kept."""
    facts = {"sha256": name * 64, "lost_on": frozenset((Theme.DARK,)), "analysis": ANALYSIS} | facts
    return Kept(
        key=logo_key("acme.test", f"link-icon-{name}", ImageFormat.PNG), sent_sha256="0" * 64,
        image_format=ImageFormat.PNG, width_px=128,
        height_px=128, url=f"https://acme.test/{name}.png", etag='"1"', last_modified=None, **facts,
    )  # fmt: skip


def record(*entries: Entry, **facts) -> LogoRecord:
    """Write down a search."""
    times = {"fetched_at": NOW, "tried_at": NOW, "fresh_until": NOW + 100, "asked_px": 128}
    return LogoRecord(domain="acme.test", entries=entries, **(times | facts))


def test_round_trip():
    """A record is read back as it was written."""
    written = record(
        Entry(measured(), kept()),
        Entry(measured("b", rejected=Reason.GENERIC_ICON)),
        colour=Colour(1, 2, 3),
    )

    assert LogoRecord.parse(written.to_json(), "acme.test") == written


WRITTEN = (
    b'{"domain":"acme.test","asked_px":128,"fetched_at":1800000000.0,"tried_at":1800000000.0,"fresh_until":1800000100.0,'
    b'"failures":0,"colour":{"red":1,"green":2,"blue":3,"alpha":255},"entries":[{"measured":{"candidate":{"url":'
    b'"https://acme.test/a.png","source":"link-icon","declared_px":null,"declared_type":null,"purposes":[],"scheme":null,'
    b'"shown":null},"width_px":128.0,"height_px":128.0,"format":"png","rejected":null},"kept":{"key":'
    b'"images/logos/acme_test_link-icon-a_86b31839.png","sha256":'
    b'"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","sent_sha256":'
    b'"0000000000000000000000000000000000000000000000000000000000000000","image_format":"png","width_px":128,'
    b'"height_px":128,"analysis":{"brightness":0.1,"transparent_share":0.5,"has_transparency":true,"dominant_colour":'
    b'{"red":0,"green":0,"blue":0,"alpha":255},"chroma":0.0,"is_monochrome":true,"contrast_light":21.0,"contrast_dark":'
    b'1.1,"is_blank":false},"lost_on":["dark"],"url":"https://acme.test/a.png","etag":"\\"1\\"","last_modified":null}},'
    b'{"measured":{"candidate":{"url":"https://acme.test/b.png","source":"link-icon","declared_px":null,"declared_type":'
    b'null,"purposes":[],"scheme":null,"shown":null},"width_px":128.0,"height_px":128.0,"format":"png","rejected":'
    b'"generic-icon"},"kept":null}],"version":1}'
)
"""As 0.1 wrote a record, by another library."""


def test_what_was_written_before():
    """A store that is older than this version is read, and written no other way that matters."""
    known = record(
        Entry(measured(), kept()),
        Entry(measured("b", rejected=Reason.GENERIC_ICON)),
        colour=Colour(1, 2, 3),
    )

    assert LogoRecord.parse(WRITTEN, "acme.test") == known
    assert json.loads(known.to_json()) == json.loads(WRITTEN)


THERE = (b"128", b"128.0", b"1.1", b"true", b"null", b'"dark"', b'["dark"]', b'"png"', b"1800000000.0")
INSTEAD = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b'"1"',
    b"1.5",
    b"{}",
    b"-",
    b'"\\udfff"',
    b'"\xff"',
    b"[" * 99_999,
    b"9" * 5000,
)


@given(st.sampled_from(THERE), st.sampled_from(INSTEAD))
def test_what_was_never_written(old, new):
    """A value of another type, a number without end or a broken text is no record, or one that can be written again."""
    read = LogoRecord.parse(WRITTEN.replace(old, new, 1), "acme.test")

    assert read is None or LogoRecord.parse(read.to_json(), "acme.test") == read


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"failures":0', b'"failures":"0"'), (b'"failures":0', b'"failures":0.0'), (b'"red":1', b'"red":true'),
        (b'"is_blank":false', b'"is_blank":0'), (b'"contrast_dark":1.1', b'"contrast_dark":"1.1"'),
        (b'"lost_on":["dark"]', b'"lost_on":["dusk"]'), (b'"lost_on":["dark"]', b'"lost_on":"dark"'),
        (b'"width_px":128,', b'"width_px":128.5,'), (b'"etag":', b'"etag":7,"x":'),
    ],
)  # fmt: skip
def test_nothing_is_coerced(old, new):
    """What merely looks like a value of the right type was not written here."""
    assert old in WRITTEN
    assert LogoRecord.parse(WRITTEN.replace(old, new, 1), "acme.test") is None


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"domain": "other.test"}, {"entries": [1]}, {"fetched_at": "soon"}, {"colour": "red"},
        {"entries": None}, {"fresh_until": 1e300}, {"tried_at": -1}, {"failures": -1},
        {"colour": {"red": 999, "green": 0, "blue": 0}},
    ],
)  # fmt: skip
def test_what_is_no_record(change):
    """Another version, another domain or anything of the wrong kind counts as nothing."""
    data = json.loads(record(Entry(measured(), kept())).to_json()) | change

    assert LogoRecord.parse(json.dumps(data).encode(), "acme.test") is None


@pytest.mark.parametrize(
    "key", ["../../x", "images/image/0123456789abcdef/original", "images/logos/acme.test.json", ""]
)
def test_a_foreign_key(key):
    """A record that names what cannot be a logo's place was not written here."""
    data = json.loads(record(Entry(measured(), kept())).to_json())
    data["entries"][0]["kept"]["key"] = key

    assert LogoRecord.parse(json.dumps(data).encode(), "acme.test") is None


@given(st.binary(max_size=200))
def test_garbage(data):
    """Whatever lies in the store never raises."""
    assert LogoRecord.parse(data, "acme.test") is None


def test_the_best_by_size_and_theme():
    """The choice is made among what is kept, by size and by the page's theme."""
    small, large = Entry(measured("s", 16), kept("s")), Entry(measured("l", 512), kept("l"))
    dark = Entry(measured("d", 128, scheme=Theme.DARK), kept("d"))
    known = record(small, large, dark, Entry(measured("x", 512, rejected=Reason.BLANK)))

    assert known.best(512, None) is large
    assert known.best(128, Theme.DARK) is dark
    assert record(Entry(measured(rejected=Reason.BLANK))).best(128, None) is None


def test_what_is_enough():
    """A search is enough for what it asked for, for what its logo fills, and for all when nothing was left to ask."""
    known = record(Entry(measured("a", 256), kept()))

    assert (known.is_enough_for(128), known.is_enough_for(200), known.is_enough_for(512)) == (True, True, False)
    assert record(asked_px=EVERY_PX).is_enough_for(4096)


def test_times():
    """A try in vain keeps what is known for a while; a word of the source renews it."""
    known = record()

    extended, validated = known.extended(NOW + 200, 50), known.validated(NOW + 200, 500)

    assert (extended.fetched_at, extended.tried_at, extended.fresh_until, extended.failures) == (
        NOW, NOW + 200, NOW + 250, 1,
    )  # fmt: skip
    assert (validated.fetched_at, validated.fresh_until, validated.failures) == (NOW + 200, NOW + 700, 0)
    assert (known.is_fresh(NOW + 99), known.is_fresh(NOW + 100)) == (True, False)


def test_the_look_on_a_page():
    """What is kept of a logo tells on which page it is lost."""
    picture = kept(lost_on=frozenset({Theme.DARK}))

    assert [picture.look_on(theme).needs_inversion for theme in Theme] == [False, True]
    assert picture.look_on(Theme.DARK).contrast_dark == ANALYSIS.contrast_dark


def test_tags():
    """What is made of a logo carries its domain as a word, where that is one."""
    assert record().tags == "logo:acme.test"
    long = LogoRecord(
        domain=f"{'a' * 63}.test", asked_px=128, fetched_at=NOW, tried_at=NOW, fresh_until=NOW
    )  # fmt: skip
    assert long.tags == ""
    assert record().meta_of(kept(), 10).tags == "logo:acme.test"
