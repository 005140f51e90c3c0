"""A fetcher with chosen settings and names, of which nothing may be left afterwards."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.settings import AccessSettings, OriginSettings
from imgsvc.stream.base import ByteStream
from tests.support.environ import texts
from tests.support.origin import ScriptedOrigin

BODY = bytes(range(256)) * 1000
SERVER_TASKS = ("http_server", "_accept_connection2")  # the other end's, which the fetcher does not own


class Names:
    """A scripted name server: each look-up of a host gives its next answer, the last one for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): turns for name, turns in answers.items()}
        self.lookups: list[str] = []
        self.closed = False

    async def lookup(self, host: str) -> Sequence[str]:
        self.lookups.append(host)
        turns = self._answers.get(host)
        if turns is None:
            raise OSError("no such name")
        return turns.pop(0) if len(turns) > 1 else turns[0]

    def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def fetching(
    *, allowed: str = "*", own: LoopGuard | None = None, names: Names | None = None, tls=None, **env: object
) -> AsyncIterator[Fetcher]:
    """Give a fetcher with these settings; afterwards nothing of it may be left."""
    before = asyncio.all_tasks()
    settings = OriginSettings.from_env(texts({"IMGSVC_READ_TIMEOUT": 2, "IMGSVC_FETCH_TIMEOUT": 5} | env))
    access = AccessSettings.from_env({"IMGSVC_ALLOWED_HOSTS": allowed})
    policy = SourcePolicy(access, settings, own or LoopGuard())
    fetcher = Fetcher(settings, policy, names=names, tls=tls)
    try:
        yield fetcher
        assert fetcher.statistics().open == 0
    finally:
        await fetcher.aclose()
    left = [repr(task) for task in asyncio.all_tasks() - before]
    assert [text for text in left if not any(part in text for part in SERVER_TASKS)] == []


def near(origin: ScriptedOrigin, *hosts: str) -> dict[str, object]:
    """Give the setting that leads *hosts* to the scripted origin."""
    return {"IMGSVC_CONNECT_TO": origin.connect_to(*hosts)}


async def read_all(stream: ByteStream) -> bytes:
    """Read a stream to its end, and close it, whatever happens."""
    try:
        return b"".join([chunk async for chunk in stream])
    finally:
        await stream.aclose()


async def fetch(fetcher: Fetcher, url: str) -> bytes:
    return await read_all((await fetcher.open(url)).body)
