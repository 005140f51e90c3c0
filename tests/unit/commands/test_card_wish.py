"""What ``imgsvc card`` is asked for."""

from pathlib import Path

import click
import pytest

from imgsvc.commands.card import CARD_FORMATS, KINDS, card
from imgsvc.commands.card_wish import CardWish
from imgsvc.model.card import CARD_HEIGHT_PX, CARD_WIDTH_PX, CardKind
from imgsvc.model.spec import Output
from imgsvc.web.opengraph.share_params import parse_share_query


def question(url: str = "https://a.test/p", **wish):
    return parse_share_query(CardWish(url=url, **wish).query(), "")


def test_the_route_understands_it():
    """Kind, words, sides and format come out as they went in."""
    asked = question(kind="person", title="Ada & Co", subtitle="x=y", width=600, output="a.webp")

    assert (asked.kind, asked.title, asked.subtitle) == (CardKind.PERSON, "Ada & Co", "x=y")
    assert (asked.spec.output, asked.spec.width, asked.spec.height) == (Output.WEBP, 600, None)
    assert asked.source.url == "https://a.test/p"


@pytest.mark.parametrize(("url", "read"), [("a.test", "https://a.test/"), ("http://a.test:81/x", "http://a.test:81/x")])
def test_an_address_without_a_scheme_is_https(url, read):
    """People type hosts."""
    assert question(url).source.url == read


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "png"),
        ({"output": "-"}, "png"),
        ({"output": "a.JPEG"}, "jpg"),
        ({"output": "a", "format": "avif"}, "avif"),
    ],
)
def test_the_extension_says_the_format(given, name):
    """A format that is named goes before it; without both it is PNG."""
    assert CardWish(url="a.test", **given).format_name == name


@pytest.mark.parametrize("output", ["a.gif", "a.svg", "a"])
def test_other_extensions_are_refused(output):
    """A card is pixels, and still."""
    with pytest.raises(click.UsageError, match=r"\.png"):
        CardWish(url="a.test", output=output).check()


def test_where_it_goes():
    """To the file that was named, to standard output, or to one that is named after the host."""
    assert CardWish(url="a.test", output="x/y.png").path("a.test") == Path("x/y.png")
    assert CardWish(url="a.test", output="-").path("a.test") is None
    assert CardWish(url="a.test").path("a.test") == Path("a.test-card.png")
    assert CardWish(url="a.test", format="jpg").path("[::1]") == Path("1-card.jpg")


def test_the_options_are_those_of_the_service():
    """Kinds and largest sides are the ones that cards have, and every format can be asked for."""
    options = {option.name: option.type for option in card.params}

    assert set(CardKind) == set(KINDS)
    assert (options["width"].max, options["height"].max) == (CARD_WIDTH_PX, CARD_HEIGHT_PX)
    assert {question(format=name).spec.output.value for name in CARD_FORMATS} == set(CARD_FORMATS)


def test_facts_have_standard_output_for_themselves():
    """With --json the card goes to a file or nowhere."""
    with pytest.raises(click.UsageError, match="--json"):
        CardWish(url="a.test", output="-", json=True).check()
