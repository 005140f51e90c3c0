"""A TCP proxy that misbehaves on purpose, between the service and a server that does not."""

import asyncio
import contextlib
import socket
import struct
from typing import Literal, Self
from urllib.parse import urlsplit

Fault = Literal["cut", "stall", "refuse"]

PIECE_BYTES = 16 * 1024


class Proxy:
    """
    Passes connections on, until a fault is set.

    Args:
        target_url: of the server behind it.
    """

    def __init__(self, target_url: str) -> None:
        parts = urlsplit(target_url)
        self._target = (parts.hostname, parts.port)
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: Fault | None = None
        self._after_bytes = self._left_bytes = 0
        self._times: int | None = None
        self._pause_seconds = 0.0
        self.sockets = 0
        """Open now, at both sides."""
        self.faults = 0
        """Times the fault has struck."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self.drop()
        await self._server.wait_closed()

    async def drop(self) -> None:
        """Break off every connection there is, the stalled ones included."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fail(self, fault: Fault, *, after_bytes: int = 0, times: int | None = None) -> None:
        """
        Let *fault* strike when so many bytes have come from clients, all connections together.

        Args:
            fault: ``cut`` and ``refuse`` reset the connection, ``stall`` passes nothing on any more.
            after_bytes: counted anew after each strike.
            times: how often; None = ever after, and at once.
        """
        self._fault, self._after_bytes, self._left_bytes, self._times = fault, after_bytes, after_bytes, times

    def slow_down(self, pause_seconds: float) -> None:
        """Wait before each piece that clients send."""
        self._pause_seconds = pause_seconds

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there = None
        self.sockets += 1
        try:
            if self._fault == "refuse":
                self._note()
                self._strike(writer)
                return
            back, there = await asyncio.open_connection(*self._target)
            self.sockets += 1
            await self._both(self._forth(reader, there, writer), self._back(back, writer))
        except (OSError, asyncio.CancelledError):
            pass  # one of the two ends has left, or the test is over
        finally:
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()
                    self.sockets -= 1
            self._tasks.discard(task)

    @staticmethod
    async def _both(*ways) -> None:
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _forth(
        self, reader: asyncio.StreamReader, there: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        while piece := await reader.read(PIECE_BYTES):
            if self._pause_seconds:
                await asyncio.sleep(self._pause_seconds)
            self._left_bytes -= len(piece)
            if self._fault is not None and self._left_bytes < 0:
                if self._note() == "stall":
                    await asyncio.Event().wait()
                self._strike(writer)
                return
            there.write(piece)
            await there.drain()

    def _note(self) -> Fault | None:
        """Count a strike, and give what strikes."""
        self.faults += 1
        fault = self._fault
        if self._times is not None:
            self._left_bytes = self._after_bytes
            self._times -= 1
            if not self._times:
                self._fault = None
        return fault

    @staticmethod
    async def _back(back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await back.read(PIECE_BYTES):
            writer.write(piece)
            with contextlib.suppress(ConnectionError):
                await writer.drain()

    @staticmethod
    def _strike(writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
