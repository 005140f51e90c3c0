"""What each allocator costs and gives back: the same mixed transforms with each, in a fresh process each."""

import asyncio
import ctypes
import itertools
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pyvips

from imgsvc.allocator import allocator_environment, find_libraries, in_force
from imgsvc.demo import PICTURES
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.pool import TransformPool
from tests.support.process import ROOT, python_environment

COUNT = 500
CLIENTS = 6
IDLE_SECONDS = 5
MIB = 1024 * 1024
SOURCES_MPIXEL = (0.3, 1, 3, 12)
OUTPUTS = (Output.WEBP, Output.AVIF, Output.JPEG, Output.PNG, Output.WEBP)
WIDTHS_PX = (96, 320, 640, 828, 1080, 1600, 2048)
CHOICES = ("system", "glibc", "jemalloc")


def draw_sources(folder: Path) -> None:
    """Write the sample landscape in four sizes and three formats, with some grain so that it is no toy to decode."""
    picture = pyvips.Image.new_from_file(str(PICTURES / "landscape.jpg"))
    for size in SOURCES_MPIXEL:
        scaled = picture.resize((size * 1e6 / (picture.width * picture.height)) ** 0.5)
        grain = pyvips.Image.gaussnoise(scaled.width, scaled.height, sigma=6, mean=0, seed=1)
        grainy = (scaled + grain).cast("uchar").copy(interpretation="srgb").copy_memory()
        grainy.jpegsave(str(folder / f"{size}.jpg"), Q=85, interlace=size == 1)
        grainy.pngsave(str(folder / f"{size}.png"), compression=1)
        grainy.webpsave(str(folder / f"{size}.webp"), Q=80, effort=0)


async def transform_all(folder: Path) -> None:
    """Make COUNT answers, a few at a time; the order of sources, widths and formats is the same in every process."""
    # 12, 7 and 5 share no factor: every source meets every width in every format.
    sources = sorted(folder.iterdir())
    kinds = zip(itertools.cycle(sources), itertools.cycle(WIDTHS_PX), itertools.cycle(OUTPUTS), strict=False)
    work = iter(list(itertools.islice(kinds, COUNT)))
    async with TransformPool(TransformSettings.from_env({"IMGSVC_TRANSFORM_TIMEOUT": "60"})) as pool:

        async def client() -> None:
            for path, width, output in work:
                inspected = await pool.inspect(await asyncio.to_thread(path.read_bytes))
                await pool.run(inspected.data, inspected.image_format, TransformSpec(output=output, width=width))

        await asyncio.gather(*(client() for _ in range(CLIENTS)))


def child_main(folder: Path) -> None:
    """Do the work in this process and print what it took and what stayed."""
    own = psutil.Process()
    began, before = time.perf_counter(), own.cpu_times()
    asyncio.run(transform_all(folder))
    seconds, after = time.perf_counter() - began, own.cpu_times()
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    time.sleep(IDLE_SECONDS)
    idle_bytes = own.memory_info().rss
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    print(
        json.dumps(
            {
                "allocator": in_force(dict(own.environ())),
                "peak": peak_kib * 1024 / MIB,
                "idle": idle_bytes / MIB,
                "trimmed": own.memory_info().rss / MIB,
                "seconds": seconds,
                "cpu_seconds": after.user + after.system - before.user - before.system,
            }
        )
    )


async def one(folder: Path, environ: dict[str, str]) -> dict[str, float | str]:
    """Measure in a fresh process with this environment."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.allocators", str(folder), cwd=ROOT, env=environ, stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    out, _ = await process.communicate()
    figures: dict[str, float | str] = json.loads(out)
    return figures


async def measure() -> list[str]:
    """Give the lines to print."""
    libraries = find_libraries()
    plain = python_environment({"VIPS_CONCURRENCY": "1"})
    lines = [
        f"allocators, {COUNT} mixed transforms of {SOURCES_MPIXEL[0]} to {SOURCES_MPIXEL[-1]} Mpixel, resident MiB:",
        f"  {'':14}{'most':>8}{f'{IDLE_SECONDS} s idle':>10}{'trimmed':>9}{'wall s':>8}{'CPU s':>8}",
    ]
    with tempfile.TemporaryDirectory() as name:
        await asyncio.to_thread(draw_sources, Path(name))
        for choice in CHOICES:
            if choice == "jemalloc" and libraries.jemalloc is None:
                lines.append("  jemalloc is not installed")
                continue
            got = await one(Path(name), allocator_environment(choice, plain, libraries) or plain)
            numbers = f"{got['peak']:8.0f}{got['idle']:10.0f}{got['trimmed']:9.0f}"
            lines.append(f"  {got['allocator']:14}{numbers}{got['seconds']:8.1f}{got['cpu_seconds']:8.1f}")
    return lines


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child_main(Path(sys.argv[1]))
    else:
        print("\n".join(asyncio.run(measure())))
