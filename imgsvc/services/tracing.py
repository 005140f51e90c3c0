"""Tells whoever follows a request which part of its work begins and ends; nobody does, unless the operator wants it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context, ContextVar
from typing import Protocol


class Follower(Protocol):
    """Who follows a request."""

    def part(self, name: str) -> AbstractContextManager[object]:
        """Follow one part of the work until the end of the block; parts may lie in each other."""

    def carry_to(self, context: Context) -> None:
        """Put into *context* what work in it is a part of."""


_FOLLOWER: ContextVar[Follower | None] = ContextVar("follower", default=None)
"""Of this task and of those it begins."""


@contextmanager
def followed_by(follower: Follower) -> Iterator[None]:
    """Have all parts of the work in the block followed."""
    token = _FOLLOWER.set(follower)
    try:
        yield
    finally:
        _FOLLOWER.reset(token)


def fresh_context() -> Context:
    """Make a context with nothing of this one but who follows: so a flight is followed for the one that began it."""
    context, follower = Context(), _FOLLOWER.get()
    if follower is not None:
        context.run(_FOLLOWER.set, follower)
        follower.carry_to(context)
    return context


@contextmanager
def part(name: str) -> Iterator[None]:
    """Do the work of the block as one part: queue, store, fetch or transform."""
    follower = _FOLLOWER.get()
    if follower is None:
        yield
    else:
        with follower.part(name):
            yield
