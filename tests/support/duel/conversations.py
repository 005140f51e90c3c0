"""What a client says on one connection, one step after the other: all of it comes from a seed."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.support.duel import fields
from tests.support.duel.mutations import HIDDEN, mutated
from tests.support.duel.targets import Target

LONGEST = 40
"""Steps of one conversation."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    Something that is sent, and its answers waited for.

    Attributes:
        kind: one word for whoever reads of it.
        pieces: each is read by itself.
        without_body: for each answer that an honest server gives, whether its request's method allows no body.
    """

    kind: str
    pieces: tuple[bytes, ...]
    without_body: tuple[bool, ...] = (False,)

    @property
    def is_plain(self) -> bool:
        """Whether there is one request, and one answer."""
        return self.kind in ("ordinary", "odd", "survey")


class Talker:
    """
    Makes up conversations.

    Args:
        random: decides everything.
        targets: asked for most of the time.
        rare: seldom.
        share_of_ordinary: how many of the single requests are such as browsers send.
    """

    def __init__(self, random: Random, targets: Sequence[Target], rare: Sequence[Target]) -> None:
        self._random = random
        self._targets = targets
        self._rare = rare

    def conversation(self) -> Iterator[Step]:
        """Give steps; the last one asks for the end of the connection."""
        for _ in range(self._random.randrange(1, LONGEST)):
            yield self._step()
        yield Step("last", (self._request(["Connection: close"]),))

    def _step(self) -> Step:
        number = self._random.random()
        if number < 0.84:
            return self._single()
        if number < 0.90:
            return self._pipeline()
        if number < 0.92:
            return self._hidden()
        return self._mutated()

    def _single(self) -> Step:
        """One request as it should be, or nearly."""
        method, target = self._method(), self._target()
        if self._random.random() < 0.8:
            return Step("ordinary", (self._written(method, target, self._ordinary(target)),), (method == "HEAD",))
        return Step("odd", (self._written(method, target, self._odd(target)),), (method == "HEAD",))

    def _mutated(self) -> Step:
        request = mutated(self._random, self._request())
        pieces = (request,) if self._random.random() < 0.8 else self._pieces(request)
        return Step("mutated", pieces, (b"HEAD " in request[:8],))

    def _pipeline(self) -> Step:
        """Requests that do not wait for their answers, cut where it pleases the network."""
        singles = [self._single() for _ in range(self._random.choice((1, 2, 2, 3, 4, 5)))]
        if self._random.random() < 0.2:
            singles.append(Step("", (mutated(self._random, self._request()),)))
        data = b"".join(single.pieces[0] for single in singles)
        return Step("pipeline", self._pieces(data), tuple(single.without_body[0] for single in singles))

    def _hidden(self) -> Step:
        """A body that looks like a request, or a request that another one's answer is waited for before."""
        target = self._target()
        inner = self._random.choice((HIDDEN, self._written("GET", target, self._ordinary(target))))
        kind = self._random.choice(("Content-Length", "chunked", "Expect", "Upgrade"))
        lines = {
            "Content-Length": [f"Content-Length: {len(inner)}"],
            "chunked": ["Transfer-Encoding: chunked"],
            "Expect": ["Expect: 100-continue", f"Content-Length: {len(inner)}"],
            "Upgrade": ["Upgrade: websocket", "Connection: upgrade"],
        }[kind]
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner) if kind == "chunked" else inner
        head = self._written(
            self._random.choice(("GET", "POST", "HEAD")), self._target(), [fields.host(self._random), *lines]
        )
        if self._random.random() < 0.3:
            return Step(f"hidden {kind}", self._pieces(head + body), (head.startswith(b"HEAD"),))
        if kind == "chunked" and self._random.random() < 0.5:
            size, _, rest = body.partition(b"\r\n")
            return Step(
                "hidden chunked", (head, size + b"\r\n", inner, rest[len(inner) :]), (head.startswith(b"HEAD"),)
            )
        return Step(f"hidden {kind}", (head, body), (head.startswith(b"HEAD"),))

    def _request(self, lines: Sequence[str] = ()) -> bytes:
        target = self._target()
        some = self._ordinary(target) if self._random.random() < 0.8 else self._odd(target)
        return self._written("GET", target, [*some, *lines])

    def _ordinary(self, target: Target) -> list[str]:
        lines = [fields.host(self._random), *fields.ordinary(self._random)]
        if target.etag and self._random.random() < 0.25:
            lines.append(f"If-None-Match: {target.etag}")
        return lines

    def _odd(self, target: Target) -> list[str]:
        lines = self._ordinary(target) if self._random.random() < 0.5 else [fields.host(self._random)]
        lines += [fields.odd(self._random) for _ in range(self._random.choice((0, 1, 1, 2, 3)))]
        if self._random.random() < 0.5:
            lines += fields.conditions(self._random, target)
        if self._random.random() < 0.1:
            self._random.shuffle(lines)
        if self._random.random() < 0.02:
            lines.pop(0)
        return lines

    def _written(self, method: str, target: Target, lines: Sequence[str]) -> bytes:
        version = "1.1" if self._random.random() < 0.99 else "1.0"
        return "\r\n".join([f"{method} {target.text} HTTP/{version}", *lines, "", ""]).encode()

    def _method(self) -> str:
        number = self._random.random()
        return (
            "GET" if number < 0.87 else "HEAD" if number < 0.98 else self._random.choice(("POST", "OPTIONS", "DELETE"))
        )

    def _target(self) -> Target:
        """Name what is asked for: the first ones far more often than the last."""
        if self._random.random() > 0.993:
            return self._random.choice(self._rare)
        return self._targets[int(self._random.random() ** 2 * len(self._targets))]

    def _pieces(self, data: bytes) -> tuple[bytes, ...]:
        """Cut *data*: nowhere, anywhere, at the ends of heads, or, seldom and where it is short, everywhere."""
        number = self._random.random()
        if number < 0.3:
            return (data,)
        if number < 0.35 and len(data) < 500:
            return tuple(data[at : at + 1] for at in range(len(data)))
        if number < 0.7 and (end := data.find(b"\r\n\r\n")) >= 0:
            cuts = {min(max(1, end + self._random.randrange(-1, 7)), len(data) - 1)}
        else:
            cuts = {self._random.randrange(1, len(data)) for _ in range(self._random.choice((1, 1, 2, 4)))}
        bounds = [0, *sorted(cuts), len(data)]
        return tuple(data[start:stop] for start, stop in itertools.pairwise(bounds) if start < stop)
