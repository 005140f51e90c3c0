"""
The process behind :mod:`bench.pump`: one epoll loop over plain sockets, the standard library alone.

Reads a wish as JSON from standard input and writes the figures to standard output.
"""

import json
import select
import socket
import sys
import time
from array import array

BUFFER_BYTES = 1 << 20
"""What one read may bring: more than most answers."""
STALL_SECONDS = 10
"""How long nobody may have answered before this gives up."""
BODILESS = (b"204", b"304")
"""What has no body whatever its length says, RFC 9110, section 6.4.1."""


class Unexpected(Exception):
    """An answer that is not the one to be measured."""


class Connection:
    """One socket with the request under way on it: which, when it was sent, and what is to come of its answer."""

    __slots__ = ("fileno", "head", "missing_bytes", "number", "receive", "send", "sent_ns", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.fileno = self.socket.fileno()
        self.receive, self.send = self.socket.recv_into, self.socket.send
        self.head, self.missing_bytes, self.number, self.sent_ns = b"", 0, 0, 0

    @property
    def under_way(self) -> bool:
        """Whether a piece of the answer has come."""
        return bool(self.missing_bytes or self.head)

    def take(self, data: bytes, status: bytes, *, bodiless: bool) -> bool:
        """Take in a piece of an answer; True when the answer is whole."""
        if self.missing_bytes:
            self.missing_bytes -= len(data)
        else:
            self.head += data
            head, found, body = self.head.partition(b"\r\n\r\n")
            if not found:
                return False
            self.missing_bytes = body_bytes(head, status, bodiless=bodiless) - len(body)
            self.head = b""
        if self.missing_bytes < 0:
            raise Unexpected("more bytes than the answer has")
        return self.missing_bytes == 0


def body_bytes(head: bytes, status: bytes, *, bodiless: bool) -> int:
    """Give the length of the body behind *head*, which has to have *status*."""
    if head[:7] != b"HTTP/1." or head[9:12] != status:
        raise Unexpected(f"wanted {status.decode()}, got {head[:400]!r}")
    if bodiless or status in BODILESS:
        return 0
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    if not found:
        raise Unexpected(f"no length: {head[:400]!r}")
    return int(rest.partition(b"\r\n")[0])


class Pump:
    """
    Asks and reads until the time is over or all is asked, and then until all is answered.

    Most answers are as long as the last one to the same request, begin with the same status and arrive in one piece:
    such a one is taken as it is. Every other is read properly.
    """

    def __init__(self, connections: list[Connection], requests: list[bytes], status: bytes) -> None:
        self._by_fileno = {c.fileno: c for c in connections}
        self._requests, self._status = requests, status
        self._usual_bytes = [-1] * len(requests)
        self._poll = select.epoll()
        self.times_ns = array("q")

    def run(self, seconds: float | None, count: int | None) -> float:
        """Do so; gives the seconds of all together, and leaves those of each answer in ``times_ns``."""
        began = time.perf_counter_ns()
        end = sys.maxsize if seconds is None else began + int(seconds * 1e9)
        left = sys.maxsize if count is None else count
        waiting = self._begin(left)
        self._go_on(waiting, left - waiting, end)
        return (time.perf_counter_ns() - began) / 1e9

    def _begin(self, left: int) -> int:
        connections = list(self._by_fileno.values())[:left]
        for n, c in enumerate(connections):
            self._poll.register(c.fileno, select.EPOLLIN)
            c.number, c.sent_ns = n % len(self._requests), time.perf_counter_ns()
            c.send(self._requests[c.number])
        return len(connections)

    def _go_on(self, waiting: int, left: int, end_ns: int) -> None:
        # One function with names of its own: a call or an attribute here is a part of what is measured.
        requests, usual_bytes, by_fileno, poll = self._requests, self._usual_bytes, self._by_fileno, self._poll.poll
        buffer, several, number, clock = bytearray(BUFFER_BYTES), len(requests), waiting, time.perf_counter_ns
        note, is_usual = self.times_ns.append, (b"HTTP/1.1 " + self._status, b"HTTP/1.0 " + self._status)
        while waiting:
            ready = poll(STALL_SECONDS)
            if not ready:
                raise Unexpected(f"{waiting} requests without an answer for {STALL_SECONDS} s")
            for fileno, _ in ready:
                c = by_fileno[fileno]
                got = c.receive(buffer)
                usual = got == usual_bytes[c.number] and buffer.startswith(is_usual) and not c.missing_bytes
                if not usual and not self._whole(c, bytes(buffer[:got])):
                    continue
                now = clock()
                note(now - c.sent_ns)
                if left and now < end_ns:
                    c.number, c.sent_ns = number % several, now
                    c.send(requests[c.number])
                    number += 1
                    left -= 1
                else:
                    waiting -= 1

    def _whole(self, c: Connection, data: bytes) -> bool:
        if not data:
            raise Unexpected("the server closed the connection")
        first = not c.under_way
        whole = c.take(data, self._status, bodiless=self._requests[c.number].startswith(b"HEAD "))
        if first and whole:
            self._usual_bytes[c.number] = len(data)
        return whole


def main() -> None:
    """Do as standard input wishes."""
    wish = json.load(sys.stdin)
    requests = [text.encode("latin-1") for text in wish["requests"]]
    connections = [Connection(wish["port"]) for _ in range(wish["connections"])]
    status = str(wish["status"]).encode()
    pump = Pump(connections, requests, status)
    try:
        if wish["opened"]:
            Pump(connections, requests, status).run(None, len(connections))
        took = pump.run(wish["seconds"], wish["count"])
    except Unexpected as what:
        sys.exit(str(what))
    sorted_ns = sorted(pump.times_ns)
    figures = {
        "rate": len(sorted_ns) / took,
        "p50_seconds": sorted_ns[len(sorted_ns) // 2] / 1e9,
        "p99_seconds": sorted_ns[len(sorted_ns) * 99 // 100] / 1e9,
        "answers": len(sorted_ns),
    }
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
