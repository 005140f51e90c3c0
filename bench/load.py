"""A load generator that costs less than what it measures: raw connections, one request after another on each."""

import asyncio
import time


class Client(asyncio.Protocol):
    """Sends the same request again as soon as the answer to the last one is whole."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answers = 0
        self.running = True
        self.status = b""
        self._missing_bytes = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if self._missing_bytes:
            self._missing_bytes -= len(data)
        else:
            self._head += data
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self.status = head[9:12]
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._missing_bytes = int(length or 0) - len(body)
            self._head = b""
        if self._missing_bytes == 0:
            self.answers += 1
            if self.running:
                self.transport.write(self.request)


def request_bytes(host: str, target: str, headers: dict[str, str]) -> bytes:
    """Write one GET request."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def rate(port: int, request: bytes, *, seconds: float, connections: int) -> float:
    """Give answers a second over *seconds*; every answer must be a 200."""
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(request), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    answers, took = sum(c.answers for c in clients), time.perf_counter() - began
    for client in clients:
        client.running = False
        client.transport.close()
    assert {c.status for c in clients} == {b"200"}, {c.status for c in clients}
    return answers / took
