"""The loop that serves."""

import asyncio
import contextlib
import os
import selectors
import socket

import pytest

from imgsvc.app.polling import EVENTS, ShortPoll, make_loop
from tests.support.spools import descriptors

EPOLL = "anon_inode:[eventpoll]"
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@pytest.fixture
def poll():
    """A selector, which gives back all its descriptors."""
    before = descriptors(EPOLL)
    with ShortPoll() as made:
        yield made
    assert descriptors(EPOLL) == before


@contextlib.contextmanager
def pairs(count: int):
    """Connected sockets."""
    made = [socket.socketpair() for _ in range(count)]
    try:
        yield made
    finally:
        for pair in made:
            for end in pair:
                end.close()


def test_the_same_as_the_standard_library(poll):
    """What is ready, and for what, is what the standard library's selector says."""
    with pairs(3) as ((one, _), (two, far), (three, gone)), selectors.EpollSelector() as other:
        far.send(b"x")
        gone.close()
        for each in (poll, other):
            each.register(one, READ | WRITE, "one")
            each.register(two, READ, "two")
            each.modify(two, READ | WRITE, "changed")
            each.register(three, READ)
        assert sorted(poll.select(0), key=str) == sorted(other.select(0), key=str)
        assert {key.data: events for key, events in poll.select(0)} == {
            "one": WRITE,
            "changed": READ | WRITE,
            None: READ,
        }
        poll.unregister(two)
        assert {key.data for key, _ in poll.select(0)} == {"one", None}
        with pytest.raises(KeyError):
            poll.unregister(two)
        for each in (one, three):
            poll.unregister(each)
        assert poll.select(0.001) == []


def test_everybody_has_a_turn(poll):
    """Of many that are ready all the time a few are given at once, and all within as many turns as they need."""
    with pairs(5 * EVENTS) as made:
        for near, _ in made:
            poll.register(near, WRITE)
        turns = [poll.select(0) for _ in range(5)]
        assert {len(turn) for turn in turns} == {EVENTS}
        assert {key.fd for turn in turns for key, _ in turn} == {near.fileno() for near, _ in made}


def test_what_cannot_be_changed_is_forgotten(poll):
    """A descriptor that was closed behind the selector's back is gone after the refusal, as in the standard library."""
    with pairs(1) as ((near, _),), selectors.EpollSelector() as other:
        number = os.dup(near.fileno())
        for each in (poll, other):
            each.register(number, READ)
        os.close(number)
        for each in (poll, other):
            with pytest.raises(OSError, match="Bad file descriptor"):
                each.modify(number, WRITE)
            assert number not in each.get_map()
        # The kernel goes on with the socket, which another number still leads to; nobody is given it.
        assert poll.select(0) == other.select(0) == []
        near.shutdown(socket.SHUT_RDWR)
        assert poll.select(0) == other.select(0) == []


def test_a_loop_of_it():
    """A loop runs with it: sockets, timers, other threads."""

    async def work() -> bytes:
        near, far = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=near)
        await asyncio.to_thread(far.sendall, b"said")
        said = await reader.readexactly(4)
        await asyncio.sleep(0.001)
        writer.close()
        await writer.wait_closed()
        far.close()
        return said

    with asyncio.Runner(loop_factory=make_loop) as runner:
        assert runner.run(work()) == b"said"
