"""Pictures that cost memory, drawn anew for each run of ``bench.memory``."""

import functools
import math
import time
from dataclasses import dataclass

import pyvips

from imgsvc.demo import PICTURES
from imgsvc.model.formats import CAPABILITIES, sniff
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.cost import estimate_bytes
from imgsvc.transform.decide import decide
from imgsvc.transform.pipeline import Pipeline
from imgsvc.transform.probe import probe
from imgsvc.transform.source import FileSource

GRAIN = 3
BUFFERED_BYTES = 5 * 1024 * 1024
HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Picture:
    """
    A source, and what its transform is asked for and predicted to need.

    Attributes:
        name: what it is.
        data: the file.
        width: asked for, in pixels.
        estimate_bytes: what the service predicts for that, as WebP.
    """

    name: str
    data: bytes
    width: int
    estimate_bytes: int

    @property
    def media_type(self) -> str:
        return media_type(self.data)


def media_type(data: bytes) -> str:
    """Say what *data* is, as a header says it."""
    return CAPABILITIES[sniff(data[:HEAD_BYTES])].media_type


@functools.cache
def photo(megapixels: float) -> pyvips.Image:
    """Give the sample landscape in a size, with some grain so that it is no toy to decode; in memory."""
    picture = pyvips.Image.new_from_file(str(PICTURES / "landscape.jpg"))
    scaled = picture.resize(math.sqrt(megapixels * 1e6 / (picture.width * picture.height)))
    grain = pyvips.Image.gaussnoise(scaled.width, scaled.height, sigma=GRAIN, mean=0, seed=1)
    return (scaled + grain).cast("uchar").copy(interpretation="srgb").copy_memory()


def predicted(data: bytes, width: int) -> int:
    """Predict what making a WebP of *width* takes, as the service does."""
    settings, spec = TransformSettings(), TransformSpec(output=Output.WEBP, width=width)
    limits = Pipeline(settings, time.monotonic).limits
    source = FileSource(data, probe(data, sniff(data[:HEAD_BYTES]), limits))
    decision = decide(source, spec, settings, limits)
    in_file = len(data) > BUFFERED_BYTES
    return estimate_bytes(source.info, decision, source_bytes=len(data), in_file=in_file)


@functools.cache
def costly() -> tuple[Picture, ...]:
    """Draw what a burst is made of: every way a decoder has to need the whole picture, and one that does not."""
    drawn = {
        "progressive JPEG, 20 Mpixel": (photo(20).jpegsave_buffer(Q=70, interlace=True, subsample_mode="off"), 640),
        "progressive JPEG, 12 Mpixel": (photo(12).jpegsave_buffer(Q=80, interlace=True, subsample_mode="off"), 900),
        "AVIF, 6 Mpixel": (photo(6).heifsave_buffer(compression="av1", Q=50, effort=0), 640),
        "WebP, 12 Mpixel": (photo(12).webpsave_buffer(Q=70, effort=0), 2400),
        "GIF, 6 Mpixel": (photo(6).gifsave_buffer(effort=1, dither=0), 640),
        "interlaced PNG, 8 Mpixel": (photo(8).pngsave_buffer(compression=1, interlace=True), 640),
        "PNG, 12 Mpixel": (photo(12).pngsave_buffer(compression=1), 800),
    }
    return tuple(Picture(name, data, width, predicted(data, width)) for name, (data, width) in drawn.items())


@functools.cache
def noise(size_bytes: int, seed: int = 0) -> bytes:
    """Give a PNG of just about *size_bytes*, not compressed: as many bytes a pixel as can be."""
    side = math.isqrt(size_bytes // 3)
    bands = [pyvips.Image.gaussnoise(side, side, sigma=40, mean=128, seed=3 * seed + n) for n in range(3)]
    image = bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")
    data: bytes = image.pngsave_buffer(compression=0)
    return data


@functools.cache
def mixed() -> dict[str, bytes]:
    """Draw what ordinary traffic is made of: four sizes in three formats."""
    drawn: dict[str, bytes] = {}
    for megapixels in (0.3, 1, 2, 6):
        image = photo(megapixels)
        drawn[f"/{megapixels}.jpg"] = image.jpegsave_buffer(Q=85, interlace=megapixels == 1)
        drawn[f"/{megapixels}.png"] = image.pngsave_buffer(compression=1)
        drawn[f"/{megapixels}.webp"] = image.webpsave_buffer(Q=80, effort=0)
    return drawn
