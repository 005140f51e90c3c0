"""Lines that are written without anybody waiting for it."""

import contextlib
import io
import json
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

FLUSH_SECONDS = 0.1
CLOSE_SECONDS = 2.0
MAX_WAITING_LINES = 20_000

MADE_AT_ONCE = 48
"""Lines that are made together: some 0.02 ms. With 64 the 99th percentile begins to grow."""

MAX_WAITING_BLOCKS = MAX_WAITING_LINES // MADE_AT_ONCE
"""Of lines that were made together."""

WRITTEN_AT_ONCE = 256
"""What one call of the system takes; it may be four times as many (IOV_MAX)."""


class LineWriter:
    """
    Collects lines and writes them in a thread of its own, ten times a second.

    Whoever reads our standard error may stall; then lines are kept up to a bound, dropped beyond it and counted. May
    be used by any thread, before and after the loop runs. :meth:`close` once.

    The thread does little but call the system, for while it works others wait for the interpreter: what it writes lies
    there as bytes.

    Args:
        stream: written to by its file descriptor where it has one: a write that hangs must not hold the stream's
            lock, which the interpreter takes at its end.
        make: makes the lines of what :meth:`put` was given, in that order.
        flush_seconds: how long lines are collected.
    """

    def __init__(
        self, stream: TextIO, make: Callable[[list[Any]], list[str]], *, flush_seconds: float = FLUSH_SECONDS
    ) -> None:
        self._stream = stream
        self._make_lines = make
        self._descriptor = _descriptor(stream)
        self._flush_seconds = flush_seconds
        self._blocks: deque[bytes] = deque()
        self._unmade: deque[Any] = deque()
        self._making = threading.Lock()
        self._wake = threading.Event()
        self._is_awake = False
        self._closing = threading.Event()
        self._dropped = 0
        # A daemon, so that a reader who stalls for ever does not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Take a line, without its end; never waits."""
        if len(self._blocks) >= MAX_WAITING_LINES:
            self._dropped += 1
            return
        self._make()  # what came before stands before it
        self._blocks.append(_encoded([line]))
        if not self._is_awake:
            self._be_awake()

    def put(self, parts: Any) -> None:
        """Take what a line is made of, which is done for many at once: so it takes half of the time."""
        unmade = self._unmade
        unmade.append(parts)
        if len(unmade) >= MADE_AT_ONCE:
            self._make()
        if not self._is_awake:
            self._be_awake()

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Write what is left and end the thread; blocks, for *timeout_seconds* at the most. Later lines are lost."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout_seconds)

    def _be_awake(self) -> None:
        """Have lines written; called after they are there, for who falls asleep says so before he takes them."""
        self._is_awake = True
        self._wake.set()

    def _make(self) -> None:
        if not self._unmade:
            return
        with self._making:  # or what another thread takes later could stand before it
            taken = [self._unmade.popleft() for _ in range(len(self._unmade))]
            if len(self._blocks) >= MAX_WAITING_BLOCKS:
                self._dropped += len(taken)
            else:
                self._blocks.append(_encoded(self._make_lines(taken)))

    def _run(self) -> None:
        while not self._closing.is_set() or self._blocks or self._unmade:
            self._wake.wait()
            self._closing.wait(self._flush_seconds)
            self._wake.clear()  # before the lines are taken: one that comes meanwhile wakes us again
            self._is_awake = False
            self._flush()
            if self._closing.is_set():
                self._wake.set()

    def _flush(self) -> None:
        self._make()
        while self._blocks or self._dropped:
            taken = [self._blocks.popleft() for _ in range(min(WRITTEN_AT_ONCE, len(self._blocks)))]
            if not self._blocks and self._dropped:
                dropped, self._dropped = self._dropped, 0
                taken.append(
                    _encoded([json.dumps({"level": "warning", "message": f"{dropped} log lines were dropped"})])
                )
            with contextlib.suppress(OSError, ValueError):  # nobody reads our log any more: no reason to stop serving
                self._send(taken)

    def _send(self, blocks: list[bytes]) -> None:
        if self._descriptor is None:
            self._stream.write(b"".join(blocks).decode())
            self._stream.flush()
            return
        while blocks:
            sent_bytes = os.writev(self._descriptor, blocks)
            while blocks and sent_bytes >= len(blocks[0]):
                sent_bytes -= len(blocks.pop(0))
            if sent_bytes:
                blocks[0] = blocks[0][sent_bytes:]


def _encoded(lines: list[str]) -> bytes:
    return "\n".join([*lines, ""]).encode("utf-8", "backslashreplace")


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except io.UnsupportedOperation:
        return None
