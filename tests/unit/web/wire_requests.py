"""What is sent to a server as bytes, and answers too large to be taken at once."""

from tests.support.large import until
from tests.support.service import IMAGES
from tests.support.wire import Serving

MIB = 1024 * 1024


LIVE = b"GET /api/health/live HTTP/1.1\r\nHost: a\r\n\r\n"


LARGE_BYTES = 4 * MIB


HEAD_SECONDS = 50


SEND_SECONDS = 50


def get(target: str, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: a", *lines, "", ""]).encode()


def large(origin) -> bytes:
    """A request for an answer of more than 4 MiB."""
    return get(f"{IMAGES}?url={origin.url('/large.png')}&f=original")


async def until_stalled(server: Serving, count: int = 1) -> None:
    """Wait until so many connections wait for clients that do not read."""
    await until(lambda: sum(connection.writing_paused for connection in server.connections) >= count)


async def warm(server: Serving, request: bytes) -> bytes:
    """Ask once and read all, so that the answer is in memory."""
    async with await server.connect() as wire:
        await wire.send(request)
        return (await wire.reply()).body
