"""What ``imgsvc get`` is asked for."""

import click
import pytest

from imgsvc.commands.get import FITS, FORMATS, MAX_SIDE_PX, get
from imgsvc.commands.get_wish import GetWish
from imgsvc.model import spec
from imgsvc.model.spec import Fit, Output
from imgsvc.web.layout import Hints
from imgsvc.web.params import parse_image_query
from imgsvc.web.values import OUTPUTS


def question(url: str = "https://a.test/x y.png", **wish):
    return parse_image_query(GetWish(url=url, **wish).query(), Hints(accept="*/*"))


def test_the_route_understands_it():
    """All options and further parameters come out as they went in."""
    asked = question(width=40, height=30, fit="cover", quality=50, output="x.webp", params=("g=north", "greyscale="))

    assert asked.source.url == "https://a.test/x%20y.png"
    assert (asked.spec.width, asked.spec.height, asked.spec.fit, asked.spec.quality) == (40, 30, Fit.COVER, 50)
    assert (asked.spec.output, asked.spec.gravity.value, asked.spec.greyscale) == (Output.WEBP, "north", True)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("a.test/x.png", "https://a.test/x.png"),
        ("a.test:81/x.png?a=b", "https://a.test:81/x.png?a=b"),
        ("http://a.test", "http://a.test/"),
        ("s3://images/image/a.png", "s3://images/image/a.png"),
        ("store:images/image/a.png", "s3://images/image/a.png"),
    ],
)
def test_the_source(url, source):
    """Without a scheme it is https; keys of the store stay."""
    assert question(url).source.url == source


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "auto"),
        ({"output": "-"}, "auto"),
        ({"json": True}, "auto"),
        ({"output": "a.JPEG"}, "jpg"),
        ({"output": "a.webp", "format": "png"}, "png"),
        ({"output": "a", "format": "original"}, "original"),
        ({"output": "a.txt", "params": ("output=json",)}, None),
        ({"output": "a.txt", "params": ("placeholder=color",)}, None),
    ],
)
def test_the_format(given, name):
    """It is named, or by a parameter, or the file's; else the source's own."""
    assert GetWish(url="a.test", **given).format_name == name


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"output": "x.txt"}, "--format"),
        ({"output": "x"}, "--format"),
        ({"json": True, "output": "-"}, "--json"),
        ({"params": ("blur",)}, "NAME=VALUE"),
        ({"params": ("blurr=2",)}, "no such parameter"),
        ({"params": ("sig=x",)}, "running service"),
        ({"params": ("src=x",)}, "running service"),
        ({"params": ("refresh=1",)}, "running service"),
    ],
)
def test_what_does_not_go_together(given, said):
    """It is a mistake in the command line, found before anything is opened."""
    with pytest.raises(click.UsageError, match=said):
        GetWish(url="a.test", **given).check(is_terminal=False)


@pytest.mark.parametrize(
    ("given", "is_terminal", "refused"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"output": "-"}, True, False),
        ({"output": "x.png"}, True, False),
        ({"json": True}, True, False),
        ({"format": "json"}, True, False),
    ],
)
def test_a_terminal_gets_no_picture_unless_it_is_meant(given, is_terminal, refused):
    """Bytes of a picture would garble it; -o - says that they are meant."""
    wish = GetWish(url="a.test", **given)
    if refused:
        with pytest.raises(click.UsageError, match="-o -"):
            wish.check(is_terminal=is_terminal)
    else:
        wish.check(is_terminal=is_terminal)


def test_options_are_those_of_the_routes_parameters():
    """What the command line offers the route's parser takes, all of it."""
    assert (MAX_SIDE_PX, set(FITS)) == (spec.MAX_SIDE_PX, set(Fit))
    assert set(FORMATS) == set(OUTPUTS) - {"jpeg"}
    assert {p.name for p in get.params} == set(GetWish.__struct_fields__)
