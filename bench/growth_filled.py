"""
A service whose memory cache already holds many small answers; a process of its own for ``bench.growth_entries``.

``python -m bench.growth_filled FOLDER COUNT`` opens the real services, puts the answers straight into the memory cache,
for asking for a million of them would take an hour, and serves as always. Prints its port; ends with its input.
"""

import asyncio
import gc
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from imgsvc.cache.memory import MemoryCache
from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.keys import result_key
from imgsvc.model.source import Source
from imgsvc.web.line_writer import LineWriter
from imgsvc.web.logs import AccessLog
from imgsvc.web.params import Hints, parse_image_query
from tests.support.service import IMAGES, running_service

BODY_BYTES = 500
DAY_SECONDS = 86400
NOBODY = 9
"""A port where nothing listens: no source is ever asked."""

CAPACITY_BYTES = 8 << 30
NO_HINTS = Hints("", "", "", "")
A_TURN = 1000
"""Answers put in one turn of the loop, which has other things to do."""


def query(number: int) -> str:
    """Write the query that asks for the answer of that number."""
    return f"url=http%3A%2F%2Fa.test%2F{number}&w=64&f=webp"


def target(number: int) -> str:
    """Write its request target."""
    return f"{IMAGES}?{query(number)}"


def blobs(count: int) -> Iterator[Blob]:
    """Make that many answers, as if each had just been made from a source of its own."""
    spec, now = parse_image_query(query(0), NO_HINTS, site_url=None, relative=False, ladder=False).spec, time.time()
    for number in range(count):
        source, data = Source(f"http://a.test/{number}"), f"{number:0{BODY_BYTES}d}".encode()
        sha256 = hashlib.sha256(data).hexdigest()
        meta = BlobMeta(
            media_type="image/webp", sha256=sha256, source_sha256=sha256, fetched_at=now,
            fresh_until=now + DAY_SECONDS, last_modified=int(now), width=64, height=48,
        )  # fmt: skip
        yield Blob(data=data, key=result_key(source, spec), source=source, meta=meta)


async def _fill(memory: MemoryCache, count: int) -> None:
    for number, blob in enumerate(blobs(count)):
        assert memory.put(blob)
        if number % A_TURN == 0:
            await asyncio.sleep(0)


async def main(folder: Path, count: int) -> None:
    """Fill, serve, and end when nobody holds the other end of the input any more."""
    with (folder / "log").open("w") as stream:
        log = LineWriter(stream, AccessLog.known_lines)
        try:
            async with running_service(folder, NOBODY, log=log, IMGSVC_CACHE_BYTES=str(CAPACITY_BYTES)) as service:
                # As the service does once it is ready: what comes into the cache later is the collector's to look at.
                gc.collect()
                gc.freeze()
                memory = service.opened.owners["memory"]
                await _fill(memory, count)
                assert memory.statistics().entries == count
                print(service.port, flush=True)
                await asyncio.to_thread(sys.stdin.read)
        finally:
            log.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
