"""What each network takes, and the ways that are tried to get there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Fit, Output, TransformSpec
from imgsvc.opengraph.profiles import PROFILES, Network, attempts, enlarged

SPECS = st.builds(
    TransformSpec,
    width=st.none() | st.integers(1, 8192),
    height=st.none() | st.integers(1, 8192),
    output=st.sampled_from(Output),
    quality=st.none() | st.integers(1, 100),
    fit=st.sampled_from(Fit),
).map(TransformSpec.normalised)


@pytest.mark.parametrize(
    ("network", "media_type", "size_bytes", "is_taken"),
    [
        (Network.LINKEDIN, "image/jpeg", 5_000_000, True), (Network.LINKEDIN, "image/jpeg", 5_000_001, False),
        (Network.LINKEDIN, "image/webp", 10, False), (Network.WHATSAPP, "image/jpeg", 300_000, True),
        (Network.WHATSAPP, "image/jpeg", 300_001, False), (Network.WHATSAPP, "image/png", 10, False),
        (Network.TWITTER, "image/webp", 10, True), (Network.FACEBOOK, "image/png", 8_000_000, True),
        (Network.FACEBOOK, "image/webp", 10, False), (Network.SLACK, "image/jpeg", 8_000_001, False),
        (Network.DISCORD, "image/png", 8_000_000, True),
    ],
)  # fmt: skip
def test_limits(network, media_type, size_bytes, is_taken):
    """Formats and bytes are those of the networks' own documents."""
    assert PROFILES[network].takes(media_type, size_bytes) is is_taken


@pytest.mark.parametrize(
    ("network", "image_format", "first"),
    [
        (Network.LINKEDIN, ImageFormat.JPEG, "jpg,w1200,h627,fit-cover,still"),
        (Network.LINKEDIN, ImageFormat.SVG, "png,w1200,h627,fit-cover"),
        (Network.FACEBOOK, ImageFormat.PNG, "png,w1200,h630,fit-cover"),
        (Network.TWITTER, ImageFormat.WEBP, "jpg,w1200,h628,fit-cover,still"),
        (Network.WHATSAPP, ImageFormat.PNG, "jpg,w1200,h630"),
        (Network.SLACK, None, "jpg,w1200,h630"),
    ],
)  # fmt: skip
def test_the_best_way(network, image_format, first):
    """At first each is asked for as its network shows it; what may be clear in places as PNG, where that is taken."""
    best = next(attempts(PROFILES[network], TransformSpec(), image_format))

    assert best.canonical().removesuffix(",still") == first.removesuffix(",still")
    assert not best.animate or not best.output.explicit_format or best == best.normalised()


@given(st.sampled_from(Network), SPECS, st.none() | st.sampled_from(ImageFormat))
def test_whatever_is_asked(network, asked, image_format):
    """No way gives a format that is not taken, and the last is small, whatever sides were asked for."""
    profile = PROFILES[network]

    ways = list(attempts(profile, asked, image_format))

    assert {way.output for way in ways} <= set(profile.outputs)
    last = ways[-1]
    assert max(last.width or 1, last.height or 1) <= max(300, *profile.least_px)
    assert (last.output, last.quality) == (Output.JPEG, 20)


def test_what_a_client_names():
    """The client's own box and format count where the network takes them."""
    asked = TransformSpec(width=600, height=315, fit=Fit.COVER, output=Output.PNG)

    assert next(attempts(PROFILES[Network.FACEBOOK], asked, ImageFormat.JPEG)).canonical() == "png,w600,h315,fit-cover"
    assert next(attempts(PROFILES[Network.WHATSAPP], asked, ImageFormat.JPEG)).output is Output.JPEG


@pytest.mark.parametrize(
    ("size_px", "enlarged_px"),
    [((250, 131), (250, 200)), ((300, 158), (300, 200)), ((120, 400), (200, 200)), ((1, 1), (200, 200))],
)
def test_what_the_box_would_leave_too_low(size_px, enlarged_px):
    """What Facebook's box would leave too low of a picture is given more height, not less width."""
    spec = enlarged(PROFILES[Network.FACEBOOK], TransformSpec(), size_px)

    assert (spec.width, spec.height, spec.enlarge) == (*enlarged_px, True)


def test_small_pictures_are_enlarged_where_they_must_be():
    """A picture below a network's least is made that large, another is left as it is."""
    twitter, small, large = PROFILES[Network.TWITTER], (250, 250), (400, 300)

    assert enlarged(twitter, TransformSpec(), small).canonical() == "auto-source,w300,h157,fit-cover,enlarge"
    assert enlarged(twitter, TransformSpec(), large) == TransformSpec()
    assert enlarged(PROFILES[Network.SLACK], TransformSpec(), small) == TransformSpec()
