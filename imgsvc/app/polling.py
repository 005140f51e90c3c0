"""The event loop that serves, which asks the system for a few events at a time; where there is epoll, on Linux."""

import asyncio
import math
import os
import select
import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

EVENTS = 8
"""
As many as one turn of the loop takes. With all that there are, whoever is answered last in a long turn has asked again
too late for the next, and waits for two: one answer in sixteen, at 16 connections. Fewer than four cost throughput.
"""

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_NOT_READ = ~select.EPOLLIN
_NOT_WRITE = ~select.EPOLLOUT


class ShortPoll(selectors.EpollSelector):
    """
    The standard library's selector, but for :data:`EVENTS`.

    Nobody starves: the kernel gives what is ready and was not given first (epoll(7), level-triggered).
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._readers: dict[int, tuple[selectors.SelectorKey, int]] = {}
        # The same epoll instance by a number of our own.
        self._instance = select.epoll.fromfd(os.dup(self.fileno()))

    def register(self, fileobj: "FileDescriptorLike", events: int, data: Any = None) -> selectors.SelectorKey:
        """As the standard library's."""
        key = super().register(fileobj, events, data)
        self._keep(key)
        return key

    def unregister(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        """As the standard library's."""
        key = super().unregister(fileobj)
        del self._keys[key.fd]
        self._readers.pop(key.fd, None)
        return key

    def modify(self, fileobj: "FileDescriptorLike", events: int, data: Any = None) -> selectors.SelectorKey:
        """As the standard library's."""
        try:
            key = super().modify(fileobj, events, data)
        except OSError:  # what cannot be changed is no longer registered there either
            self._keys.clear()
            self._readers.clear()
            for each in self.get_map().values():
                self._keep(each)
            raise
        self._keep(key)
        return key

    def _keep(self, key: selectors.SelectorKey) -> None:
        self._keys[key.fd] = key
        if key.events & _READ:
            self._readers[key.fd] = (key, _READ)
        else:
            self._readers.pop(key.fd, None)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for *timeout* seconds at most (None = for ever, 0 = not) and give what is ready, in part."""
        keys, readers = self._keys, self._readers
        # To the millisecond above, for epoll_wait(2) counts in these: sooner would be a turn for nothing.
        wait_seconds = None if timeout is None else max(0.0, math.ceil(timeout * 1000) / 1000)
        ready = []
        for number, event in self._instance.poll(wait_seconds, EVENTS):
            if event == select.EPOLLIN and (reader := readers.get(number)) is not None:
                ready.append(reader)
            elif (key := keys.get(number)) is not None:
                mask = (event & _NOT_READ and _WRITE) | (event & _NOT_WRITE and _READ)
                ready.append((key, key.events & mask))
        return ready

    def close(self) -> None:
        """Give back both numbers."""
        self._instance.close()
        super().close()


def make_loop() -> asyncio.AbstractEventLoop:
    """Make the loop for whoever serves; closed by its runner."""
    return asyncio.SelectorEventLoop(ShortPoll())
