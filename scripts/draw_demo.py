"""Draw the sample pictures of ``imgsvc/demo/pictures``; deterministic, made of arithmetic, owned by this project."""

import math
from io import BytesIO
from pathlib import Path

import pyvips
from PIL import Image as Pillow

from imgsvc.demo import PICTURES

WIDTH_PX, HEIGHT_PX = 2000, 1250
SKY_TOP, SKY_LOW = (24, 40, 92), (255, 178, 120)
NEAR, FAR = (14, 24, 38), (190, 120, 130)
LAYERS = 6

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="640" height="240" viewBox="0 0 640 240">
<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1">
<stop offset="0" stop-color="#ef476f"/><stop offset="1" stop-color="#ff9f1c"/></linearGradient></defs>
<rect x="24" y="24" width="192" height="192" rx="44" fill="url(#g)"/>
<path d="M52 176 L104 108 L136 148 L160 120 L190 176 Z" fill="#fff"/><circle cx="158" cy="80" r="18" fill="#fff"/>
<g fill="none" stroke="#33415c" stroke-width="20" stroke-linecap="round" stroke-linejoin="round">
<path d="M262 96 V164"/><path d="M300 164 V96 M300 118 q24-36 46 0 V164 M346 118 q24-36 46 0 V164"/>
<circle cx="456" cy="130" r="32"/><path d="M488 96 V172 q-4 36 -58 24"/></g>
<circle cx="262" cy="64" r="13" fill="#ef476f"/><circle cx="532" cy="152" r="13" fill="#ef476f"/></svg>
"""


def mix(low: tuple[int, ...], high: tuple[int, ...], share: pyvips.Image | float) -> pyvips.Image:
    """Blend two colours; *share* of the second, 0-1."""
    return [(b - a) * share + a for a, b in zip(low, high, strict=True)]


def landscape() -> pyvips.Image:
    """Ridges behind ridges at dusk, with a little grain, as a camera would have it."""
    xy = pyvips.Image.xyz(WIDTH_PX, HEIGHT_PX)
    x, y = xy[0] / WIDTH_PX, xy[1] / HEIGHT_PX
    distance = ((x - 0.68) ** 2 * (WIDTH_PX / HEIGHT_PX) ** 2 + (y - 0.46) ** 2) ** 0.5
    sky = mix(SKY_TOP, SKY_LOW, (y * 100).math("sin"))
    picture = sky[0].bandjoin(sky[1:])
    glow = (distance * -5).exp()
    picture = picture + glow.bandjoin([glow * 0.8, glow * 0.4]) * 110
    picture = (distance < 0.055).ifthenelse([255, 244, 214], picture)
    for layer in range(LAYERS):
        picture = (y > ridge(x, layer)).ifthenelse(haze(y, layer), picture)
    grain = pyvips.Image.gaussnoise(WIDTH_PX, HEIGHT_PX, sigma=2.5, mean=0, seed=7)
    return (picture + grain).cast("uchar").copy(interpretation="srgb")


def ridge(x: pyvips.Image, layer: int) -> pyvips.Image:
    """Give the height of a ridge along *x*, 0 at the top of the picture."""
    height = 0.5 + 0.085 * layer
    for octave in range(1, 7):
        frequency, phase = 2.1**octave * (1 + 0.13 * layer), layer * 2.7 + octave * 1.9
        height = height + ((x * frequency + phase) * (180 / math.pi)).math("sin") * (0.075 / 1.75**octave)
    return height


def haze(y: pyvips.Image, layer: int) -> pyvips.Image:
    """Give a ridge's colour: the farther, the more of the sky is in it, most of all at its foot."""
    share = (LAYERS - 1 - layer) / (LAYERS - 1)
    bands = mix(NEAR, FAR, (y - 0.4) * 0.5 * share + share * 0.75)
    return bands[0].bandjoin(bands[1:])


def waves() -> bytes:
    """Sixteen frames of two waves that run through each other."""
    frames = []
    for frame in range(16):
        xy = pyvips.Image.xyz(400, 225)
        turn = frame / 16 * 360
        value = ((xy[0] * 1.5 + turn).math("sin") + (xy[1] * 2 + xy[0] * 0.75 - turn).math("sin")) / 4 + 0.5
        bands = mix((17, 75, 95), (255, 209, 102), value)
        frames.append(bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb"))
    film = pyvips.Image.arrayjoin(frames, across=1).copy()
    film.set_type(pyvips.GValue.gint_type, "page-height", 225)
    film.set_type(pyvips.GValue.array_int_type, "delay", [70] * 16)
    film.set_type(pyvips.GValue.gint_type, "loop", 0)
    return bytes(film.gifsave_buffer(effort=7, dither=0, bitdepth=5))


def icon(logo: pyvips.Image) -> bytes:
    """Pack the logo's mark in three sizes into one icon file."""
    mark = logo.crop(48, 48, 384, 384).pngsave_buffer()
    target = BytesIO()
    Pillow.open(BytesIO(mark)).save(target, "ICO", sizes=[(16, 16), (32, 32), (128, 128)])
    return target.getvalue()


def draw(folder: Path) -> None:
    """Write all pictures into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    logo = pyvips.Image.svgload_buffer(LOGO.encode(), scale=2)
    files = {
        "landscape.jpg": landscape().jpegsave_buffer(Q=86, optimize_coding=True, keep="none"),
        "logo.svg": LOGO.encode(),
        "logo.png": logo.pngsave_buffer(keep="none"),
        "waves.gif": waves(),
        "favicon.ico": icon(logo),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    draw(PICTURES)
