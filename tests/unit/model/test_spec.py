"""The normal form of a transform and its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.colours import Colour
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.spec import Fit, Gravity, Output, Placeholder, TransformSpec

SIDES = st.none() | st.sampled_from([1, 640, 8192])
COLOURS = st.none() | st.sampled_from([Colour(255, 255, 255), Colour(1, 2, 3), Colour(1, 2, 3, 4), Colour(0, 0, 0, 0)])
FOCUS = st.sampled_from([(0.5, 0.5), (0.25, 1.0), (0.0, 0.1234)])
SPECS = st.builds(
    TransformSpec,
    output=st.sampled_from(Output),
    width=SIDES,
    height=SIDES,
    fit=st.sampled_from(Fit),
    enlarge=st.booleans(),
    gravity=st.sampled_from(Gravity),
    focus=FOCUS,
    background=COLOURS,
    quality=st.none() | st.sampled_from([1, 40, 59, 60, 79, 80]),
    save_data=st.booleans(),
    blur=st.none() | st.sampled_from([0.3, 2.25, 250.0]),
    sharpen=st.none() | st.just(1.0),
    rotate=st.sampled_from([0, 90, 180, 270]),
    flip=st.booleans(),
    flop=st.booleans(),
    trim=st.none() | st.just(10),
    greyscale=st.booleans(),
    animate=st.booleans(),
    placeholder=st.none() | st.sampled_from(Placeholder),
    page=COLOURS,
    scheme=st.sampled_from(["", "light", "dark"]),
    remembered=st.none() | st.booleans(),
    content=st.sampled_from(["", "0123abcd"]),
    version=st.none() | st.text(max_size=5),
)


@given(SPECS)
def test_normal_form_is_stable(spec):
    """Normalising twice is normalising once."""
    assert spec.normalised().normalised() == spec.normalised()


@given(SPECS, SPECS)
def test_text_tells_all(one, other):
    """Equal specs have equal texts and different specs different ones."""
    one, other = one.normalised(), other.normalised()
    assert (one == other) == (one.canonical() == other.canonical())


@given(SPECS)
def test_normal_form_keeps_what_shows(spec):
    """Sides, effects, version and kind of answer are never dropped from a picture."""
    normal = spec.normalised()
    assert normal.version == spec.version
    assert normal.is_json == spec.is_json
    assert normal.placeholder == spec.placeholder
    if not spec.is_json:
        assert normal.output is spec.output
    if spec.output is not Output.JSON or spec.placeholder:
        kept = ("width", "height", "blur", "sharpen", "trim", "greyscale")
        assert [getattr(normal, n) for n in kept] == [getattr(spec, n) for n in kept]


@given(SPECS)
def test_normal_form_has_no_idle_field(spec):
    """Nothing is left that the answer would not show."""
    normal = spec.normalised()
    if None in (normal.width, normal.height):
        assert normal.fit is Fit.INSIDE
    if normal.fit is not Fit.COVER:
        assert normal.gravity is Gravity.CENTRE
    assert (normal.focus is None) == (normal.gravity is not Gravity.FOCUS)
    assert not (normal.flip and normal.flop)
    assert normal.background is None or normal.background.alpha


def turned(picture: tuple[str, ...], spec: TransformSpec) -> tuple[str, ...]:
    """Do a spec's turns and mirrors to rows of text: clockwise first, then the mirrors."""
    for _ in range(spec.rotate // 90):
        picture = tuple("".join(column) for column in zip(*reversed(picture), strict=True))
    if spec.flip:
        picture = picture[::-1]
    return tuple(row[::-1] for row in picture) if spec.flop else picture


@given(SPECS)
def test_turns_come_to_the_same(spec):
    """However turns and mirrors are written, the picture is the one that was asked for."""
    if spec.output is not Output.JSON:
        assert turned(("abc", "def"), spec) == turned(("abc", "def"), spec.normalised())


def test_eight_turns():
    """Sixteen combinations are written in eight ways."""
    combinations = [
        TransformSpec(rotate=r, flip=a, flop=b) for r in (0, 90, 180, 270) for a in (False, True) for b in (False, True)
    ]
    assert len({spec.normalised() for spec in combinations}) == 8


@pytest.mark.parametrize("output", [o for o in Output if o.explicit_format], ids=str)
def test_default_quality_says_nothing(output):
    """A format's own quality is the same as none; another one counts where the format is lossy."""
    can = CAPABILITIES[output.explicit_format or ImageFormat.PNG]
    assert TransformSpec(output=output, quality=can.default_quality).normalised() == TransformSpec(output=output)
    assert (TransformSpec(output=output, quality=33).normalised().quality == 33) == can.lossy


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (TransformSpec(), "auto-source"),
        (TransformSpec(Output.AUTO_WEBP, 640, 480, Fit.COVER), "auto-webp,w640,h480,fit-cover"),
        (TransformSpec(Output.WEBP, 5, 5, Fit.COVER, gravity=Gravity.FOCUS, focus=(0.25, 1.0)),
         "webp,w5,h5,fit-cover,g-fp,at-0.25-1"),
        (TransformSpec(Output.PNG, background=Colour(1, 2, 3, 4)), "png,bg-01020304"),
        (TransformSpec(Output.GIF, animate=False, blur=2.5, rotate=90, flip=True), "gif,blur2.5,rot90,flip,still"),
        (TransformSpec(placeholder=Placeholder.THUMBHASH), "auto-source,ph-thumbhash"),
        (TransformSpec(quality=5, save_data=True, version="a,b"), "auto-source,q5,save,v-a,b"),
    ],
)  # fmt: skip
def test_canonical(spec, text):
    """The text is readable and says only what differs from the defaults."""
    assert spec.canonical() == text


@pytest.mark.parametrize(
    ("spec", "identity", "extension"),
    [
        (TransformSpec(Output.ORIGINAL), True, "img"), (TransformSpec(Output.ORIGINAL, version="1"), True, "img"),
        (TransformSpec(Output.ORIGINAL, width=1), False, "img"),
        (TransformSpec(Output.ORIGINAL, animate=False), False, "img"),
        (TransformSpec(Output.AUTO_SOURCE), False, "img"), (TransformSpec(Output.AUTO_AVIF), False, "avif"),
        (TransformSpec(Output.JPEG), False, "jpg"), (TransformSpec(Output.JSON), False, "json"),
        (TransformSpec(Output.WEBP, placeholder=Placeholder.BLUR), False, "json"),
    ],
)  # fmt: skip
def test_kind_of_answer(spec, identity, extension):
    """A spec knows whether the source's bytes are its answer and what its file is called."""
    assert (spec.is_identity, spec.extension) == (identity, extension)


def test_on_a_page_nothing_moves_and_nothing_shines_through():
    """A page is opaque, and of an animation one frame is shown: asked otherwise it is the same."""
    page = Colour(1, 2, 3)
    asked = TransformSpec(Output.WEBP, page=Colour(1, 2, 3, 4), animate=True)
    assert asked.normalised() == TransformSpec(Output.WEBP, page=page, animate=False)
    assert asked.normalised() == TransformSpec(Output.WEBP, page=page, animate=False).normalised()
    assert TransformSpec(Output.JPEG, page=page).normalised() == TransformSpec(Output.JPEG, page=page)


def test_what_is_not_shown_has_no_page():
    """Neither page nor verdict counts for a description or a stand-in; without a page no verdict does."""
    page = Colour(1, 2, 3)
    themed = TransformSpec(placeholder=Placeholder.COLOR, page=page, remembered=True)
    assert themed.normalised() == TransformSpec(placeholder=Placeholder.COLOR)
    assert TransformSpec(Output.JSON, page=page, remembered=True).normalised() == TransformSpec(Output.JSON)
    assert TransformSpec(Output.PNG, remembered=True).normalised() == TransformSpec(Output.PNG)


def test_what_is_behind_a_jpeg_says_nothing_when_it_would_be_there_anyway():
    """White without a page, and with one the page itself; white on a dark page was asked for."""
    page, white = Colour(1, 2, 3), Colour(255, 255, 255)
    assert TransformSpec(Output.JPEG, background=white).normalised().background is None
    assert TransformSpec(Output.JPEG, page=page, background=page).normalised().background is None
    assert TransformSpec(Output.JPEG, page=page, background=white).normalised().background == white
