"""Icons of frameworks' templates are recognised after changes of size and format, and nothing else is taken for one."""

import json
from base64 import b64decode
from itertools import combinations
from pathlib import Path

import pytest
import pyvips

from imgsvc.vision import templates as subject
from imgsvc.vision.generic import Reason, match
from imgsvc.vision.pixels import Pixels
from imgsvc.vision.templates import MAX_DIFFERENCE, Template, difference, look, recognise, templates

SEEN = json.loads((Path(__file__).parent / "logos" / "templates.json").read_text())
WHITE = [255, 255, 255]
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 56"><linearGradient id="g"><stop stop-color="#41d1ff"/>'
    '<stop offset="1" stop-color="#bd34fe"/></linearGradient><path fill="url(#g)" d="M2 4L62 8L34 54Z"/>'
    '<path fill="{}" d="M30 2L44 6L32 40L26 24Z"/></svg>'
)


def drawn(side_px, colour="#fb2"):
    image = pyvips.Image.svgload_buffer(ICON.format(colour).encode(), scale=side_px / 64)
    return image.copy_memory()


def at(image, side_px):
    return pyvips.Image.thumbnail_buffer(image.pngsave_buffer(), side_px, size="both").copy_memory()


def decoded(data):
    return pyvips.Image.new_from_buffer(data, "").copy_memory()


CHANGES = {
    "none": lambda image: image,
    "white": lambda image: image.flatten(background=WHITE),
    "square": lambda image: image.gravity("centre", image.width, image.width),
    "jpeg": lambda image: decoded(image.flatten(background=WHITE).jpegsave_buffer(Q=70)),
    "webp": lambda image: decoded(image.webpsave_buffer(Q=60)),
    "palette": lambda image: decoded(image.pngsave_buffer(palette=True)),
}
OTHERS = {
    "recoloured": drawn(64, "#0a0"),
    "mirrored": drawn(64).fliphor(),
    "upside down": drawn(64).flipver(),
    "in grey": drawn(64)[:3].colourspace("b-w").colourspace("srgb").bandjoin(drawn(64)[3]),
    "one half": drawn(64).crop(0, 0, 32, 56),
    "white": pyvips.Image.black(64, 64, bands=3).invert().copy(interpretation="srgb"),
    "black": pyvips.Image.black(64, 64, bands=3).copy(interpretation="srgb"),
}


@pytest.fixture
def known(monkeypatch):
    """Have a drawing of our own known as a template's icon."""
    pictures = (drawn(128), CHANGES["jpeg"](at(drawn(128), 16)))
    mine = Template("drawn", ["drawn.test"], [look(Pixels.of(picture)) for picture in pictures])
    monkeypatch.setattr(subject, "templates", lambda: [mine])


@pytest.mark.parametrize("side_px", [16, 20, 32, 48, 128])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.usefixtures("known")
def test_a_drawing_is_recognised(change, side_px):
    """Resized, written in another format, on white and in a square an icon is still found."""
    found = match(Pixels.of(CHANGES[change](at(drawn(128), side_px))))
    assert (found.name, found.reason) == ("drawn", Reason.PIXELS)
    assert found.similarity >= 1 - MAX_DIFFERENCE / 255


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.usefixtures("known")
def test_only_the_very_picture_counts(other):
    """An icon in other colours, turned, or in part is somebody else's."""
    assert match(Pixels.of(OTHERS[other].copy_memory())) is None


@pytest.mark.usefixtures("known")
def test_whose_it_is():
    """On its owner's hosts an icon is a logo; on those that only look like them it is not."""
    pixels = Pixels.of(drawn(64))
    hosts = ("drawn.test", "www.drawn.test", "undrawn.test", "drawn.test.evil.test", "")
    assert [match(pixels, host) is None for host in hosts] == [True, True, False, False, False]


def test_every_icon_is_recognised():
    """What the service sees of each shipped icon at eight sizes and in six forms is taken for one of that package."""
    assert [name for name, _ in SEEN] == [template.name for template in templates()]
    wrong = [
        (name, found)
        for name, looks in SEEN
        for seen in looks
        if (found := recognise(b64decode(seen), "")) is None or found[0].split()[0] != name.split()[0]
    ]
    assert not wrong


def test_icons_are_told_from_each_other():
    """No framework's icon is another's, so that each owner's list is about its own."""
    pairs = [(one, other) for one, other in combinations(templates(), 2) if one.owners != other.owners]
    assert pairs
    for one, other in pairs:
        assert min(difference(a, b) for a in one.looks for b in other.looks) > MAX_DIFFERENCE, (one.name, other.name)


def test_owners_get_their_own():
    """For each shipped icon there is an owner for whom it is none."""
    for template in templates():
        assert template.owners
        for owner in template.owners:
            found = recognise(template.looks[0], owner)
            assert found is None, (template.name, owner)
