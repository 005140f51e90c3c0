"""What a card costs, drawn and encoded, against a photograph made small; and what memory drawing one takes."""

import asyncio
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import Line, at_most, dumped, loaded
from bench.transforms import photo
from tests.support.process import ROOT, python_environment

ROUNDS = 15
TITLE = "How we cut image latency in half, and what we learnt on the way"
TEXT = "A tour of the cache, the queue and the one lock that was in everybody’s way, with numbers from production."
LONG = "words and more words without an end " * 8


def milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def high_water_bytes() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def drawing(title: str, text: str) -> Callable[[], bytes]:
    from imgsvc.model.colours import Colour
    from imgsvc.opengraph.cards import CardKind, card_of
    from imgsvc.opengraph.data import ShareData
    from imgsvc.transform.cards import draw_card
    from imgsvc.transform.runtime import KillSwitch
    from tests.support.logos import mark

    data = ShareData(title=title, description=text, site_name="Northwind")
    card = card_of(CardKind.OG_CARD, data, name="", host="a.test", colours=[Colour(37, 99, 235)])
    emblem = mark(96)
    return lambda: draw_card(card, emblem, KillSwitch())


def compared() -> list[Line]:
    """Measure, in a process that has done nothing else, and give the lines to print."""
    import pyvips

    from imgsvc.transform.typefaces import missing_scripts
    from imgsvc.transform.warming import warm_up

    warm_up()
    missing_scripts()
    data = photo().read_bytes()

    def small() -> bytes:
        return pyvips.Image.thumbnail_buffer(data, 640).webpsave_buffer(Q=79, effort=2)

    before = high_water_bytes()
    usual, long = drawing(TITLE, TEXT), drawing(LONG, LONG)
    first = milliseconds(usual)
    grown = high_water_bytes() - before
    rounds = [[milliseconds(work) for work in (small, usual, long)] for _ in range(ROUNDS)]
    usual_ratio, long_ratio = (statistics.median(each[n] / each[0] for each in rounds) for n in (1, 2))
    usual_ms, long_ms = (statistics.median(each[n] for each in rounds) for n in (1, 2))
    return [
        f"card drawn and encoded, against a photograph made small: {usual_ratio:.2f}; with cut text {long_ratio:.2f}",
        at_most("card, CPU", usual_ms, 60, "ms", digits=0),
        at_most("card with cut text, CPU", long_ms, 60, "ms", digits=0),
        f"  the first one {first:.0f} ms and {grown / 2**20:.0f} MiB",
    ]


async def measure() -> list[Line]:
    """Give the lines to print."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.cards", cwd=ROOT, env=python_environment({"VIPS_CONCURRENCY": "1"}),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return loaded(out)


if __name__ == "__main__":
    print(dumped(compared()))
