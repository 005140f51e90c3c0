"""Two services with one past: one without the hit path, the other with it."""

import asyncio
import gc
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import time_machine
from aiohttp import web

from tests.support.duel.conversations import Step, Talker
from tests.support.duel.duel import Duel, are_equal
from tests.support.duel.targets import HOST, KEY, Target, rare_targets, serve_pictures, targets
from tests.support.duel.verdicts import make_ids_wide
from tests.support.origin import ScriptedOrigin
from tests.support.wire import Serving, serving

TOKEN = "s3cret"
TALKERS = 16
"""Conversations at the same time."""

SURVEY_SECONDS = 20.0
"""What must come may be so long in coming."""

_KEPT = (200, 206, 304)
_FIELD = r"\r\n{}: ([^\r]*)\r\n"


@dataclass
class Twins:
    """
    The services and what is around them.

    Attributes:
        servings: without the hit path, and with it.
        origin: the site.
        clock: stands still unless a test moves it.
        answered: how many answers aiohttp began, by status, of either.
        texts: targets that are asked for.
        asked: the same, as they were answered last.
    """

    servings: tuple[Serving, Serving]
    origin: ScriptedOrigin
    clock: time_machine.Traveller
    duel: Duel
    answered: tuple[Counter[int], Counter[int]]
    texts: list[str]
    asked: list[Target] = field(default_factory=list)

    async def survey(self) -> None:
        """Ask for every target, thrice; both answer equally, what can be is in memory, and its validators are known."""
        self.asked = [await self._surveyed(text) for text in self.texts]

    async def talk(self, seed: str, requests: int, talkers: int = TALKERS) -> None:
        """Hold conversations until so many requests have been sent to each, and judge them."""
        last, conversations = (
            self.duel.requests + requests,
            [self._conversations(f"{seed}/{n}") for n in range(talkers)],
        )

        async def hold(steps: Iterator[Iterator[Step]]) -> None:
            while self.duel.requests < last and not self.duel.suspected:
                await self.duel.hold(next(steps))

        while self.duel.requests < last:
            await asyncio.gather(*map(hold, conversations))
            await self.duel.judge()
            assert not self.duel.differences, f"seed {seed!r}\n{self.duel.differences[0]}"

    def each(self, name: str) -> list[Any]:
        """Give an owner of state of either service."""
        return [serving.opened.owners[name] for serving in self.servings]

    def share_of_the_hit_path(self) -> float:
        """Tell how many of the answers of pictures came without aiohttp."""
        slow, fast = (sum(counter[status] for status in _KEPT) for counter in self.answered)
        return 1 - fast / slow

    async def ask(self, method: str, target: str, *lines: str, body: str = "") -> list[bytes]:
        """Ask both something on a connection of its own; give what they answered."""
        length = [f"Content-Length: {len(body)}"] if body else []
        head = "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", *length, *lines, "", ""])
        async with await self.duel.connect() as pair:
            await pair.send([(head + body).encode()])
            assert await pair.until(lambda _: False, lambda silent_seconds: silent_seconds > SURVEY_SECONDS)
            return [answer for answer, _ in pair.taken()]

    async def purge(self, **instructions: object) -> None:
        """Purge as an operator does."""
        answers = await self.ask("POST", "/api/purge", f"Authorization: Bearer {TOKEN}", body=json.dumps(instructions))
        assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers), answers

    def _conversations(self, seed: str) -> Iterator[Iterator[Step]]:
        talker = Talker(Random(seed), self.asked, [Target(text) for text in rare_targets()])
        while True:
            yield talker.conversation()

    async def _surveyed(self, text: str) -> Target:
        step = Step("survey", (f"GET {text} HTTP/1.1\r\nHost: a\r\n\r\n".encode(),))
        answers: list[tuple[bytes, bool]] = []
        async with await self.duel.connect() as pair:
            for _ in range(3):
                answers, _ = await self.duel.ask(pair, step, SURVEY_SECONDS)
                assert are_equal(answers), f"{step}\n{answers[0]}\n{answers[1]}"
                await self.duel.settled()
        return described(text, answers[0][0].partition(b"\r\n\r\n")[0].decode())


def described(text: str, head: str) -> Target:
    """Note what an answer's head says of itself."""
    etag, modified, length = (
        re.search(_FIELD.format(name), head + "\r\n") for name in ("ETag", "Last-Modified", "Content-Length")
    )
    return Target(text, etag[1] if etag else "", modified[1] if modified else "", int(length[1]) if length else 0)


@asynccontextmanager
async def twins(tmp_path: Path, **env: str) -> AsyncIterator[Twins]:
    """Run both, at a moment that lasts, in front of one site."""
    make_ids_wide()
    env = {
        "IMGSVC_ALLOWED_HOSTS": HOST, "IMGSVC_SIGNING_KEYS": KEY, "IMGSVC_ADMIN_TOKEN": TOKEN,
        "IMGSVC_SITE_URL": f"http://{HOST}",
    } | env  # fmt: skip
    answered: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    now = int(time.time()) + 0.25
    with time_machine.travel(now, tick=False) as clock:
        async with ScriptedOrigin() as origin:
            serve_pictures(origin)
            slow, fast = (
                partial(serving, tmp_path / switch, origin_port=origin.port, dress=partial(_count, counter=counter),
                        IMGSVC_HIT_PATH=switch, **env)
                for switch, counter in zip("01", answered, strict=True)
            )  # fmt: skip
            async with slow() as one, fast() as other:
                for service in (one, other):
                    service.opened.guard.instance_id = "twin"
                duel = Duel((one, other))
                with _frozen():
                    yield Twins((one, other), origin, clock, duel, answered, targets(now))
                await duel.settled()


@contextmanager
def _frozen() -> Iterator[None]:
    """Have the collector pass over what is loaded, as the program does when it is ready."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _count(app: web.Application, counter: Counter[int]) -> None:
    """Count what aiohttp begins to answer: an answer of the hit path never comes here."""

    async def note(_: web.Request, response: web.StreamResponse) -> None:
        counter[response.status] += 1

    app.on_response_prepare.append(note)
