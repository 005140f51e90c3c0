"""
What ``bench.estimate`` measures: sources, and what is asked of them.

Sources are drawn anew each time: noise, ramps and waves, so that encoders have work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyvips

from imgsvc.model.colours import Colour
from imgsvc.model.look import Theme
from imgsvc.model.spec import Fit, Gravity, Output, Placeholder, TransformSpec
from tests.support.process import ROOT

CORPUS = ROOT.parent / "shared" / "corpus"
SIDES_PX = {0: (60, 40), 0.3: (670, 448), 2.3: (1856, 1240), 12: (4240, 2832), 24: (6000, 4000), 48: (8480, 5660)}
"""Sides of the sources, by their megapixels; 0 is the one that warms up."""


def photo(width: int, height: int, *, alpha: bool = False) -> Any:
    """Draw what is as hard to compress as a photograph."""
    noise = pyvips.Image.gaussnoise(width, height, sigma=10, mean=40, seed=3)
    ramps = pyvips.Image.xyz(width, height)
    x, y = ramps[0] * (160 / width), ramps[1] * (160 / height)
    waves = pyvips.Image.sines(width, height, hfreq=9, vfreq=7) * 30
    bands = [x + noise + waves, y + noise, (x + y) / 2 + noise + waves]
    bands += [(x + y) * 0.8] if alpha else []
    return bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")


def letters(width: int, height: int) -> Any:
    """Draw a dark logo of few colours."""
    alpha = (pyvips.Image.sines(width, height, hfreq=9, vfreq=5) * 400 + 100).cast("uchar")
    ink = alpha.new_from_image([20, 20, 40])
    return ink.bandjoin(alpha).cast("uchar").copy(interpretation="srgb")


def deep(width: int, height: int) -> Any:
    """Draw with 16 bits a channel."""
    return (photo(width, height).cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")


def oriented(image: Any) -> Any:
    """Say that a picture is to be turned by a quarter."""
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    return image


def framed(width: int, height: int) -> Any:
    """Draw a picture inside a white border."""
    white = (pyvips.Image.black(width, height, bands=3) + 255).cast("uchar").copy(interpretation="srgb")
    return white.insert(photo(width * 8 // 10, height * 8 // 10), width // 10, height // 10)


def film(width: int, height: int, count: int, *, alpha: bool = False) -> Any:
    """Draw frames that move."""
    still = photo(width, height, alpha=alpha)
    roll = pyvips.Image.arrayjoin([still.wrap(x=17 * n, y=5 * n) for n in range(count)], across=1).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", height)
    roll.set_type(pyvips.GValue.array_int_type, "delay", [80] * count)
    return roll


def pillow(image: Any, kind: str, **options: Any) -> bytes:
    """Write what libvips does not."""
    from PIL import Image

    buffer = BytesIO()
    mode = {3: "RGB", 4: "RGBA"}[image.bands]
    Image.frombytes(mode, (image.width, image.height), image.write_to_memory()).save(buffer, kind, **options)
    return buffer.getvalue()


def icon(width: int, height: int) -> bytes:
    side = min(width, height, 256)
    return pillow(photo(side, side, alpha=True), "ICO", sizes=[(side, side)])


def vector(width: int, height: int) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"/>'.encode()


JPEG, JPEG_444, PNG, WEBP, AVIF = (
    {"Q": 85},
    {"Q": 90, "subsample_mode": "off"},
    {"compression": 1},
    {"effort": 0, "Q": 80},
    {"compression": "av1", "effort": 0, "Q": 60},
)
RECIPES: dict[str, Callable[[int, int], bytes]] = {
    "jpeg": lambda w, h: photo(w, h).jpegsave_buffer(**JPEG),
    "jpeg-444": lambda w, h: photo(w, h).jpegsave_buffer(**JPEG_444),
    "jpeg-grey": lambda w, h: photo(w, h).colourspace("b-w").jpegsave_buffer(**JPEG),
    "jpeg-cmyk": lambda w, h: photo(w, h).icc_transform("cmyk").jpegsave_buffer(**JPEG, profile="cmyk"),
    "jpeg-turned": lambda w, h: oriented(photo(w, h)).jpegsave_buffer(**JPEG, keep="exif"),
    "jpeg-framed": lambda w, h: framed(w, h).jpegsave_buffer(**JPEG),
    "jpeg-turned-framed": lambda w, h: oriented(framed(w, h)).jpegsave_buffer(**JPEG, keep="exif"),
    "progressive": lambda w, h: photo(w, h).jpegsave_buffer(**JPEG, interlace=True),
    "progressive-444": lambda w, h: photo(w, h).jpegsave_buffer(**JPEG_444, interlace=True),
    "png": lambda w, h: photo(w, h).pngsave_buffer(**PNG),
    "png-alpha": lambda w, h: photo(w, h, alpha=True).pngsave_buffer(**PNG),
    "png-letters": lambda w, h: letters(w, h).pngsave_buffer(**PNG),
    "png-palette": lambda w, h: photo(w, h).pngsave_buffer(**PNG, palette=True, effort=1),
    "png-interlaced": lambda w, h: photo(w, h).pngsave_buffer(**PNG, interlace=True),
    "png-alpha-interlaced": lambda w, h: photo(w, h, alpha=True).pngsave_buffer(**PNG, interlace=True),
    "png-16": lambda w, h: deep(w, h).pngsave_buffer(**PNG, bitdepth=16),
    "webp": lambda w, h: photo(w, h).webpsave_buffer(**WEBP),
    "webp-alpha": lambda w, h: photo(w, h, alpha=True).webpsave_buffer(**WEBP),
    "webp-lossless": lambda w, h: photo(w, h).webpsave_buffer(effort=0, lossless=True),
    "webp-12": lambda w, h: film(w, h, 12).webpsave_buffer(**WEBP),
    "webp-12-alpha": lambda w, h: film(w, h, 12, alpha=True).webpsave_buffer(**WEBP),
    "gif": lambda w, h: photo(w, h).gifsave_buffer(effort=1),
    "gif-4": lambda w, h: film(w, h, 4).gifsave_buffer(effort=1),
    "gif-12": lambda w, h: film(w, h, 12).gifsave_buffer(effort=1),
    "avif": lambda w, h: photo(w, h).heifsave_buffer(**AVIF, bitdepth=8),
    "avif-alpha": lambda w, h: photo(w, h, alpha=True).heifsave_buffer(**AVIF, bitdepth=8),
    "avif-10": lambda w, h: deep(w, h).heifsave_buffer(**AVIF, bitdepth=10),
    "tiff": lambda w, h: photo(w, h).tiffsave_buffer(compression="deflate"),
    "tiff-tiled": lambda w, h: photo(w, h).tiffsave_buffer(tile=True),
    "bmp": lambda w, h: pillow(photo(w, h), "BMP"),
    "ico": icon,
    "svg": vector,
}
"""How each kind of source is drawn; what is no recipe is a file of the shared corpus."""


def is_there(source: str) -> bool:
    """Whether a source can be had: recipes always, real pictures where the shared corpus is."""
    return source in RECIPES or (CORPUS / source).is_file()


def source_path(folder: Path, source: str, megapixels: float) -> Path:
    """Say where a source is to be found once it is drawn."""
    return folder / f"{source}-{megapixels:g}" if source in RECIPES else CORPUS / source


def draw(folder: Path, source: str, megapixels: float) -> None:
    """Write one source into *folder*."""
    if source in RECIPES:
        source_path(folder, source, megapixels).write_bytes(RECIPES[source](*SIDES_PX[megapixels]))


WORDS: dict[str, dict[str, Any]] = {
    "f-jpg": {"output": Output.JPEG},
    "f-png": {"output": Output.PNG},
    "f-webp": {"output": Output.WEBP},
    "f-avif": {"output": Output.AVIF},
    "f-gif": {"output": Output.GIF},
    "f-json": {"output": Output.JSON},
    "f-own": {"output": Output.ORIGINAL},
    "smart": {"width": 800, "height": 800, "fit": Fit.COVER, "gravity": Gravity.ATTENTION},
    "smart-large": {"width": 2000, "height": 2000, "fit": Fit.COVER, "gravity": Gravity.ATTENTION},
    "contain": {"width": 1200, "height": 1200, "fit": Fit.CONTAIN},
    "enlarged": {"width": 4000, "enlarge": True},
    "w320": {"width": 320},
    "w1200": {"width": 1200},
    "w3200": {"width": 3200},
    "q92": {"quality": 92},
    "trim": {"trim": 20},
    "rot90": {"rotate": 90},
    "blur": {"blur": 5.0},
    "sharpen": {"sharpen": 2.0},
    "grey": {"greyscale": True},
    "black": {"background": Colour(0, 0, 0)},
    "dark": {"page": Theme.DARK.page, "scheme": "dark"},
    "ph": {"placeholder": Placeholder.BLUR},
}
"""What the words below ask for."""

FULL = """
jpeg            0.3 f-webp w320     | 0.3 f-avif          | 0.3 f-jpg           | 2.3 f-jpg w1200
jpeg            2.3 f-webp          | 2.3 f-png           | 2.3 f-avif          | 2.3 f-gif
jpeg            12 f-jpg w320       | 12/ f-webp w1200    | 12 f-avif w1200     | 12 f-jpg
jpeg            12 f-webp           | 12/ f-avif w3200    | 12 f-jpg q92
jpeg            48 f-jpg w320       | 48/ f-webp w1200    | 48/ f-jpg
jpeg            12 smart f-webp     | 12 smart-large f-jpg| 12 rot90 f-webp     | 12/ rot90 w1200 f-jpg
jpeg            12 blur f-webp      | 12 sharpen w1200 f-webp | 12 grey f-webp  | 12 contain f-webp
jpeg            12 f-json           | 12 ph trim          | 12 ph               | 0.3 enlarged f-webp
jpeg-444        24 f-webp w320
jpeg-grey       12 f-jpg w1200
jpeg-cmyk       12 f-jpg w1200
jpeg-turned     12/ f-jpg w1200     | 12 f-webp
jpeg-framed     12 trim w1200 f-webp| 12/ trim f-jpg
jpeg-turned-framed 12 trim w1200 f-webp
progressive     2.3 f-webp w320     | 12/ f-jpg w320      | 12 f-webp w3200     | 48 f-jpg w1200
progressive-444 24/ f-jpg w1200
png             0.3 f-webp w320     | 2.3 f-webp          | 12 f-jpg w320       | 12/ f-webp w1200
png             24/ f-webp w1200    | 12/ f-json          | 12/ f-jpg
png-alpha       2.3 f-webp          | 2.3/ f-avif         | 12/ f-png w1200     | 12/ smart f-webp
png-alpha       12/ trim w1200 f-webp | 2.3 blur f-webp | 12 f-jpg black | 12/ ph | 12/ ph trim
png-palette     12 f-jpg w1200      | 2.3 f-own
png-interlaced  12/ f-jpg w320
png-alpha-interlaced 12 f-webp w320
png-16          12/ f-jpg w1200     | 2.3 f-webp
png-alpha       0.3 dark f-webp     | 2.3 dark f-png      | 12/ dark f-webp w320 | 12 dark f-jpg w1200
png-alpha-interlaced 12 dark f-webp w320
png-letters     0.3 dark f-png      | 2.3 dark f-webp     | 12 dark f-webp w320  | 2.3 dark f-jpg w1200
webp-alpha      2.3 dark f-webp     | 12 dark f-png w320  | 0.3 dark trim f-avif
jpeg            12 dark f-webp w320
webp            0.3 f-jpg           | 12 f-webp w320      | 12/ f-jpg w1200     | 12 f-jpg
webp            48/ f-webp w1200
webp-alpha      12 f-webp w1200     | 2.3 f-webp
webp-lossless   12 f-webp w1200     | 12/ f-json
webp-12         0.3 f-webp          | 2.3/ f-gif w320     | 2.3 f-jpg w320
webp-12-alpha   0.3 f-webp          | 0.3/ f-webp w320
gif             12/ f-jpg w320      | 2.3 f-webp
gif-4           2.3 f-gif
gif-12          0.3 f-gif           | 0.3 f-webp w320     | 0.3/ f-webp
avif            0.3 f-webp w320     | 2.3 f-jpg w320      | 12 f-jpg
avif            2.3 f-avif          | 12/ f-webp
avif-alpha      12 f-webp w1200
avif-10         12/ f-webp w1200
tiff            12/ f-jpg w1200     | 2.3 f-own
tiff-tiled      12/ f-webp w1200
bmp             2.3 f-png           | 12/ f-jpg w320
ico             0.3 f-png
svg             2.3 f-avif          | 12 f-png w1200      | 12 f-webp
big-8mb.jpg     0 f-webp w1200      | 0/ f-jpg
anim.gif        0 f-webp
anim.webp       0 f-webp
logo-alpha.png  0 f-webp w320
"""
"""Source, megapixels (0: a real picture, whatever it has), ``/`` for a file instead of bytes, and what is asked."""

QUICK = """
jpeg            0.3 f-jpg | 2.3/ f-webp w1200 | 2.3 f-avif | 12 f-jpg w320
jpeg-turned     2.3 f-webp
progressive     12/ f-jpg w320
png             2.3/ f-jpg w320
png-alpha       2.3 f-webp | 0.3 dark f-webp
webp            2.3 f-jpg
gif-4           0.3 f-webp
avif            2.3 f-json
bmp             2.3 f-png
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """A source, where it lies, and what is asked of it; *words* in the order they were written."""

    source: str
    megapixels: float
    in_file: bool
    words: tuple[str, ...]

    @property
    def spec(self) -> TransformSpec:
        fields: dict[str, Any] = {}
        for word in self.words:
            fields |= WORDS[word]
        return TransformSpec(**fields)

    def __str__(self) -> str:
        return f"{self.source} {self.megapixels:g}{'/' if self.in_file else ''} {' '.join(self.words)}"


def operations(table: str) -> list[Operation]:
    """Read a table; real pictures that are not there are left out."""
    found = []
    for line in table.strip().splitlines():
        source, _, rest = line.partition(" ")
        for asked in rest.split("|"):
            size, *words = asked.split()
            found.append(Operation(source, float(size.rstrip("/")), size.endswith("/"), tuple(words)))
    return [operation for operation in found if is_there(operation.source)]
