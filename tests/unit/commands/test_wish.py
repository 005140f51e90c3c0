"""What ``imgsvc logo`` is asked for."""

import click
import pytest

from imgsvc.commands.logo import FORMATS, logo
from imgsvc.commands.warm import warm
from imgsvc.commands.wish import LogoWish
from imgsvc.model.look import Theme
from imgsvc.model.spec import MAX_SIDE_PX, Output
from imgsvc.services.logos.answers import Fallback
from imgsvc.web.layout import Hints
from imgsvc.web.logos.parameters import LEAST_SIZE_PX, LOGO, MOST_SIZE_PX, NONE
from imgsvc.web.logos.params import parse_logo_query


def question(**wish):
    return parse_logo_query(LogoWish(subject="a.test", **wish).query(), Hints(), LOGO)


def test_the_route_understands_it():
    """Size, format, theme, page, fallback and whose logo come out as they went in."""
    asked = question(size=40, theme="dark", bg="#123456", output="x.webp", fallback="monogram")

    assert (asked.website, asked.size_px, asked.theme, asked.fallback) == ("a.test", 40, Theme.DARK, Fallback.MONOGRAM)
    assert (asked.spec.output, asked.spec.width, str(asked.spec.page)) == (Output.WEBP, 40, "123456")
    assert question(company=True).company == "a.test"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "png"),
        ({"output": "-"}, "png"),
        ({"output": "a.JPEG"}, "jpg"),
        ({"output": "a.b/c.avif"}, "avif"),
        ({"output": "a.webp", "format": "png"}, "png"),
        ({"output": "a", "format": "svg"}, "svg"),
    ],
)
def test_the_extension_says_the_format(given, name):
    """A format that is named goes before it; without both it is PNG."""
    assert LogoWish(subject="a.test", **given).format_name == name


def test_a_drawing_is_asked_for_as_it_lies_in_the_store():
    """SVG is neither resized nor drawn anew, so its bytes are the answer."""
    assert question(output="x.svg", size=99).spec.is_identity


@pytest.mark.parametrize(
    "given",
    [
        {"output": "x.gif"},
        {"output": "x"},
        {"output": "x.svg", "theme": "dark"},
        {"format": "svg", "bg": "red"},
        {"json": True, "explain": True},
        {"json": True, "output": "-"},
        {"explain": True, "output": "-"},
    ],
)
def test_what_does_not_go_together(given):
    """It is a mistake in the command line, found before anything is opened."""
    with pytest.raises(click.UsageError):
        LogoWish(subject="a.test", **given).check()


def test_an_explanation_alone_writes_no_file():
    """A file is written unless the search alone is asked for; with a file named both are."""
    assert not LogoWish(subject="a", explain=True, output=None).draws
    assert LogoWish(subject="a", json=True, output="x.png").draws
    assert LogoWish(subject="a").draws


@pytest.mark.parametrize(
    ("subject", "domain", "name"),
    [
        ("https://A.test/x", "a.test", "a.test.png"),
        ("../../etc/Ä & Co", "", "etc-Ä-Co.png"),
        ("...", "", "logo.png"),
    ],
)
def test_the_files_name_without_one(subject, domain, name):
    """It is the domain's, else made from the company's; never a path."""
    assert LogoWish(subject=subject).path(domain).parts == (name,)


def bounds(command: click.Command, name: str) -> tuple[int, int]:
    return next((p.type.min, p.type.max) for p in command.params if p.name == name)


def test_options_have_the_bounds_of_the_routes_parameters():
    """What the command line lets pass the route's parser does as well."""
    assert bounds(logo, "size") == bounds(warm, "sizes") == (LEAST_SIZE_PX, MOST_SIZE_PX)
    assert bounds(warm, "widths") == (1, MAX_SIDE_PX)
    choices = {
        (c.name, p.name): tuple(p.type.choices) for c in (logo, warm) for p in c.params if hasattr(p.type, "choices")
    }
    assert set(choices["logo", "theme"]) == set(Theme)
    assert set(choices["warm", "themes"]) == {*Theme, NONE}
    assert set(choices["logo", "fallback"]) <= set(Fallback)
    assert set(choices["warm", "formats"]) | set(FORMATS) - {"svg"} <= {"auto", *Output}
