"""From query and headers to the question."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import ImgsvcError, InvalidRequest, MissingUrl
from imgsvc.model.colours import Colour
from imgsvc.model.spec import Fit, Gravity, Output, Placeholder, TransformSpec
from imgsvc.web.params import Hints, ImageQuestion, parse_image_query

URL = "https://img.test/a.jpg"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


def ask(query: str = "", hints: Hints | None = None, **options) -> ImageQuestion:
    return parse_image_query(f"url={quote(URL, safe='')}&{query}", hints or Hints(), **options)


def spec_of(query: str, hints: Hints | None = None, **options) -> TransformSpec:
    return ask(query, hints, **options).spec


class TestAcceptance:
    """What each parameter makes of good values."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("w=640", {"width": 640}),
            ("width=0640", {"width": 640}),
            ("h=1&w=8192", {"width": 8192, "height": 1}),
            ("w=2&h=2&fit=cover", {"width": 2, "height": 2, "fit": Fit.COVER}),
            ("w=2&h=2&fit=COVER&g=north", {"width": 2, "height": 2, "fit": Fit.COVER, "gravity": Gravity.NORTH}),
            (
                "w=2&h=2&fit=cover&position=fp:.25:1",
                {"width": 2, "height": 2, "fit": Fit.COVER, "gravity": Gravity.FOCUS, "focus": (0.25, 1.0)},
            ),
            ("w=2&enlarge=1", {"width": 2, "enlarge": True}),
            ("blur=0.3&sharp=10", {"blur": 0.3, "sharpen": 10.0}),
            ("blur=1.004", {"blur": 1.0}),
            ("rot=270", {"rotate": 270}),
            ("flip&grayscale=yes", {"flip": True, "greyscale": True}),
            ("flop=on&flip=off", {"flop": True}),
            ("trim", {"trim": 10}),
            ("trim=true", {"trim": 10}),
            ("trim=1", {"trim": 1}),
            ("bg=red", {"background": Colour(255, 0, 0)}),
            ("anim=0", {"animate": False}),
            ("q=50", {"quality": 50}),
            ("fm=webp", {"output": Output.WEBP}),
            ("format=jpeg", {"output": Output.JPEG}),
            ("output=json", {"output": Output.JSON}),
            ("f=original", {"output": Output.ORIGINAL}),
            ("placeholder=blur", {"placeholder": Placeholder.BLUR}),
            ("cb=a%20b", {"version": "a b"}),
            ("v=", {}),
            ("tag=one,two", {}),
            ("forceRefresh=true&refresh=1", {}),
            ("f=auto", {}),
            ("", {}),
        ],
    )
    def test_values(self, query, expected):
        """Names and aliases set what the table says they set."""
        assert spec_of(query) == TransformSpec(**expected)

    @pytest.mark.parametrize(
        ("query", "param"),
        [
            ("w=0", "w"), ("w=8193", "w"), ("width=-1", "width"), ("w=", "w"), ("w=1e2", "w"), ("w=+5", "w"),
            ("h=1.5", "h"), ("height=１２", "height"), ("h=" + "9" * 250, "h"), ("w=1_0", "w"), ("w=%2B5", "w"),
            ("dpr=0.9&w=1", "dpr"), ("dpr=4.1", "dpr"), ("dpr=nan", "dpr"), ("dpr=1e0", "dpr"), ("dpr=-2", "dpr"),
            ("dpr=2.", "dpr"), ("dpr=", "dpr"), ("fit=crop", "fit"), ("g=fp:2:0", "g"), ("g=fp:0.5", "g"),
            ("gravity=fp", "gravity"), ("g=fp:0:0:0", "g"), ("position=top", "position"), ("bg=%23ff", "bg"),
            ("background=nocolour", "background"), ("f=bmp", "f"), ("fm=", "fm"), ("f=auto-webp", "f"), ("q=0", "q"),
            ("quality=101", "quality"), ("blur=0", "blur"), ("blur=0.2999999", "blur"), ("blur=250.01", "blur"),
            ("sharp=11", "sharp"), ("rotate=0", "rotate"), ("rot=45", "rot"), ("trim=0", "trim"), ("trim=101", "trim"),
            ("flip=maybe", "flip"), ("anim=2", "anim"), ("enlarge=x", "enlarge"), ("placeholder=lqip", "placeholder"),
            ("v=" + "x" * 257, "v"), ("tag=%00", "tag"), ("tag=a;b", "tag"), ("tag=%C3%A9", "tag"),
            ("tag=" + "x" * 65, "tag"), ("tag=" + ",".join(f"t{n}" for n in range(17)), "tag"),
            ("tag=" + "%20" * 513, "tag"), ("forceRefresh=yes", "forceRefresh"), ("refresh=2", "refresh"),
            ("exp=soon", "exp"), ("exp=-1", "exp"), ("exp=1.5", "exp"),
            ("sig=" + "x" * 257, "sig"), ("v=%E9", "v"), ("v=%zz", "v"), ("w=5%", "w"),
        ],
    )  # fmt: skip
    def test_bad_values(self, query, param):
        """A known parameter with a bad value is refused under the name the client used."""
        with pytest.raises(InvalidRequest) as caught:
            ask(query)
        assert caught.value.param == param
        assert type(caught.value) is InvalidRequest

    def test_error_says_what_is_allowed(self):
        """The detail helps: it names the range."""
        with pytest.raises(InvalidRequest, match="width takes a whole number from 1 to 8192"):
            ask("width=9000")

    def test_no_url(self):
        """Without a source there is no question."""
        with pytest.raises(MissingUrl):
            parse_image_query("w=640", Hints())

    @pytest.mark.parametrize("alias", ["url", "src"])
    def test_source_is_normalised(self, alias):
        """The source is in normal form, whatever it was sent as."""
        question = parse_image_query(f"{alias}={quote_plus('HTTPS://IMG.test:443/a b.jpg#x')}", Hints())
        assert question.source.url == "https://img.test/a%20b.jpg"

    def test_source_error_names_alias(self):
        """An error about the source names the parameter as sent."""
        with pytest.raises(InvalidRequest) as caught:
            parse_image_query("src=foo.jpg", Hints())
        assert caught.value.param == "src"


class TestRepetition:
    """Parameters given more than once, and unknown ones."""

    @pytest.mark.parametrize("query", ["w=640&w=640", "w=640&width=640", "f=jpg&format=jpeg", "trim&trim=10"])
    def test_equal(self, query):
        """Saying the same twice is no contradiction."""
        assert ask(query).spec == ask(query.partition("&")[0]).spec

    @pytest.mark.parametrize(
        ("query", "param"),
        [("w=1&w=2", "w"), ("width=1&w=2", "width"), ("f=auto&f=webp", "f"), ("sharp=1&sharpen=2", "sharp"),
         ("src=https://other.test/", "url"), ("v=&v=1", "v"), ("tag=a&tag=b", "tag"),
         ("refresh=1&forceRefresh=0", "refresh")],
    )  # fmt: skip
    def test_different(self, query, param):
        """Contradictions are refused under the first name used."""
        with pytest.raises(InvalidRequest, match="more than once") as caught:
            ask(query)
        assert caught.value.param == param

    def test_unknown_names_are_listed(self):
        """Unknown parameters change nothing and are reported, safe for a header, even badly encoded."""
        question = ask("utm_source=x&W=5&a%0D%0Ab=1&c,d=&%E9=2&utm_source=y&good=%zz&=v")
        assert question.spec == TransformSpec()
        assert question.ignored == ("utm_source", "W", "a??b", "c?d", "?", "good")

    def test_unknown_names_are_bounded(self):
        """At most sixteen names of at most sixty-four characters are reported."""
        ignored = ask("&".join(f"{'n' * 80}&x{i}=1" for i in range(30))).ignored
        assert len(ignored) == 16
        assert max(map(len, ignored)) == 64

    @pytest.mark.parametrize(
        ("query", "tags"),
        [
            ("", ()), ("tag=", ()), ("tag=,%20", ()), ("tag=b,a", ("a", "b")), ("tag=a+b%0A,,a", ("a", "b")),
            ("tag=a,b&tag=b,a,a", ("a", "b")), ("tag=url:0_.-/Z", ("url:0_.-/Z",)), ("tag=" + "x" * 64, ("x" * 64,)),
        ],
    )  # fmt: skip
    def test_tags(self, query, tags):
        """Words come in order and once each, however they were sent, and are part of no key."""
        question = ask(query)
        assert question.tags == tags
        assert question.ignored == ()
        assert question.spec == TransformSpec()

    @pytest.mark.parametrize(
        ("query", "refresh"),
        [
            ("", False), ("forceRefresh", False), ("forceRefresh=", False), ("refresh=0", False),
            ("refresh=FALSE", False), ("forceRefresh=1", True), ("refresh=True", True),
            ("forceRefresh=1&refresh=true", True),
        ],
    )  # fmt: skip
    def test_refresh(self, query, refresh):
        """Only a plain yes asks for a refresh; it is part of no key."""
        question = ask(query)
        assert question.refresh is refresh
        assert question.ignored == ()
        assert question.spec == TransformSpec()

    @pytest.mark.parametrize("query", ["&".join(f"a{i}" for i in range(101)), "a=" + "x" * 16384])
    def test_bounds(self, query):
        """Endless queries are refused."""
        with pytest.raises(InvalidRequest):
            parse_image_query(query, Hints())

    def test_signature_material(self):
        """The signature is checked over all parameters as sent, decoded once."""
        question = parse_image_query("url=https%3A%2F%2Fx.test%2F%2541&b=1+2&b=&sig=ab-_&exp=1700000000&&c", Hints())
        assert question.pairs == (
            ("url", "https://x.test/%41"), ("b", "1 2"), ("b", ""), ("sig", "ab-_"), ("exp", "1700000000"), ("c", ""),
        )  # fmt: skip
        assert (question.sig, question.exp) == ("ab-_", 1700000000)

    def test_empty_signature_is_one(self):
        """An empty signature is a wrong one, not none."""
        assert ask("sig=").sig == ""
        assert ask().sig is None


@given(st.text(), st.builds(Hints, st.text(), st.text(), st.text(), st.text()))
def test_total(query, hints):
    """No text raises anything but an error of ours."""
    for text in (query, f"url={URL}&{query}", f"url={URL}&v={query}", f"url={query}"):
        try:
            question = parse_image_query(text, hints, relative=True, site_url="https://site.test", ladder=True)
        except ImgsvcError:
            continue
        assert all(name.isascii() and name.isprintable() for name in question.ignored)


def test_lone_surrogates():
    """Bytes that are not UTF-8, as a server hands them on, are refused where they matter."""
    assert ask("x\udcff=1").ignored == ("x???",)
    with pytest.raises(InvalidRequest):
        ask("v=\udcff")


def test_equal_wishes_are_one():
    """What is asked of many pictures in the same words is kept once, whoever signed for which of them."""
    one, other = (parse_image_query(f"url=https://a.test/{n}&w=64&f=auto&sig={n}", Hints("image/webp")) for n in "ab")
    plain = parse_image_query("url=https://a.test/a&w=64&f=auto", Hints())

    assert one.spec is other.spec
    assert one.vary is other.vary
    assert (one.source, one.sig) != (other.source, other.sig)
    assert plain.spec != one.spec
    assert (
        parse_image_query("url=https://a.test/a&w=64&f=auto&sig=a", Hints("image/webp," + "x" * 600)).spec == one.spec
    )


def test_the_ladder_is_for_who_does_not_sign():
    """The same words snap to the ladder's widths without a signature alone, whichever was asked first."""
    asked = [parse_image_query(f"url=https://a.test/a&w=65{more}", Hints(), ladder=True) for more in ("", "&sig=a", "")]

    assert [question.spec.width for question in asked] == [96, 65, 96]
