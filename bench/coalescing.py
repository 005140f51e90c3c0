"""Many requests for one cold picture: how often the origin was asked, how often pixels were touched."""

import asyncio
import tempfile
from pathlib import Path

from imgsvc.demo import PICTURES
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service

REQUESTS = 200
SIZES = 20


async def measure() -> list[str]:
    """Give the lines to print."""
    data = await asyncio.to_thread((PICTURES / "landscape.jpg").read_bytes)
    lines = []
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
                lines.append(
                    f"{REQUESTS} requests for {sizes} size(s) of one cold picture: {origin.hits(path)} fetch "
                    f"(to reach: 1), {encodes} encode(s) (to reach: {sizes})"
                )
    return lines


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
