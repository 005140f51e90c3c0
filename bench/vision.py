"""Looking at a logo of 512 × 512 px and adapting it, against a decode and PNG encode of the same; A B C A B C."""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable

import pyvips

from bench.figures import Line, at_most, dumped, loaded
from imgsvc.model.look import Theme
from imgsvc.vision.adapt import adapt
from imgsvc.vision.analysis import analyse
from imgsvc.vision.generic import is_blank, is_upscaled, match
from imgsvc.vision.pixels import Pixels
from tests.unit.vision.drawn import LOGOS

ROUNDS = 15
SIDE_PX = 512
NAMES = (
    "black wordmark", "navy wordmark", "faint black wordmark", "red icon with white glyph, black text",
    "gradient into navy", "grey gradient", "black box, white text", "thin black rings", "flag of Germany",
)  # fmt: skip
"""Of the labelled set, all of which have to be adapted to a dark page."""


def drawn(name: str) -> bytes:
    """Draw a logo as a PNG, in the middle of a square."""
    svg = next(logo.svg for logo in LOGOS if logo.name == name)
    image = pyvips.Image.svgload_buffer(svg.encode(), scale=SIDE_PX / 160)
    return bytes(image.gravity("centre", SIDE_PX, SIDE_PX).pngsave_buffer())


def milliseconds(work: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def measured(png: bytes) -> list[list[float]]:
    """Give rounds of milliseconds: decode and encode, analysis, adaptation, generic icon, upscaled, blank."""
    pixels = Pixels.of(pyvips.Image.new_from_buffer(png, ""))
    steps: tuple[Callable[[], object], ...] = (
        lambda: pyvips.Image.new_from_buffer(png, "").copy_memory().pngsave_buffer(),
        lambda: analyse(pixels),
        lambda: adapt(pixels, Theme.DARK.page),
        lambda: match(pixels),
        lambda: is_upscaled(pixels),
        lambda: is_blank(pixels),
    )
    for step in steps:
        step()
    return [[milliseconds(step) for step in steps] for _ in range(ROUNDS)]


def compared() -> list[Line]:
    """Give the lines to print."""
    # As the service has them: no cache of operations, one thread an operation.
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)
    rounds = {name: measured(drawn(name)) for name in NAMES}
    every = [one for of_logo in rounds.values() for one in of_logo]
    bare, analysis, adaptation, generic, upscaled, blank = (
        statistics.median(each) for each in zip(*every, strict=True)
    )
    ratios = [statistics.median(one[step] / one[0] for one in every) for step in (1, 2)]
    slowest = [max(statistics.median(one[step] for one in of_logo) for of_logo in rounds.values()) for step in (1, 2)]
    return [
        f"logo of {SIDE_PX} x {SIDE_PX} px, median of {len(NAMES)}; decode and PNG encode {bare:.1f} ms:",
        at_most("analysis", analysis, 15, "ms", digits=1),
        f"    the slowest {slowest[0]:.1f} ms; ratio {ratios[0]:.1f}",
        at_most("adaptation", adaptation, 25, "ms", digits=1),
        f"    the slowest {slowest[1]:.1f} ms; ratio {ratios[1]:.1f}",
        f"  generic icon {generic:.1f} ms, upscaled {upscaled:.1f} ms, blank {blank:.1f} ms",
    ]


async def measure() -> list[Line]:
    """Give the lines to print; in a process of its own, for the service's own libvips draws no SVG."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.vision", stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("bench.vision failed")
    return loaded(said)


if __name__ == "__main__":
    print(dumped(compared()))
