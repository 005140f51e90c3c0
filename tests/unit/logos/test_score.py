"""Which measured candidate is the logo."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.logos.score import (
    ASKED_BUCKETS_PX,
    MIN_SIDE_PX,
    Measured,
    Reason,
    asked_bucket,
    rank,
    score,
    suffices,
    winner,
    winners,
)
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme

ANY_PURPOSE, MASKABLE, MONOCHROME = (frozenset((word,)) for word in ("any", "maskable", "monochrome"))
PNG, SVG, ICO, JPEG = ImageFormat.PNG, ImageFormat.SVG, ImageFormat.ICO, ImageFormat.JPEG


def measured(
    name="a", width=64.0, height=None, image_format=PNG, source=LogoSource.LINK_ICON, rejected=None, **declared
):
    candidate = Candidate(f"https://a.test/{name}", source, **declared)
    return Measured(candidate, width, width if height is None else height, image_format, rejected)


ANY = st.builds(
    measured,
    name=st.text("abc", min_size=1, max_size=3),
    width=st.floats(0, 4096),
    height=st.floats(0, 4096),
    image_format=st.none() | st.sampled_from(ImageFormat),
    source=st.sampled_from(LogoSource),
    rejected=st.none() | st.sampled_from(Reason),
    scheme=st.none() | st.sampled_from(Theme),
    purposes=st.frozensets(st.sampled_from(["any", "maskable", "monochrome"])),
)


@pytest.mark.parametrize(
    ("better", "worse", "asked_px"),
    [
        (measured("big", 180), measured("small", 32), 128),
        (measured("svg", 24, image_format=SVG), measured("png", 512), 256),
        (measured("png", 128), measured("jpg", 128, image_format=JPEG), 128),
        (measured("square", 128), measured("wordmark", 300, 100), 128),
        (measured("wordmark", 300, 100), measured("banner", 1200, 100), 128),
        (measured("any", 192, purposes=ANY_PURPOSE), measured("maskable", 192, purposes=MASKABLE), 128),
        (measured("any", 192), measured("mono", 192, purposes=MONOCHROME), 128),
        (measured("site", 64), measured("google", 64, source=LogoSource.GOOGLE), 64),
        (measured("google", 128, source=LogoSource.GOOGLE), measured("site", 16, image_format=ICO), 128),
        (measured("g", 128, source=LogoSource.GOOGLE), measured("ddg", 128, source=LogoSource.DUCKDUCKGO), 128),
        (measured("ico", 48, image_format=ICO), measured("m", 16, image_format=SVG, source=LogoSource.MASK_ICON), 48),
        (measured("icon", 144), measured("tile", 144, source=LogoSource.MS_TILE), 128),
        (measured("small", 20), measured("large", 256, rejected=Reason.GENERIC_ICON), 128),
    ],
)  # fmt: skip
def test_better(better, worse, asked_px):
    """Size, kind, shape, purpose and source decide as a person would."""
    assert winner([worse, better], asked_px) is better


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (measured(width=MIN_SIDE_PX), None), (measured(width=15), Reason.TOO_SMALL),
        (measured(width=200, height=15), Reason.TOO_SMALL), (measured(width=10, image_format=SVG), None),
        (measured(width=0, image_format=SVG), Reason.NOT_AN_IMAGE),
        (measured(image_format=None), Reason.NOT_AN_IMAGE),
        (measured(width=1, rejected=Reason.BLANK), Reason.BLANK),
        (measured(width=0, image_format=None, rejected=Reason.UNREACHABLE), Reason.UNREACHABLE),
    ],
)  # fmt: skip
def test_reasons(one, reason):
    """What the measuring found comes first; then what is no picture or below 16 px is out."""
    assert one.reason is reason


def test_codes():
    """The reason codes are those of the contract."""
    assert {reason.value for reason in Reason} == {
        "too-small", "blank", "generic-icon", "not-an-image", "too-large", "unreachable", "forbidden", "upscaled",
    }  # fmt: skip


def test_scheme():
    """A variant declared for the asked scheme wins; where none was asked the one for dark pages does not."""
    plain = measured("plain", 512)
    dark = measured("dark", 64, scheme=Theme.DARK)
    light = measured("light", 64, scheme=Theme.LIGHT)

    assert winner([plain, dark, light], 64, Theme.DARK) is dark
    assert winner([plain, dark, light], 64, Theme.LIGHT) is light
    assert winner([dark, light], 64) is light
    assert winner([plain, dark], 512, Theme.DARK) is dark
    assert winner([plain, measured("dark", 16, scheme=Theme.DARK)], 256, Theme.DARK) is plain
    assert winner([plain, dark], 64) is plain


def test_points_explain_the_total():
    """Each point has a reason, and the reasons add up."""
    judged = score(measured(width=64, purposes=frozenset(("maskable",)), scheme=Theme.DARK), 128)

    assert dict(judged.points) == {"size": 25, "kind": 10, "shape": 20, "source": 20, "purpose": -4, "scheme": -15}
    assert judged.total == 56


def test_nothing_left():
    """Without a candidate that is left there is no winner, and those that are out still show in the ranking."""
    out = measured(rejected=Reason.FORBIDDEN)

    assert winner([], 128) is None
    assert winner([out], 128) is None
    assert rank([out], 128)[0].measured is out
    assert rank([out], 128)[0].points == ()


@pytest.mark.parametrize(
    ("one", "enough"),
    [
        (measured(width=128), True), (measured(width=127), False), (measured(width=16, image_format=SVG), True),
        (measured(width=380, height=128), True), (measured(width=400, height=128), False),
        (measured(width=256, rejected=Reason.BLANK), False),
        (measured(width=16, image_format=SVG, source=LogoSource.MASK_ICON), False),
        (measured(width=144, source=LogoSource.MS_TILE), False),
    ],
)  # fmt: skip
def test_suffices(one, enough):
    """The search ends with a picture that fills what was asked for and is not a silhouette or a banner."""
    assert suffices(one, 128) is enough


@settings(deadline=None)
@given(st.lists(ANY, max_size=12), st.integers(1, 1024), st.none() | st.sampled_from(Theme), st.randoms())
def test_any_order(candidates, asked_px, scheme, random):
    """The ranking is the same in whatever order candidates came; nothing rejected stands before what is left."""
    shuffled = random.sample(candidates, len(candidates))

    ranked = rank(candidates, asked_px, scheme)
    again = rank(shuffled, asked_px, scheme)

    assert [(s.total, s.measured.candidate.url, s.measured.reason is None) for s in ranked] == [
        (s.total, s.measured.candidate.url, s.measured.reason is None) for s in again
    ]
    out = [s.measured.reason is not None for s in ranked]
    assert out == sorted(out)


@settings(deadline=None)
@given(ANY, st.integers(1, 1024), st.none() | st.sampled_from(Theme))
def test_bounds(one, asked_px, scheme):
    """A score lies between -50 and 141, and asking for less never makes it smaller."""
    assert -50 <= score(one, asked_px, scheme).total <= 141
    assert score(one, max(1, asked_px // 2), scheme).total >= score(one, asked_px, scheme).total


@pytest.mark.parametrize(
    ("asked_px", "bucket_px"),
    [
        (1, 16),
        (16, 16),
        (17, 32),
        (32, 32),
        (100, 128),
        (128, 128),
        (129, 256),
        (1023, 1024),
        (1024, 1024),
        (2048, 1024),
    ],
)
def test_buckets(asked_px, bucket_px):
    """The asked side is rounded up to the next bucket, and down to the last."""
    assert asked_bucket(asked_px) == bucket_px


def test_winners():
    """Small and large sizes, light and dark pages may each have a winner of their own; each is given once."""
    ico, touch = measured("i.ico", 32, image_format=ICO), measured("touch.png", 180, source=LogoSource.JSON_LD)
    dark, lost = measured("dark.png", 180, scheme=Theme.DARK), measured("big.png", 512, rejected=Reason.BLANK)
    photo = measured("logo.jpg", 1000, image_format=JPEG, source=LogoSource.HEADER_IMAGE)

    assert winners([lost, photo, dark, touch, ico]) == (touch, dark, photo)
    assert winners([ico]) == (ico,)
    assert winners([lost]) == winners([]) == ()


@settings(deadline=None)
@given(st.lists(ANY, max_size=8, unique_by=lambda one: one.candidate.url), st.randoms())
def test_winners_are_those_of_each_question(candidates, random):
    """All that is given wins for some bucket and scheme, nothing that does is missing, and any order gives the same."""
    asked = [(asked_px, scheme) for asked_px in ASKED_BUCKETS_PX for scheme in (None, *Theme)]

    found = winners(candidates)

    assert set(found) == {winner(candidates, *question) for question in asked} - {None}
    assert len(found) == len(set(found)) <= len(asked)
    assert winners(random.sample(candidates, len(candidates))) == found


@pytest.mark.parametrize("asked_px", [200, 256, 512, 1024])
def test_of_two_that_are_too_small_the_larger(asked_px):
    """However much is asked for, a customary place's 180 px are better than a link's 120."""
    link = measured("a", 120, source=LogoSource.LINK_ICON)
    custom = measured("b", 180, source=LogoSource.WELL_KNOWN)

    assert winner([link, custom], asked_px) is custom
