"""What systemd hands over is judged before it is served, and what it is told arrives."""

import asyncio
import os
import socket

import pytest

from imgsvc.app.supervisor import READY, Supervisor
from imgsvc.settings import SettingsError

PID = 4711


def handed(descriptor: int, count: str = "1", process_id: int = PID) -> Supervisor:
    """What a process with number PID makes of descriptors for *process_id*, from *descriptor* on."""
    environ = {"LISTEN_FDS": count, "LISTEN_PID": str(process_id)}
    return Supervisor.of(environ, PID, first=descriptor)


@pytest.fixture(params=["127.0.0.1", "::1"])
def descriptor(request):
    """A socket that listens, as a child gets it."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.create_server((request.param, 0), family=family) as server:
        copy = os.dup(server.fileno())
    os.set_inheritable(copy, True)
    return copy


def test_a_socket_is_taken(descriptor):
    """A TCP socket that listens, of either family, is served, and no child of ours gets it."""
    (taken,) = handed(descriptor).sockets
    with taken:
        assert taken.fileno() == descriptor
        assert not taken.get_inheritable()


def test_a_socket_for_another_process_is_left_alone(descriptor):
    """What a parent was meant to have, and we inherited the news of, is not touched."""
    try:
        assert handed(descriptor, process_id=PID + 1).sockets == ()
        assert os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def test_nothing_is_handed_over():
    """Without the variables, or with none of a number, the service binds a socket of its own."""
    assert Supervisor.of({}, PID) == Supervisor.of({"LISTEN_FDS": "0", "LISTEN_PID": str(PID)}, PID) == Supervisor()


@pytest.mark.parametrize("count", ["one", "-1", "", "9" * 5000])
def test_no_number(count):
    """A count that is none is told by the variable's name."""
    with pytest.raises(SettingsError, match=r"LISTEN_FDS: .* is not a whole number"):
        handed(3, count)


@pytest.mark.parametrize("kind", ["file", "datagram", "bound", "unix"])
def test_what_is_no_listening_tcp_socket_is_refused(tmp_path, kind):
    """A file, a datagram socket, one that does not listen and a Unix socket are named, and stay as they were."""
    with {
        "file": lambda: (tmp_path / "file").open("w"),
        "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM),
        "bound": _bound,
        "unix": lambda: socket.create_server(str(tmp_path / "socket"), family=socket.AF_UNIX),
    }[kind]() as other:
        with pytest.raises(SettingsError, match=f"LISTEN_FDS: descriptor {other.fileno()} is "):
            handed(other.fileno())

        os.fstat(other.fileno())


def _bound() -> socket.socket:
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    return other


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_news_arrive(tmp_path, kind):
    """A socket in the file system and an abstract one, written with an @, are told alike."""
    address = str(tmp_path / "news") if kind == "path" else f"@imgsvc-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0", 1))
        listener.settimeout(60)

        Supervisor.of({"NOTIFY_SOCKET": address}, PID).tell(READY)

        assert listener.recv(100) == b"READY=1"


async def test_signs_of_life(tmp_path):
    """They come as long as the loop runs, more than one in the time within which one is expected, and then no more."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "news"))
        listener.setblocking(False)
        supervisor = Supervisor.of({"NOTIFY_SOCKET": str(tmp_path / "news"), "WATCHDOG_USEC": "3000"}, PID)
        assert supervisor.patience_seconds == 0.003
        async with asyncio.timeout(60), supervisor.reassured():
            for _ in range(5):
                assert await loop.sock_recv(listener, 100) == b"WATCHDOG=1"
        await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_patience_beyond_all_numbers():
    """What no supervisor would send is told, and no reason for a traceback."""
    with pytest.raises(SettingsError, match=r"WATCHDOG_USEC: .* is not a whole number"):
        Supervisor.of({"WATCHDOG_USEC": "9" * 400}, PID)


def test_signs_of_life_for_another():
    """A watchdog that waits for another process is not reassured by this one."""
    assert Supervisor.of({"WATCHDOG_USEC": "3000", "WATCHDOG_PID": str(PID + 1)}, PID) == Supervisor()
    assert Supervisor.of({"WATCHDOG_USEC": "3000", "WATCHDOG_PID": str(PID)}, PID).patience_seconds == 0.003


@pytest.mark.parametrize("address", ["", "nowhere"])
def test_nobody_asks(tmp_path, address):
    """Without an address, or with one where nobody is, nothing happens."""
    Supervisor(address=address and str(tmp_path / address)).tell(READY)
