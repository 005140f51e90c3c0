"""Two servers in one conversation: says where they differ, in as few bytes as will do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.support.duel.conversations import Step
from tests.support.duel.ends import Pair, answers_end, connected
from tests.support.duel.verdicts import normal
from tests.support.service import is_idle, settled
from tests.support.wire import Serving

PATIENT_SECONDS = 1.0
"""How long a server that has nothing to do may be silent where a difference may be one of speed."""

_STORED = b"\r\nContent-Location: "

SHOWN_BYTES = 1100
TRIES = 250


@dataclass(frozen=True, slots=True)
class Difference:
    """A step whose answers differ, and what came of either."""

    steps: tuple[Step, ...]
    answers: tuple[tuple[bytes, bool], ...]

    def __str__(self) -> str:
        said = "\n".join(f"  {step.kind}: {step.pieces!r}" for step in self.steps)
        at = max(0, self._place() - SHOWN_BYTES // 2)
        heard = "\n".join(f"  …{data[at : at + SHOWN_BYTES]!r} closed={closed}" for data, closed in self.answers)
        return f"sent:\n{said}\nheard, from byte {at} on:\n{heard}"

    @property
    def is_of_speed(self) -> bool:
        """Whether one may only have been faster: to say what the other begins with, to make it, or to store it."""
        one, other = (normal(data) for data, _ in self.answers)
        is_stored_by_one = one.count(_STORED) != other.count(_STORED)  # of several answers perhaps
        return one.startswith(other) or other.startswith(one) or b"fwd=miss" in one + other or is_stored_by_one

    def _place(self) -> int:
        """Find the first byte that differs."""
        one, other = (normal(data) for data, _ in self.answers)
        pairs = enumerate(zip(one, other, strict=False))
        return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


@dataclass
class Duel:
    """
    Holds conversations with two servers.

    Attributes:
        servings: the servers.
        requests: that were sent to each.
        differences: that are none of speed.
        suspected: conversations that wait for their judgement.
        received_bytes: what came from each.
    """

    servings: Sequence[Serving]
    requests: int = 0
    differences: list[Difference] = field(default_factory=list)
    suspected: list[Difference] = field(default_factory=list)
    received_bytes: list[int] = field(default_factory=lambda: [0, 0])

    async def connect(self) -> Pair:
        """Open a connection to each."""
        return await connected([serving.port for serving in self.servings], self.received_bytes)

    async def hold(self, steps: Iterable[Step]) -> None:
        """Hold a conversation; see :meth:`judge`."""
        difference = await self.first_difference(steps)
        if difference is not None:
            self.suspected.append(difference)

    async def judge(self) -> None:
        """
        Hold again, one by one, every conversation that differed.

        What differs once and never again was a matter of speed, if it can have been one: who asks for what another
        one is just having made waits for that, or comes too late to do so.
        """
        suspected, self.suspected = self.suspected, []
        for difference in suspected:
            await self.settled()
            again = await self.first_difference(difference.steps, PATIENT_SECONDS)
            if again is not None:
                self.differences.append(await self._shrunk(again))
            elif not difference.is_of_speed:
                self.differences.append(difference)

    async def first_difference(self, steps: Iterable[Step], patience_seconds: float = 0) -> Difference | None:
        """Hold a conversation up to the first step whose answers differ."""
        said: list[Step] = []
        async with await self.connect() as pair:
            for step in steps:
                said.append(step)
                answers, is_over = await self.ask(pair, step, patience_seconds)
                if not are_equal(answers):
                    return Difference(tuple(said), tuple(answers))
                if is_over:
                    break
        return None

    async def ask(self, pair: Pair, step: Step, patience_seconds: float = 0) -> tuple[list[tuple[bytes, bool]], bool]:
        """Take a step; gives what came, and whether it is the last one on this connection."""
        self.requests += len(step.without_body)
        nobody_works = partial(self._is_idle, patience_seconds)
        await pair.send(step.pieces)
        is_done = await pair.until(lambda data: answers_end(data, step.without_body) is not None, nobody_works)
        if not step.is_plain:
            await pair.fence(nobody_works)
        if any(_may_close(end.data) for end in pair.ends):
            await pair.until(lambda _: False, nobody_works)
        return pair.taken(), pair.closed or not is_done

    def _is_idle(self, patience_seconds: float, silent_seconds: float) -> bool:
        return silent_seconds >= patience_seconds and all(is_idle(serving.opened) for serving in self.servings)

    async def settled(self) -> None:
        """Wait until neither has anything to do."""
        for serving in self.servings:
            await settled(serving.opened)

    async def _shrunk(self, difference: Difference) -> Difference:
        """Look for fewer steps, then for fewer bytes of the last one, that differ still."""
        for count in (1, 2, 3, 5, 10, 20):
            found = await self.first_difference(difference.steps[-count:], PATIENT_SECONDS)
            if found is not None:
                return await self._shortened(found)
        return await self._shortened(difference)

    async def _shortened(self, difference: Difference) -> Difference:
        tries = 0
        for size in (256, 64, 16, 4, 1):
            at = 0
            while len(difference.steps[-1].pieces) == 1 and at < len(difference.steps[-1].pieces[0]) and tries < TRIES:
                tries += 1
                found = await self.first_difference(_without(difference.steps, at, size))
                if found is None:
                    at += size
                else:
                    difference = found
        return difference


def _without(steps: Sequence[Step], at: int, size_bytes: int) -> list[Step]:
    """Leave some bytes out of the last step; how many answers it then has, nobody knows."""
    last = steps[-1]
    data = last.pieces[0][:at] + last.pieces[0][at + size_bytes :]
    return [*steps[:-1], Step("shortened", (data or b"\r\n",), last.without_body)]


def are_equal(answers: Sequence[tuple[bytes, bool]]) -> bool:
    """Whether the same came from both, and both are open or neither."""
    (one, one_closed), (other, other_closed) = answers
    return one_closed == other_closed and (one == other or normal(one) == normal(other))


def _may_close(data: bytes) -> bool:
    if b"\r\nConnection: close\r\n" in data:
        return True
    return bool(data) and not data.startswith(b"HTTP/1.1") and b"\r\nConnection: keep-alive" not in data
