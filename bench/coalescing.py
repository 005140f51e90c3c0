"""Many requests for one cold picture: how often the origin was asked, how often pixels were touched."""

import asyncio
import tempfile
from pathlib import Path

from bench.figures import Line, at_most
from imgsvc.demo import PICTURES
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service

REQUESTS = 200
SIZES = 20


async def measure() -> list[Line]:
    """Give the lines to print."""
    data = await asyncio.to_thread((PICTURES / "landscape.jpg").read_bytes)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin, running_service(Path(name), origin.port) as service:
            transforms = service.opened.owners["transforms"]
            for path, sizes in (("/equal.jpg", 1), ("/sizes.jpg", SIZES)):
                origin.serve(path, data)
                before = transforms.statistics().completed
                answers = await asyncio.gather(
                    *(service.image(origin.url(path), w=300 + n % sizes) for n in range(REQUESTS))
                )
                assert {a.status for a in answers} == {200}
                # Each original is looked at once, beside being transformed.
                encodes = transforms.statistics().completed - before - 1
                lines += [
                    f"{REQUESTS} requests for {sizes} size(s) of one cold picture:",
                    at_most(f"fetches for {sizes} size(s)", origin.hits(path), 1, digits=0),
                    at_most(f"encodes for {sizes} size(s)", encodes, sizes, digits=0),
                ]
    return lines
