"""Single requests on raw connections: sent and not read, read slowly, or timed; for many see :mod:`bench.pump`."""

import asyncio
import hashlib
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

STALLED_BUFFER_BYTES = 4096
"""What the kernel takes in for a client that does not read, before it doubles it."""


def request_bytes(host: str, target: str, headers: dict[str, str]) -> bytes:
    """Write one GET request."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@asynccontextmanager
async def stalled(port: int, requests: Sequence[bytes]) -> AsyncIterator[list[bytes]]:
    """
    Send each of *requests* on a connection of its own and read no answer until the end of the block.

    Gives the status lines' codes, which are looked at without being taken out of the socket.
    """
    sockets = [await _sent(port, request) for request in requests]
    try:
        yield [await _peeked_status(s) for s in sockets]
    finally:
        for s in sockets:
            s.close()


async def _sent(port: int, request: bytes) -> socket.socket:
    loop, connection = asyncio.get_running_loop(), socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_BUFFER_BYTES)
    await loop.sock_connect(connection, ("127.0.0.1", port))
    await loop.sock_sendall(connection, request)
    return connection


async def _peeked_status(connection: socket.socket) -> bytes:
    while True:
        try:
            head = connection.recv(12, socket.MSG_PEEK)
        except BlockingIOError:
            head = b""
        if len(head) == 12:
            return head[9:12]
        await asyncio.sleep(0.005)


async def first_byte_seconds(port: int, request: bytes) -> float:
    """Time one request on a new connection until the first byte of its body is there; then read it to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    began = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(1)
    seconds = time.perf_counter() - began
    assert head[9:12] == b"200", head
    while await reader.read(1 << 20):
        pass
    writer.close()
    return seconds


async def read_slowly(port: int, request: bytes, bytes_per_second: float) -> str:
    """Read one answer at this rate; give the SHA-256 of its body, in hex."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head[9:12] == b"200", head
    digest, read_bytes, began = hashlib.sha256(), 0, time.perf_counter()
    while piece := await reader.read(1 << 16):
        digest.update(piece)
        read_bytes += len(piece)
        await asyncio.sleep(max(0.0, began + read_bytes / bytes_per_second - time.perf_counter()))
    writer.close()
    return digest.hexdigest()
