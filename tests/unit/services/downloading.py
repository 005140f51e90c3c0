"""Large sources, and what becomes of them."""

import asyncio
import io
from contextlib import aclosing

from PIL import Image

from tests.support.spine import Spine, until

THRESHOLD = 50_000


def noise(size: int = 200, kind: str = "PNG") -> bytes:
    """Draw a picture that weighs something."""
    out = io.BytesIO()
    Image.effect_noise((size, size), 90).convert("RGB").save(out, kind)
    return out.getvalue()


LARGE = noise(400)


def halves(origin, path: str, body: bytes) -> asyncio.Event:
    """Send a declared body's first half at once, and the second when the event is set."""
    gate = asyncio.Event()

    async def behave(exchange) -> None:
        await exchange.head(headers={"Content-Length": str(len(body))})
        await exchange.send(body[: len(body) // 2])
        await gate.wait()
        await exchange.send(body[len(body) // 2 :])

    origin.script(path, behave)
    return gate


async def begin(parts: Spine, path: str):
    """Ask for the original as it is; the caller lets it go."""
    return await parts.images.get(parts.request(path, "f=original"))


async def read(served, count: int | None = None) -> bytes:
    """Read all, or the first *count* pieces."""
    data = b""
    async with aclosing(served.blob.body.chunks()) as pieces:
        async for piece in pieces:
            data += piece
            if count is not None and (count := count - 1) == 0:
                break
    return data


async def over(parts: Spine) -> None:
    await until(lambda: not parts.downloads.statistics().running)
