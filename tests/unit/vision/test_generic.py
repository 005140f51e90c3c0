"""Generic icons are recognised whatever was done to them; real logos are not taken for one."""

import io
import json
import re
from functools import lru_cache
from pathlib import Path

import pytest
import pyvips
from PIL import Image as Pillow

from imgsvc.vision import generic
from imgsvc.vision.generic import Match, Reason, is_blank, is_upscaled, match
from imgsvc.vision.pixels import Pixels

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent / "logos"
ICONS = json.loads((DATA / "generic.json").read_text())
LOGOS = json.loads((DATA / "logos.json").read_text())
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="currentColor"><path d="{}"/></svg>'
TILE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">{}</svg>'
DISC = TILE.format('<circle cx="20" cy="20" r="20" fill="#20a060"/>')
WHITE, DARK, RED = [255, 255, 255], [11, 15, 25], [200, 40, 60]


@lru_cache(None)
def render(svg, side_px, colour="#36c"):
    root = re.search(r"<svg[^>]*>", svg)[0]
    filled = (
        svg if re.search(r"\sfill=", root) else svg.replace(root, root.replace("<svg", '<svg fill="currentColor"'), 1)
    )
    data = filled.replace("currentColor", colour).encode()
    image = pyvips.Image.svgload_buffer(data)
    return pyvips.Image.svgload_buffer(data, scale=side_px / max(image.width, image.height)).copy_memory()


def decoded(data):
    return pyvips.Image.new_from_buffer(data, "")


def resized(image, side_px):
    return pyvips.Image.thumbnail_buffer(image.pngsave_buffer(), side_px, size="both")


def as_ico(image):
    """Write and read back as ICO by Pillow."""
    file = io.BytesIO()
    size = (image.width, image.height)
    Pillow.frombytes("RGBA", size, image.write_to_memory()).save(file, "ICO", sizes=[size])
    with Pillow.open(file) as icon:
        rgba = icon.convert("RGBA")
    return pyvips.Image.new_from_memory(rgba.tobytes(), *rgba.size, 4, "uchar").copy(interpretation="srgb")


CHANGES = {
    "colour": render,
    "grey": lambda svg, px: render(svg, px, "#9aa0a6"),
    "on white": lambda svg, px: render(svg, px).flatten(background=WHITE),
    "on dark": lambda svg, px: render(svg, px, "#fff").flatten(background=DARK),
    "on a tile": lambda svg, px: (
        render(svg, px, "#fff").gravity("centre", px * 3 // 2, px * 3 // 2).flatten(background=RED)
    ),
    "shrunk": lambda svg, px: resized(render(svg, px), 16),
    "enlarged": lambda svg, px: resized(render(svg, px), 128),
    "png": lambda svg, px: decoded(render(svg, px).pngsave_buffer(palette=True)),
    "webp": lambda svg, px: decoded(render(svg, px).webpsave_buffer(Q=60)),
    "webp on white": lambda svg, px: decoded(render(svg, px).flatten(background=WHITE).webpsave_buffer(Q=60)),
    "jpeg": lambda svg, px: decoded(render(svg, px).flatten(background=WHITE).jpegsave_buffer(Q=70)),
    "ico": lambda svg, px: as_ico(render(svg, px)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_reference_is_recognised(change):
    """Each icon is found at 16 px and a larger size after a change of size, format, colour or background."""
    missed = [
        (name, side_px)
        for at, (name, svg) in enumerate(ICONS)
        for side_px in (16, (20, 32, 64, 128)[at % 4])
        if match(Pixels.of(CHANGES[change](svg, side_px))) is None
    ]
    assert not missed


def drawing(lines, width):
    """Draw lines of a width on a ground of 64 px."""
    style = f'fill="none" stroke="currentColor" stroke-width="{width}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><g {style}>{lines}</g></svg>'


def meridians(*radii):
    return "".join(f'<ellipse cx="32" cy="32" rx="{radius}" ry="28"/>' for radius in radii)


def rings(*radii):
    return "".join(f'<circle cx="32" cy="32" r="{radius}"/>' for radius in radii)


GLOBES = {
    "meridians and an axis": rings(28) + meridians(9, 19) + '<path d="M4 32H60M32 4V60"/>',
    "a net": rings(28) + meridians(10, 20) + '<path d="M4 32H60M8 19H56M8 45H56"/>',
    "rings and meridians": rings(28, 18, 9) + '<path d="M32 4V60M4 32H60M12 12L52 52M52 12L12 52"/>',
    "rings and a cross": rings(28, 19, 10) + '<path d="M32 4V60M4 32H60"/>',
}


@pytest.mark.parametrize("width", [2, 3, 4])
@pytest.mark.parametrize("globe", GLOBES)
def test_globes_that_are_no_reference(globe, width):
    """A globe that is drawn as a service may draw one, with other lines than any reference, is found at any size."""
    svg = drawing(GLOBES[globe], width)
    pictures = {side_px: render(svg, side_px, "#5f6368") for side_px in (16, 32, 48, 128)}

    assert not [side_px for side_px, picture in pictures.items() if match(Pixels.of(picture)) is None]
    assert match(Pixels.of(render(svg, 32, "#fff").flatten(background=RED)))


PLAIN = {
    "a target": rings(26, 13), "a wheel": rings(26, 22), "a clock": rings(28) + '<path d="M32 14V32L44 40"/>',
    "a plus": rings(28) + '<path d="M32 18V46M18 32H46"/>',
    "a ball": rings(28) + '<path d="M12 12C26 26 26 38 12 52M52 12C38 26 38 38 52 52"/>',
}  # fmt: skip


@pytest.mark.parametrize("shape", PLAIN)
def test_round_things_are_no_globes(shape):
    """Rings, clocks and balls are not taken for one at any size."""
    svg = drawing(PLAIN[shape], 4)
    assert not [side_px for side_px in (16, 32, 64, 128) if match(Pixels.of(render(svg, side_px)))]


def test_real_logos_are_not_taken_for_generic():
    """Of 200 logos, in colour and as JPEG, or white on dark and on a disc, none is taken for a generic icon."""
    wrong = []
    for at, (name, path) in enumerate(LOGOS):
        side_px = (16, 32, 64, 128)[at % 4]
        logo, white = render(LOGO.format(path), side_px), render(LOGO.format(path), side_px, "#fff")
        disc = render(DISC, side_px * 5 // 3)
        on_white = logo.flatten(background=WHITE)
        pictures = (
            logo,
            white.flatten(background=DARK),
            decoded(on_white.jpegsave_buffer(Q=70)),
            disc.composite(white, "over", x=side_px // 3, y=side_px // 3),
        )
        chosen = pictures[at // 4 % 2 :: 2]
        wrong += [(name, found) for picture in chosen if (found := match(Pixels.of(picture)))]
    assert len(LOGOS) == 200
    assert not wrong


def test_the_globe_on_a_disc_is_found():
    """A white globe on a coloured disc is found, on transparency and flattened onto white."""
    globe = next(svg for name, svg in ICONS if name == "lucide icons/globe")
    picture = render(DISC, 160).composite(render(globe, 96, "#fff"), "over", x=32, y=32)
    for shown in (picture, picture.flatten(background=WHITE)):
        assert match(Pixels.of(shown))


def test_the_reason_is_told(monkeypatch):
    """The very pixels match by digest; others by hash, with what was measured."""
    globe = Pixels.of(render(next(svg for name, svg in ICONS if name == "feather icons/globe"), 64))
    found = match(globe)
    assert found.reason is Reason.HASH
    assert 0.91 <= found.similarity <= 1
    assert found.distance <= 8
    shipped = json.loads(Path(generic.__file__).with_name("references").joinpath("generic.json").read_text())
    feather = next(reference for reference in shipped if reference["name"] == "feather icons/globe")
    monkeypatch.setattr(generic.fingerprint, "digest", lambda _: feather["digests"][0])
    assert match(globe) == Match(feather["name"], Reason.DIGEST, similarity=1.0, distance=0)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (pyvips.Image.black(40, 40, bands=4).copy(interpretation="srgb"), True),
        (render(DISC, 40).flatten(background=RED).crop(18, 18, 4, 4), True),
        (
            decoded((pyvips.Image.black(40, 40) + RED).cast("uchar").copy(interpretation="srgb").jpegsave_buffer(Q=60)),
            True,
        ),
        (pyvips.Image.black(1, 1).copy(interpretation="b-w"), True),
        (render(DISC, 40), False),
        (render(DISC, 40).flatten(background=WHITE), False),
    ],
)
def test_blank_is_told(picture, expected):
    """Transparent and one-coloured pictures are blank; a silhouette in one colour is not."""
    assert is_blank(Pixels.of(picture)) is expected


@pytest.mark.parametrize("kernel", ["nearest", "linear", "cubic", "lanczos3"])
@pytest.mark.parametrize("side_px", [96, 128, 180])
def test_a_small_icon_blown_up_is_told(kernel, side_px):
    """Sixteen pixels enlarged six-fold or more are found out, however it was done."""
    missed = []
    for name, path in LOGOS[::20]:
        small = render(LOGO.format(path), 16).premultiply()
        large = small.resize(side_px / 16, kernel=kernel).unpremultiply().cast("uchar").copy(interpretation="srgb")
        missed += [] if is_upscaled(Pixels.of(large)) else [name]
    assert not missed


@pytest.mark.parametrize("side_px", [48, 64, 128, 256])
def test_real_logos_are_neither_blank_nor_blown_up(side_px):
    """A logo drawn at its size is taken as it is, also as JPEG on white."""
    for name, path in LOGOS[::8]:
        logo = render(LOGO.format(path), side_px)
        for picture in (logo, decoded(logo.flatten(background=WHITE).jpegsave_buffer(Q=70))):
            pixels = Pixels.of(picture)
            assert not is_blank(pixels), name
            assert not is_upscaled(pixels), name


def test_a_flag_is_not_blown_up():
    """Few straight edges far apart are a design, not blocks."""
    flag = TILE.format('<path fill="#c00" d="M0 0H14V40H0Z"/><path fill="#00c" d="M26 0H40V40H26Z"/>')
    assert not is_upscaled(Pixels.of(render(flag, 128).flatten(background=WHITE)))
