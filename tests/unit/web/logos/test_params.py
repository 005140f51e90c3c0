"""From query and headers to the question about a logo."""

from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import ImgsvcError, InvalidRequest
from imgsvc.model.colours import Colour
from imgsvc.model.look import Theme
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.logos.answers import Fallback, LogoRequest, Subject
from imgsvc.web.logos.parameters import BESTICON, CANDIDATES, CLEARBIT, GOOGLE, INVERT, SHAPES
from imgsvc.web.logos.params import parse_logo_query
from imgsvc.web.params import Hints
from tests.unit.web.logos.asking import ask

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
WHITE, NIGHT = Colour(255, 255, 255), Colour(0x0B, 0x0F, 0x19)


def boxed(side_px: int = 128, **more) -> TransformSpec:
    return TransformSpec(**({"width": side_px, "height": side_px, "animate": False} | more)).normalised()


class TestHow:
    """What is made of the logo."""

    @pytest.mark.parametrize(
        ("query", "size_px", "spec"),
        [
            ("", 128, boxed()),
            ("size=64", 64, boxed(64)),
            ("size=100&dpr=1.5", 150, boxed(150)),
            ("size=1024&dpr=4", 4096, boxed(4096)),
            ("dpr=2", 256, boxed(256)),
            ("format=png", 128, boxed(output=Output.PNG)),
            ("fm=jpeg&q=50", 128, boxed(output=Output.JPEG, quality=50, page=WHITE, scheme="light")),
            ("fm=jpeg&theme=none", 128, boxed(output=Output.JPEG)),
            ("fm=jpeg&theme=dark", 128, boxed(output=Output.JPEG, page=NIGHT, scheme="dark")),
            ("greyscale=1", 128, boxed(greyscale=True)),
            ("theme=dark", 128, boxed(page=NIGHT, scheme="dark")),
            ("theme=LIGHT", 128, boxed(page=WHITE, scheme="light")),
            ("theme=none", 128, boxed()),
            ("bg=transparent", 128, boxed()),
            ("theme=dark&bg=transparent", 128, boxed(page=NIGHT, scheme="dark")),
            ("background=f00&theme=light", 128, boxed(page=Colour(255, 0, 0), scheme="light")),
            ("f=json&size=64&theme=dark", 64, TransformSpec(output=Output.JSON)),
            ("f=json&dpr=2", 256, TransformSpec(output=Output.JSON)),
            ("fallback=404&forceRefresh=true&sig=x&exp=5", 128, boxed()),
        ],
    )  # fmt: skip
    def test_values(self, query, size_px, spec):
        """Names and aliases say what the tables say they do."""
        question = ask(query)
        assert (question.size_px, question.spec) == (size_px, spec)

    @pytest.mark.parametrize(
        ("query", "spec"),
        [
            ("", TransformSpec(output=Output.ORIGINAL)),
            ("theme=none&bg=transparent&greyscale=0&q=5", TransformSpec(output=Output.ORIGINAL)),
            ("size=128", boxed(output=Output.ORIGINAL, save_data=True)),
            ("dpr=1", boxed(output=Output.ORIGINAL, save_data=True)),
            ("greyscale=1", boxed(output=Output.ORIGINAL, save_data=True, greyscale=True)),
            ("theme=dark", boxed(output=Output.ORIGINAL, save_data=True, page=NIGHT, scheme="dark")),
        ],
    )
    def test_the_bytes_as_they_are(self, query, spec):
        """Original means the bytes that were found, unless something is wanted of them."""
        question = ask(f"format=original&{query}", Hints(save_data="on", dpr="1"))
        assert (question.size_px, question.spec) == (128, spec)

    @pytest.mark.parametrize(
        ("query", "theme", "page"),
        [
            ("", None, None), ("theme=none", None, None), ("bg=transparent", None, None),
            ("theme=dark", Theme.DARK, NIGHT), ("theme=auto", Theme.LIGHT, WHITE),
            ("bg=fff", Theme.LIGHT, WHITE), ("bg=000", Theme.DARK, Colour(0, 0, 0)),
            ("bg=767676", Theme.LIGHT, Colour(118, 118, 118)), ("bg=757575", Theme.DARK, Colour(117, 117, 117)),
            ("bg=0f0", Theme.LIGHT, Colour(0, 255, 0)), ("bg=00f", Theme.DARK, Colour(0, 0, 255)),
            ("theme=none&bg=000", Theme.DARK, Colour(0, 0, 0)), ("theme=dark&bg=fff", Theme.DARK, WHITE),
            ("bg=00000080", Theme.LIGHT, Colour(127, 127, 127)),
            ("theme=dark&bg=ffffff00", Theme.DARK, NIGHT),
            ("theme=dark&bg=0b0f1980", Theme.DARK, NIGHT), ("f=jpg", Theme.LIGHT, WHITE),
            ("f=jpg&bg=000", Theme.DARK, Colour(0, 0, 0)), ("f=jpg&bg=transparent", Theme.LIGHT, WHITE),
        ],
    )  # fmt: skip
    def test_the_page(self, query, theme, page):
        """A colour alone makes a theme of it; one that lets the page through is laid on the theme's own, else white."""
        question = ask(query)
        assert (question.theme, question.spec.page) == (theme, page)
        assert question.is_exact is (page not in (None, WHITE, NIGHT) or (theme, page) == (Theme.DARK, WHITE))
        assert question.spec.scheme == (theme.value if theme else "")

    @pytest.mark.parametrize(
        ("query", "param"),
        [
            ("size=15", "size"), ("size=1025", "size"), ("size=", "size"), ("size=1e2", "size"), ("dpr=5", "dpr"),
            ("theme=sepia", "theme"), ("bg=nocolour", "bg"), ("background=%23ff", "background"), ("f=bmp", "f"),
            ("format=", "format"), ("q=0", "q"), ("greyscale=maybe", "greyscale"), ("fallback=globe", "fallback"),
            ("fallback=", "fallback"), ("forceRefresh=yes", "forceRefresh"), ("exp=soon", "exp"),
            ("size=64&size=65", "size"), ("format=png&fm=webp", "format"), ("theme=dark&theme=auto", "theme"),
        ],
    )  # fmt: skip
    def test_bad_values(self, query, param):
        """A known parameter with a bad value, or with two, is refused under the name the client used."""
        with pytest.raises(InvalidRequest) as caught:
            ask(query)
        assert caught.value.param == param

    @pytest.mark.parametrize("word", list(Fallback))
    def test_fallbacks(self, word):
        """Each is taken, and a monogram is what there is without one."""
        assert ask(f"fallback={word}").fallback is word
        assert ask().fallback is Fallback.MONOGRAM

    @given(st.permutations(["size=64", "dpr=2", "theme=dark", "bg=f00", "format=png", "greyscale=1", "zz=1"]))
    def test_order_never_matters(self, parts):
        """However the parameters are sorted, the question is the same."""
        one, other = ask("&".join(parts)), ask("&".join(sorted(parts)))
        assert (one.size_px, one.spec, one.theme, one.headers) == (
            other.size_px,
            other.spec,
            other.theme,
            other.headers,
        )

    def test_about(self):
        """The question, put about somebody, is the service's."""
        question = ask("size=64&theme=dark&fallback=404")
        subject = Subject(None, "Acme")
        assert question.about(subject) == LogoRequest(subject, 64, question.spec, Theme.DARK, Fallback.NOT_FOUND)


class TestHeaders:
    """Request headers that decide, and what is said of them."""

    @pytest.mark.parametrize(
        ("query", "hints", "headers"),
        [
            ("", Hints(), {"Vary": "Accept"}),
            ("f=png", Hints(CHROME, "on"), {}),
            ("f=json", Hints(CHROME, "on", "2"), {}),
            ("f=original", Hints(CHROME, "on", "2"), {}),
            ("f=webp", Hints(save_data="on"), {"Vary": "Save-Data"}),
            ("f=png", Hints(dpr="2"), {"Vary": "Sec-CH-DPR"}),
            ("f=png&dpr=1", Hints(dpr="2"), {}),
            ("f=png", Hints(width="50"), {}),
            ("f=png&theme=dark", Hints(colour_scheme="light"), {}),
            (
                "theme=auto&tag=a&v=1", Hints(save_data="on", dpr="2"),
                {
                    "Vary": "Accept, Sec-CH-DPR, Save-Data, Sec-CH-Prefers-Color-Scheme",
                    "Accept-CH": "Sec-CH-Prefers-Color-Scheme", "Critical-CH": "Sec-CH-Prefers-Color-Scheme",
                    "X-Ignored-Params": "tag, v",
                },
            ),
        ],
    )  # fmt: skip
    def test_only_what_decided(self, query, hints, headers):
        """A header that changed nothing is not named."""
        assert dict(ask(query, hints).headers) == headers

    def test_what_they_decide(self):
        """Format, quality and size come from the headers where no parameter says them."""
        question = ask("", Hints(CHROME, "on", "1.5"))
        assert question.spec == boxed(192, output=Output.AUTO_AVIF, save_data=True)
        assert question.size_px == 192
        assert ask("q=50&f=webp", Hints(save_data="on")).spec.quality == 30

    @pytest.mark.parametrize(
        ("text", "theme"),
        [
            ('"dark"', Theme.DARK), ("dark", Theme.DARK), ('"Dark"', Theme.DARK), ('"light"', Theme.LIGHT),
            ("light", Theme.LIGHT), ("", Theme.LIGHT), ("darkish", Theme.LIGHT), ('"dark', Theme.LIGHT),
            ("?1", Theme.LIGHT), ("dark, light", Theme.LIGHT), ("dark;q=1", Theme.DARK), ("ü", Theme.LIGHT),
        ],
    )  # fmt: skip
    def test_what_the_browser_prefers(self, text, theme):
        """The hint is a string or a token of structured fields; anything else means light."""
        question = ask("theme=auto", Hints(colour_scheme=text))
        assert (question.theme, question.spec.page) == (theme, theme.page)
        assert question.spec.scheme == theme.value


class TestShapes:
    """The other routes."""

    @pytest.mark.parametrize(
        ("shape", "query", "size_px"),
        [
            (GOOGLE, "", 16), (GOOGLE, "sz=64", 64), (BESTICON, "", 128), (BESTICON, "size=32..64..500", 64),
            (BESTICON, "size=48", 48), (CANDIDATES, "size=256", 256), (INVERT, "", 128), (INVERT, "size=64&dpr=2", 128),
        ],
    )  # fmt: skip
    def test_sizes(self, shape, query, size_px):
        """Each has its own name and default for the size."""
        assert ask(query, shape=shape).size_px == size_px

    @pytest.mark.parametrize(
        ("query", "size_px"),
        [("", 128), ("retina=true", 256), ("size=1024&retina", 2048), ("retina=false&size=64", 64), ("size=64", 64)],
    )
    def test_retina(self, query, size_px):
        """It doubles the size, whatever the browser says."""
        assert ask(query, shape=CLEARBIT, website="acme.test").size_px == size_px
        if "retina=true" in query:
            assert ask(query, Hints(dpr="3"), shape=CLEARBIT, website="acme.test").size_px == size_px

    def test_names_of_elsewhere(self):
        """A token of logo.dev's is ignored, and said to be."""
        question = ask("token=pk_X&format=png&greyscale=true&theme=auto", shape=CLEARBIT, website="acme.test")
        assert dict(question.headers)["X-Ignored-Params"] == "token"
        assert question.spec.output is Output.PNG
        assert question.spec.greyscale
        assert question.theme is Theme.LIGHT

    @pytest.mark.parametrize(
        ("query", "spec"),
        [
            ("", boxed(page=NIGHT, scheme="dark")), ("theme=light", boxed(page=WHITE, scheme="light")),
            ("bg=fff", boxed(page=WHITE, scheme="light")), ("bg=000", boxed(page=Colour(0, 0, 0), scheme="dark")),
            ("theme=dark&bg=fff", boxed(page=WHITE, scheme="dark")),
            ("bg=transparent", boxed(page=NIGHT, scheme="dark")),
            ("f=original", boxed(output=Output.ORIGINAL, page=NIGHT, scheme="dark")),
        ],
    )  # fmt: skip
    def test_inversion_is_for_a_dark_page(self, query, spec):
        """Unless another one is named, by its theme or its colour; without one there is nothing to adapt to."""
        assert ask(query, shape=INVERT).spec == spec
        with pytest.raises(InvalidRequest, match="theme takes one of light, dark, auto"):
            ask("theme=none", shape=INVERT)

    @pytest.mark.parametrize(
        ("query", "side_px"), [("", 1024), ("dpr=3", 1024), ("size=64", 64), ("size=64&dpr=2", 128)]
    )
    def test_a_picture_keeps_its_size(self, query, side_px):
        """Unless one is asked for, it is only kept within the largest there is, whatever the browser's pixels."""
        question = parse_logo_query(f"url=https://a.test/x.png&{query}", Hints(), INVERT)
        assert question.spec == boxed(side_px, page=NIGHT, scheme="dark")
        assert dict(question.headers) == {"Vary": "Accept"}

    def test_a_signature_is_over_what_was_sent(self):
        """The pairs are those of the client, names included."""
        question = parse_logo_query("src=https://a.test/x.png&sig=abc&size=64", Hints(), INVERT)
        assert question.pairs == (("src", "https://a.test/x.png"), ("sig", "abc"), ("size", "64"))
        assert question.is_signed
        assert not ask(shape=INVERT).is_signed


@given(st.integers(16, 1024), st.decimals(1, 4, places=2))
def test_sides_and_size_agree(size_px, dpr):
    """What is looked for is as large as what is drawn, half up, and never beyond 4096."""
    question = ask(f"size={size_px}&dpr={dpr:f}")
    assert question.size_px == question.spec.width == question.spec.height <= 4096
    assert abs(question.size_px - size_px * dpr) <= Decimal("0.5")


_NAMES = sorted({name for shape in SHAPES.values() for name in shape.by_name})
_PAIRS = st.tuples(st.sampled_from(_NAMES), st.text(max_size=20) | st.sampled_from(["64", "1", "dark", "auto", "png"]))


@given(st.sampled_from(list(SHAPES.values())), st.lists(_PAIRS, max_size=6), st.text(max_size=30))
def test_total(shape, pairs, header):
    """Whatever is asked, on whichever route, it is a question with finished headers, or a mistake that is told."""
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in pairs)
    try:
        question = parse_logo_query(query, Hints(header, header, header, colour_scheme=header), shape)
    except ImgsvcError:
        return
    assert [bool(question.website), bool(question.company), question.source is not None].count(True) == 1
    assert 16 <= question.size_px <= 4096
    assert question.spec == question.spec.normalised()
    assert all(value.isascii() and value.isprintable() for _, value in question.headers)
