"""Equal meaning, equal spec: normal form and the headers that decide."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.spec import Fit, Gravity, Output, Placeholder, TransformSpec
from imgsvc.web.parameters import PARAMETERS
from imgsvc.web.params import Hints, ImageQuestion, parse_image_query

URL = "https://img.test/a.jpg"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


def ask(query: str = "", hints: Hints | None = None, **options) -> ImageQuestion:
    return parse_image_query(f"url={quote(URL, safe='')}&{query}", hints or Hints(), **options)


def spec_of(query: str, hints: Hints | None = None, **options) -> TransformSpec:
    return ask(query, hints, **options).spec


class TestNormalForm:
    """Equal meaning, equal spec and equal text."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("fit=cover", ""), ("enlarge=1", ""), ("dpr=2", ""), ("g=north", ""), ("w=5&fit=cover", "w=5"),
            ("w=5&fit=contain&g=fp:0:1", "w=5"), ("w=5&h=5&g=north", "w=5&h=5"), ("w=5&h=5&fit=inside", "w=5&h=5"),
            ("w=5&h=5&fit=cover&g=center", "w=5&h=5&fit=cover"),
            ("w=5&h=5&fit=cover&g=fp:0.5:0.5", "w=5&h=5&fit=cover"),
            ("w=5&h=5&fit=cover&g=fp:0.12344:1", "w=5&h=5&fit=cover&g=fp:0.1234:1.0"),
            ("w=320&dpr=2", "w=640"), ("w=333&dpr=1.5", "w=500"), ("h=1&w=5000&dpr=4", "h=4&w=8192"),
            ("f=png&q=5", "f=png"), ("f=gif&q=5", "f=gif"), ("f=webp&q=79", "f=webp"), ("f=jpg&q=80", "f=jpeg"),
            ("f=json&q=5&w=640&bg=red&anim=0&flip", "f=json"),
            ("f=jpg&anim=0", "f=jpg"), ("f=avif&anim=0", "f=avif"), ("f=png&anim=0", "f=png"), ("anim=1", ""),
            ("f=jpg&bg=fff", "f=jpg"), ("bg=transparent", ""), ("bg=%23ff000000", ""), ("bg=f00", "bg=ff0000ff"),
            ("bg=RED", "bg=%23FF0000"), ("f=original&q=50", "f=original"),
            ("placeholder=blur&f=png", "placeholder=blur"),
            ("placeholder=blur&f=json", "placeholder=blur"), ("placeholder=blur&q=3&anim=0", "placeholder=blur"),
            ("flip&flop", "rotate=180"), ("rotate=180&flip", "flop"), ("rotate=270&flop", "rotate=90&flip"),
            ("rotate=180&flip&flop", ""), ("f=auto", ""), ("flip=0&trim=10", "trim"),
        ],
    )  # fmt: skip
    def test_same(self, one, other):
        """What has no effect is not in the key."""
        assert spec_of(one) == spec_of(other)
        assert spec_of(one).canonical() == spec_of(other).canonical()

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("w=5&enlarge=1", "w=5"), ("w=5", "h=5"), ("w=5&h=5&fit=cover", "w=5&h=5"), ("f=webp&anim=0", "f=webp"),
            ("f=gif&anim=0", "f=gif"), ("f=original&anim=0", "f=original"), ("q=50", ""), ("f=jpg&bg=fffffe", "f=jpg"),
            ("f=png&bg=fff", "f=png"), ("f=original&flip&q=9", "f=original&flip"), ("v=1", ""), ("v=1", "v=2"),
            ("flip", "flop"), ("rotate=90&flip", "rotate=90&flop"), ("blur=1", "sharpen=1"), ("f=json", "f=json&v=1"),
            ("placeholder=blur&w=5", "placeholder=blur"), ("f=jpg", "f=png"), ("placeholder=color", "placeholder=blur"),
            ("w=5&h=5&fit=cover&g=fp:0.1:0.2", "w=5&h=5&fit=cover&g=fp:0.2:0.1"), ("v=1,flop", "v=1&flop"),
        ],
    )  # fmt: skip
    def test_different(self, one, other):
        """What has an effect is in the key."""
        assert spec_of(one).canonical() != spec_of(other).canonical()

    def test_original_stays_identity(self):
        """The original without a transform is the source's bytes, whatever else is said without effect."""
        assert spec_of("f=original&fit=cover&enlarge=1&dpr=3&q=9&g=north").is_identity


class TestAccept:
    """Format negotiation."""

    def test_auto_varies(self):
        """Without f the header decides, and says so even where it is absent."""
        assert (spec_of("", Hints(accept=CHROME)).output, ask().vary) == (Output.AUTO_AVIF, ("Accept",))

    @pytest.mark.parametrize("query", ["f=webp", "f=json", "placeholder=color", "f=original"])
    def test_explicit_does_not_vary(self, query):
        """Where the header decides nothing it is not named, and the key is the same."""
        assert ask(query, Hints(accept=CHROME)) == ask(query)
        assert ask(query).vary == ()


class TestSaveData:
    """Save-Data: on."""

    ON = Hints(save_data="on")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("q=50", {"quality": 30}), ("q=15", {"quality": 1}), ("", {"save_data": True}),
            ("f=webp", {"output": Output.WEBP, "save_data": True}),
            ("f=webp&q=79", {"output": Output.WEBP, "save_data": True}),
            ("f=webp&q=99", {"output": Output.WEBP}),
            ("f=original&flip", {"output": Output.ORIGINAL, "flip": True, "save_data": True}),
        ],
    )  # fmt: skip
    def test_lowers(self, query, expected):
        """An explicit quality goes down by twenty, to one at least; else the format's own will."""
        question = ask(query, self.ON)
        assert question.spec == TransformSpec(**expected)
        assert question.vary[-1] == "Save-Data"

    @pytest.mark.parametrize("query", ["f=png", "f=gif", "f=json", "f=original", "placeholder=blur", "f=webp&q=1"])
    def test_without_effect(self, query):
        """Where there is no quality to lower the header decides nothing."""
        assert ask(query, self.ON) == ask(query)

    @pytest.mark.parametrize("value", ["off", "", "1", '"on"', "on, on", "?1", "on" * 99])
    def test_only_on(self, value):
        """Anything else than the token is not a wish."""
        assert ask("", Hints(save_data=value)) == ask()


class TestClientHints:
    """Sec-CH-DPR and Sec-CH-Width."""

    @pytest.mark.parametrize(
        ("query", "hints", "width", "vary"),
        [
            ("f=webp", Hints(width="640"), 640, ("Sec-CH-Width",)),
            ("f=webp", Hints(width="640", dpr="2"), 640, ("Sec-CH-Width",)),
            ("f=webp&dpr=3", Hints(width="640"), 640, ("Sec-CH-Width",)),
            ("f=webp", Hints(width="99999"), 8192, ("Sec-CH-Width",)),
            ("f=webp&w=100", Hints(width="640"), 100, ()),
            ("f=webp&w=100", Hints(dpr="2.5"), 250, ("Sec-CH-DPR",)),
            ("f=webp&w=100", Hints(dpr="2;a=1"), 200, ("Sec-CH-DPR",)),
            ("f=webp&w=100", Hints(dpr="9.0"), 400, ("Sec-CH-DPR",)),
            ("f=webp&w=100", Hints(dpr="0.5"), 100, ("Sec-CH-DPR",)),
            ("f=webp&w=100&dpr=1", Hints(dpr="3"), 100, ()),
            ("f=webp", Hints(dpr="2"), None, ()),
            ("f=original", Hints(width="640"), None, ()),
            ("f=original&flip", Hints(width="640"), 640, ("Sec-CH-Width",)),
            ("placeholder=blur&w=9", Hints(dpr="2"), 9, ()),
            ("f=json", Hints(dpr="2", width="640"), None, ()),
        ],
    )
    def test_layout(self, query, hints, width, vary):
        """Hints fill in for absent parameters of pictures, and are named only then."""
        question = ask(query, hints)
        assert (question.spec.width, question.vary) == (width, vary)

    @pytest.mark.parametrize("bad", ["", "0", "-1", "abc", "1, 2", "?1", "640.5.1", "é", "\udcff", "1e3", '"640"', " "])
    def test_bad_hints_are_ignored(self, bad):
        """A hint that is no positive number is as good as absent."""
        assert ask("", Hints(width=bad)) == ask()
        assert ask("h=7", Hints(dpr=bad)) == ask("h=7")

    def test_width_is_whole(self):
        """A fractional width is no structured integer."""
        assert ask("", Hints(width="640.0")) == ask()


class TestLadder:
    """IMGSVC_WIDTH_LADDER."""

    @pytest.mark.parametrize(
        ("query", "sides"),
        [
            ("w=1", (16, None)), ("w=16", (16, None)), ("w=17", (32, None)), ("w=641", (750, None)),
            ("w=3841", (3840, None)), ("w=8192&h=8192", (3840, 3840)), ("w=320&dpr=2", (640, None)),
            ("w=500&h=250", (640, 320)), ("w=5000&h=1", (3840, 1)), ("w=1&h=8192", (16, 8192)), ("h=50", (None, 64)),
            ("w=3&h=1", (16, 5)), ("", (None, None)), ("w=641&sig=x", (641, None)),
        ],
    )  # fmt: skip
    def test_snaps(self, query, sides):
        """Sides of unsigned requests go up to the next rung, in ratio; signed ones stay."""
        spec = spec_of(query, ladder=True)
        assert (spec.width, spec.height) == sides

    def test_hinted_width_snaps(self):
        """A width from a header makes no more variants than one from the query."""
        assert spec_of("", Hints(width="700"), ladder=True).width == 750

    @given(st.integers(1, 8192), st.none() | st.integers(1, 8192))
    def test_few_widths(self, width, height):
        """Whatever is asked for, only the ladder's widths are made, and the height stays in range."""
        spec = spec_of(f"w={width}" + (f"&h={height}" if height else ""), ladder=True)
        assert spec.width in {16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840}
        assert spec.height is None if height is None else 1 <= (spec.height or 0) <= 8192


GOOD = {
    "w": st.integers(1, 8192).map(str),
    "h": st.integers(1, 8192).map(str),
    "dpr": st.sampled_from(["1", "1.5", "2", "4.0"]),
    "fit": st.sampled_from(list(Fit)).map(str),
    "enlarge": st.sampled_from(["0", "1", "true", ""]),
    "g": st.sampled_from([*(g.value for g in Gravity if g is not Gravity.FOCUS), "fp:0.5:0.25", "fp:1:0"]),
    "bg": st.sampled_from(["red", "#fff", "00000080", "transparent"]),
    "f": st.sampled_from(["auto", "webp", "avif", "png", "jpg", "jpeg", "gif", "original", "json"]),
    "q": st.integers(1, 100).map(str),
    "blur": st.sampled_from(["0.3", "2.50", "250"]),
    "sharpen": st.sampled_from(["0.3", "10"]),
    "rotate": st.sampled_from(["90", "180", "270"]),
    "flip": st.sampled_from(["0", "1"]),
    "flop": st.sampled_from(["0", "1"]),
    "trim": st.sampled_from(["", "true", "5"]),
    "greyscale": st.sampled_from(["0", "1"]),
    "anim": st.sampled_from(["0", "1"]),
    "placeholder": st.sampled_from(list(Placeholder)).map(str),
    "v": st.text(max_size=20),
    "tag": st.just("x"),
}
NAMES = {p.name: (p.name, *p.aliases) for p in PARAMETERS}
HINTS = st.builds(
    Hints,
    accept=st.sampled_from(["", CHROME, "image/webp"]),
    save_data=st.sampled_from(["", "on"]),
    dpr=st.sampled_from(["", "2.0"]),
    width=st.sampled_from(["", "640"]),
)


@given(st.fixed_dictionaries({}, optional=GOOD), HINTS, st.booleans(), st.data())
def test_spelling_never_matters(values, hints, ladder, data):
    """Order, aliases, repetition, encoding and unknown parameters change neither spec nor text nor Vary."""
    plain = ask("&".join(f"{k}={quote(v, safe='')}" for k, v in values.items()), hints, ladder=ladder)
    repeated = [*values.items(), *data.draw(st.lists(st.sampled_from(sorted(values.items()))))] if values else []
    shuffled = data.draw(st.permutations(repeated))
    spelt = [f"{data.draw(st.sampled_from(NAMES[k]))}={''.join(f'%{b:02x}' for b in v.encode())}" for k, v in shuffled]
    other = ask("&".join([*spelt, "utm=1"]), hints, ladder=ladder)
    assert (other.spec, other.vary, other.source) == (plain.spec, plain.vary, plain.source)
    assert other.spec.canonical() == plain.spec.canonical()
    assert other.ignored == ("utm",)
    assert hash(other) == hash(ask("&".join([*spelt, "utm=1"]), hints, ladder=ladder))


@given(st.fixed_dictionaries({}, optional=GOOD), HINTS, st.booleans())
def test_result_is_normal(values, hints, ladder):
    """A question's spec is its own normal form and within bounds."""
    spec = ask("&".join(f"{k}={quote(v, safe='')}" for k, v in values.items()), hints, ladder=ladder).spec
    assert spec.normalised() == spec
    assert all(side is None or 1 <= side <= 8192 for side in (spec.width, spec.height))
