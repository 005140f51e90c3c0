"""Socket activation and news, as systemd does them: the test holds the socket, and processes come and go behind it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator

import aiohttp
import pytest

from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES, environment
from tests.support.supervisor import children, holds, supervised, supervised_service

LIVE = "/api/health/live"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


@pytest.fixture
def held() -> Iterator[socket.socket]:
    """A socket that listens, whoever serves it."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        yield server


def url(held: socket.socket, path: str) -> str:
    return f"http://127.0.0.1:{held.getsockname()[1]}{path}"


async def fetch(target: str) -> int:
    """Ask once, on a connection of its own; give the status."""
    async with aiohttp.ClientSession() as session, session.get(target) as response:
        await response.read()
        return response.status


async def test_it_serves_the_socket_it_was_given(tmp_path, held):
    """That socket is served, and neither the one that the settings name nor a second one."""
    async with supervised_service(tmp_path, held, IMGSVC_PORT="1") as service:
        assert service.base_url == url(held, "")
        assert await fetch(url(held, LIVE)) == 200
        assert await service.end() == 0


async def test_a_worker_does_not_get_the_socket(tmp_path, held):
    """The process that draws SVG has no way to take the service's connections."""
    async with ScriptedOrigin() as origin:
        origin.serve("/a.svg", SVG, headers={"Content-Type": "image/svg+xml"})
        async with supervised_service(tmp_path, held, **environment(tmp_path, origin.port)) as service:
            assert await fetch(url(held, f"{IMAGES}?url={origin.url('/a.svg')}&w=5&f=png")) == 200
            workers = children(service.process.pid)

            assert workers
            assert holds(service.process.pid, held)
            assert not any(holds(worker, held) for worker in workers)


async def test_a_restart_loses_no_connection(tmp_path, held):
    """What is asked while one process ends and the next one starts waits in the socket, and is answered."""
    answers: list[int] = []

    async def ask_on() -> None:
        while True:
            answers.append(await fetch(url(held, LIVE)))

    async def until_answered(count: int) -> None:
        async with asyncio.timeout(60):
            while len(answers) < count and not any(task.done() for task in clients):
                await asyncio.sleep(0.005)

    clients = [asyncio.create_task(ask_on()) for _ in range(8)]
    for _ in range(3):
        async with supervised_service(tmp_path, held) as service:
            await until_answered(len(answers) + 40)
            assert await service.end() == 0
    waiting = asyncio.create_task(fetch(url(held, LIVE)))
    async with supervised_service(tmp_path, held) as service:
        assert await waiting == 200
        await until_answered(len(answers) + 40)
        failed = [task for task in clients if task.done()]
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    assert failed == []
    assert set(answers) == {200}


async def test_it_tells_when_it_is_ready_and_when_it_ends(tmp_path, held):
    """READY comes when requests are answered, STOPPING when the end begins, signs of life all the time."""
    loop, address = asyncio.get_running_loop(), str(tmp_path / "news")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.setblocking(False)

        async def until(news: bytes) -> None:
            async with asyncio.timeout(60):
                while await loop.sock_recv(listener, 100) != news:
                    pass

        told = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "300000"}
        async with supervised_service(tmp_path, held, **told) as service:
            await until(b"READY=1")
            assert await fetch(url(held, LIVE)) == 200
            await until(b"WATCHDOG=1")
            service.process.send_signal(signal.SIGTERM)
            await until(b"STOPPING=1")


async def test_what_is_no_socket_ends_the_program(tmp_path):
    """A descriptor that cannot be served is one line that names the variable, and exit code 2."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    process = await supervised([sys.executable, "-m", "imgsvc"], tmp_path, descriptor, {})
    os.close(descriptor)
    async with asyncio.timeout(60):
        _, err = await process.communicate()

    assert process.returncode == 2
    (line,) = (line for line in err.decode().splitlines() if not line.startswith("{"))
    assert line.startswith("imgsvc: LISTEN_FDS: descriptor 3 is no socket")
